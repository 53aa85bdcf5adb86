"""The shared runtime of the Foretell functions: from a published version to an answer."""
