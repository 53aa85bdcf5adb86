"""The command line of training and of the registry."""

from training.cli.commands import commands, main, train_and_tell
from training.cli.evaluate import evaluate
from training.cli.options import TrainingOptions, training_options, training_request
from training.cli.score import score

commands.add_command(evaluate)
commands.add_command(score)

__all__ = [
    "TrainingOptions",
    "commands",
    "main",
    "train_and_tell",
    "training_options",
    "training_request",
]
