"""Find the files of a table: a file, a folder, or the objects below an S3 address."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from foretell.tables.errors import InputError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TEXT_ENDINGS = (".csv", ".tsv", ".psv", ".txt", ".dat")
ENDINGS = (*TEXT_ENDINGS, *(f"{ending}.gz" for ending in TEXT_ENDINGS), ".parquet", ".pq")
READABLE = "CSV, tab- or white-space-separated text (also .gz) and Parquet can be read"

_SPREADSHEET = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # a zip (xlsx, ods) and an old xls


@dataclass(frozen=True)
class SourceFile:
    """One file to read; `name` is what the user calls it (an S3 address, say)."""

    path: Path
    name: str
    format: Literal["text", "gzip", "parquet"]


def find(source: str, workspace: Path) -> list[SourceFile]:
    """List the files of `source` in name order; S3 objects are downloaded into `workspace`.

    Raises:
        InputError: nothing is there, it may not be read, or its format is not a table's.
    """
    if source.startswith("s3://"):
        return _download(source, workspace)
    path = Path(source).expanduser()
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise InputError(f"{source}: no such file or folder")
    return [_describe(path, str(path))]


def _folder(folder: Path) -> list[SourceFile]:
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and _is_data(PurePosixPath(*path.relative_to(folder).parts))
    )
    if not paths:
        raise InputError(f"{folder}: no readable file in this folder; {READABLE}")
    return [_describe(path, str(path)) for path in paths]


def _is_data(relative: PurePosixPath) -> bool:
    # Names in . and _ are what tools leave beside the data: .DS_Store, _SUCCESS, _temporary.
    visible = not any(part.startswith((".", "_")) for part in relative.parts)
    return visible and relative.name.lower().endswith(ENDINGS)


def _describe(path: Path, name: str) -> SourceFile:
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror})") from error
    if not start:
        raise InputError(f"{name}: the file is empty")
    if start.startswith(_SPREADSHEET):
        raise InputError(
            f"{name}: spreadsheets and archives are not read; export it as CSV or Parquet"
        )
    if start == b"PAR1":
        return SourceFile(path, name, "parquet")
    return SourceFile(path, name, "gzip" if start.startswith(b"\x1f\x8b") else "text")


def _download(address: str, workspace: Path) -> list[SourceFile]:
    # Loading boto3 takes most of a second, and most tables lie on a disk.
    from boto3.session import Session  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    bucket, _, key = address.removeprefix("s3://").partition("/")
    try:
        # An address that swallows packets would otherwise hold the command up for minutes.
        client = Session().client("s3", config=Config(connect_timeout=10))
        keys = _keys(client, bucket, key)
        if not keys:
            raise InputError(f"{address}: no readable object at or below this address; {READABLE}")
        return [_fetch(client, bucket, found, workspace) for found in keys]
    except (BotoCoreError, ClientError) as error:
        raise InputError(f"{address}: {_explain(error)}") from error


def _keys(client: "S3Client", bucket: str, key: str) -> list[str]:
    folder = key if key.endswith("/") or not key else f"{key}/"
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    found = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    below = [
        name
        for name in found
        if name.startswith(folder) and _is_data(PurePosixPath(name.removeprefix(folder)))
    ]
    return sorted(below) or [name for name in found if name == key and not key.endswith("/")]


def _fetch(client: "S3Client", bucket: str, key: str, workspace: Path) -> SourceFile:
    # Numbered, because a key may hold anything a path may not.
    path = workspace / f"{len(list(workspace.iterdir())):06d}"
    client.download_file(bucket, key, str(path))
    return _describe(path, f"s3://{bucket}/{key}")


def _explain(error: Exception) -> str:
    response = getattr(error, "response", {})
    code = str(response.get("Error", {}).get("Code", ""))
    by_code = {
        "NoSuchBucket": "there is no such bucket",
        "NoSuchKey": "there is no such object",
        "404": "there is no such bucket or object",
        "AccessDenied": "access denied; these credentials may not list or read it",
        "403": "access denied; these credentials may not list or read it",
    }
    by_kind = {
        "NoCredentialsError": "no AWS credentials found; run `aws configure` or set AWS_PROFILE",
        "PartialCredentialsError": "incomplete AWS credentials; run `aws configure`",
        "EndpointConnectionError": "S3 cannot be reached; check the network and the region",
        "ConnectTimeoutError": "S3 cannot be reached; check the network and the region",
    }
    return by_code.get(code) or by_kind.get(type(error).__name__) or str(error)
