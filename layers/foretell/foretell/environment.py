"""The environment variables of a function: what the template sets, and `foretell serve` locally."""

from typing import Final

REGISTRY: Final = "FORETELL_REGISTRY"
"""Address of the model registry, such as s3://bucket/prefix; required."""

REFRESH_SECONDS: Final = "FORETELL_REFRESH_SECONDS"
"""How long a promotion may go unnoticed; 60 where it is not set."""

FUNCTION_NAME: Final = "AWS_LAMBDA_FUNCTION_NAME"
"""Set by Lambda itself, and nowhere else."""

UPLOADS: Final = "FORETELL_UPLOADS"
"""Name of the bucket in which files are dropped under incoming/."""

RESULTS: Final = "FORETELL_RESULTS"
"""Name of the bucket in which results appear under runs/."""

STATE_MACHINE: Final = "FORETELL_STATE_MACHINE"
"""ARN of the state machine for files beyond one function; without it, one function scores all."""

SHARE_FROM: Final = "FORETELL_SHARE_FROM"
"""Bytes from which on a file is shared out among functions; 256 MiB where it is not set."""

PART: Final = "FORETELL_PART"
"""Bytes of each part of such a file, about; 64 MiB where it is not set."""
