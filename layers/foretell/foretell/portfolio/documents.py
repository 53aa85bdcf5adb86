"""What is asked of the portfolio, and what it answers."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)
from pydantic_core import PydanticCustomError

from foretell.batch.runs import RUN_ID, Status
from foretell.batch.summary.document import Summary
from foretell.portfolio import file_names

LARGEST: Final = 5 << 30
"""Bytes; S3 takes no more in one form."""

LONGEST_KEY: Final = 1024
"""Characters; a key of S3 has no more bytes than that."""

MOST_RUNS: Final = 100
"""In one answer."""

OBJECTS_LISTED: Final = 20_000
"""How many objects one request for runs looks through, at most."""

ContentType = Literal[
    "application/csv",
    "application/gzip",
    "application/json",
    "application/octet-stream",
    "application/vnd.apache.parquet",
    "application/vnd.ms-excel",
    "application/x-gzip",
    "application/x-ndjson",
    "text/csv",
    "text/plain",
    "text/tab-separated-values",
]
"""What browsers call such files. It decides nothing: a format is recognised by its content."""

# When the last run of a page was updated, and which it was.
_PLACE: Final = rf"[0-9]{{1,20}}-{RUN_ID.pattern}"


def _whole(value: object) -> object:
    # JSON knows one kind of number: 5.0 is as whole as 5.
    return int(value) if isinstance(value, float) and value.is_integer() else value


class UploadRequest(BaseModel):
    """A file that is to be scored. No other fields are taken."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    file_name: str = Field(
        min_length=1,
        max_length=LONGEST_KEY,
        json_schema_extra={"pattern": file_names.PATTERN},
        description=(
            f"Its name, in any script; it ends in {file_names.ENDINGS}. The key gets it without"
            f" folders, without control characters, and cut to {file_names.LONGEST} bytes."
        ),
    )
    content_type: ContentType | None = Field(
        default=None, description="What it will be sent as; left out, its name decides."
    )
    size: Annotated[int, Field(ge=1, le=LARGEST), BeforeValidator(_whole)] | None = Field(
        default=None, description="Bytes; where it is given, no more are taken."
    )

    @field_validator("file_name")
    @classmethod
    def _ends_as_what_can_be_scored(cls, name: str) -> str:
        if file_names.extension(name) is None:
            raise PydanticCustomError(
                "file_name", f"Input should end in one of {file_names.ENDINGS}"
            )
        return name


class Upload(BaseModel):
    """Leave to upload one file: a form, to be posted as multipart/form-data."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(description="Where to post the form.")
    fields: dict[str, str] = Field(
        description="All fields of the form but the last: `file`, which is the file."
    )
    key: str = Field(
        description=(
            "Where the file will be. Its run has no id before it is there:"
            " GET /portfolio/runs?key=... finds it."
        )
    )
    expires: datetime = Field(description="When the form is no longer taken.")
    at_most_bytes: int = Field(description="How large the file may be.")


class RunsQuery(BaseModel):
    """Which runs are asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int = Field(default=20, ge=1, le=MOST_RUNS, description="How many at most.")
    key: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_KEY)] | None = Field(
        default=None,
        description=(
            "Only the runs of the file with this key. To wait for one, ask with limit=1: it is"
            " the quickest."
        ),
    )
    after: Annotated[str, StringConstraints(pattern=f"^{_PLACE}$")] | None = Field(
        default=None, description="`next` of the answer before."
    )


class RunEntry(BaseModel):
    """A run in a list."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    state: Literal["running", "succeeded", "failed"]
    key: str = Field(description="The file that is scored.")
    size: int = Field(description="Its bytes.")
    started: datetime
    updated: datetime
    rows: int = Field(description="Read so far.")
    predicted: int
    rejected: int
    progress: float = Field(description="Share of the file that is done.")
    model_version: str | None = Field(description="Null where none was live.")


class RunPage(BaseModel):
    """Runs, the one that was updated last first.

    A run that is updated while somebody turns the pages moves to the first of them.
    """

    model_config = ConfigDict(frozen=True)

    runs: tuple[RunEntry, ...] = Field(
        description="With `key` there may be fewer than asked for, and still a next page."
    )
    next: str | None = Field(description="What to give as `after` for older ones; null at the end.")
    complete: bool = Field(
        description=(
            f"False where there are more than the {OBJECTS_LISTED:,} objects that one request"
            " looks through: then runs late in the alphabet are missing. Those of one key are"
            " looked for among the runs of files of that name only."
        )
    )


class Links(BaseModel):
    """Where the files of a run can be downloaded, for a while, by whoever has the address."""

    model_config = ConfigDict(frozen=True)

    predictions: str | None
    rejected: str | None
    summary: str | None
    expires: datetime = Field(description="When the addresses end to lead anywhere.")


class RunDescription(BaseModel):
    """All there is to say of a run."""

    model_config = ConfigDict(frozen=True)

    status: Status
    summary: Summary | None = Field(
        description=(
            "Null until the run has succeeded, and where another release wrote it; the link to it"
            " is there all the same."
        )
    )
    links: Links | None = Field(description="Null until the run has succeeded.")
