"""Scores files that are dropped, alone or in parts."""

from foretell.batch.function import lambda_handler

handler = lambda_handler()
