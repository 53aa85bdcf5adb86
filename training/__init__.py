"""Offline: from raw tables to a published, verified version of the models."""
