"""The whole platform in one process on this machine."""
