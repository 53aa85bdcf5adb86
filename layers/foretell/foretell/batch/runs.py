"""A run: one file, scored by one version. What identifies it, and how far it has come.

runs/<run id>/run.json              which file, by which version; written once, first
runs/<run id>/status.json           how far it is; written again and again
runs/<run id>/predictions.<format>  these three appear when they are complete
runs/<run id>/rejected.csv
runs/<run id>/summary.json
runs/<run id>/work/...              what the parts of a large file leave for the assembly
"""

import re
from datetime import datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

RUNS: Final = "runs/"
"""Where runs lie in the results bucket."""
INCOMING: Final = "incoming/"
"""Where files to be scored lie in the uploads bucket."""

RUN: Final = "run.json"
STATUS: Final = "status.json"
REJECTED: Final = "rejected.csv"
SUMMARY: Final = "summary.json"
PREDICTIONS: Final = "predictions."

RUN_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,47}-[0-9a-f]{16}")

_READABLE: Final = 48

Format = Literal["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"]
Content = Literal["customers", "transactions"]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SourceFile(_Document):
    """A file that was dropped, as it was when it was dropped."""

    bucket: str
    key: str
    version: str = Field(description="Its version id, or its tag in a bucket without versions.")
    size: int = Field(ge=0, description="Bytes.")

    @property
    def run_id(self) -> str:
        """The same for the same bucket, key and version; safe in paths and addresses.

        It begins with what is readable of the file's name.
        """
        name = PurePosixPath(self.key).name.lower()
        readable = re.sub(r"[^a-z0-9]+", "-", name).strip("-")[:_READABLE].strip("-") or "file"
        identity = "\0".join((self.bucket, self.key, self.version))
        return f"{readable}-{sha256(identity.encode()).hexdigest()[:16]}"


class Run(_Document):
    """What was decided when the file was first seen; whoever comes to it again, keeps to it."""

    source: SourceFile
    model_version: str
    received: datetime

    @property
    def run_id(self) -> str:
        """That of its file."""
        return self.source.run_id


class Failure(_Document):
    """Why a run ended without a result."""

    title: str = Field(description="The kind of failure in words.")
    detail: str = Field(description="What happened, and what to do.")


class Status(_Document):
    """How far a run has come."""

    run_id: str
    state: Literal["running", "succeeded", "failed"]
    source: SourceFile
    model_version: str | None = Field(default=None, description="Absent where none was live.")
    format: Format | None = Field(default=None, description="Absent until it is recognised.")
    content: Content | None = Field(default=None, description="Absent until it is recognised.")
    rows: int = Field(
        default=0, ge=0, description="Read so far; of a file that is shared out, told at the end."
    )
    predicted: int = Field(default=0, ge=0)
    rejected: int = Field(default=0, ge=0)
    rows_per_second: float = Field(default=0, ge=0, description="Since the run began.")
    progress: float = Field(default=0, ge=0, le=1, description="Share of the file that is done.")
    started: datetime
    updated: datetime
    failure: Failure | None = None
    outputs: tuple[str, ...] = Field(default=(), description="Names of the files, once complete.")
