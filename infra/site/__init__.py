"""The static site: the page, its libraries and the API's documentation, as files to be served.

`foretell serve` serves them on this machine, `infra.cloud` puts them into the bucket of a stack.
"""
