"""The HTTP side of every function: one app factory, and errors as problem documents."""

from foretell.web.app import create_app, lambda_handler

__all__ = ["create_app", "lambda_handler"]
