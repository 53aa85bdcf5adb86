"""The model card: one page that says what a version is worth, and what it is not for."""

from training.card.page import render

__all__ = ["render"]
