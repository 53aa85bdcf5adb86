"""One run: how far it has come, what came out, and where to download that."""

import re
from datetime import datetime
from urllib.parse import quote

from pydantic import ValidationError

from foretell.batch.runs import PREDICTIONS, REJECTED, RUN_ID, RUNS, STATUS, SUMMARY, Status
from foretell.batch.summary.document import Summary
from foretell.portfolio import file_names
from foretell.portfolio.buckets import VALID, Buckets, expiry, translated_errors
from foretell.portfolio.documents import Links, RunDescription
from foretell.problems import RunNotFound, StorageUnreachable
from foretell.telemetry import logger


def read_status(buckets: Buckets, run_id: str) -> Status | None:
    """The status of a run; None where there is no such run.

    Raises:
        ValidationError: it was not written by this release.
        StorageUnreachable: S3 does not answer, or refuses.
    """
    content = buckets.result(_key(run_id, STATUS))
    return None if content is None else Status.model_validate_json(content)


def describe(buckets: Buckets, run_id: str, now: datetime) -> RunDescription:
    """All there is to say of a run.

    Raises:
        RunNotFound: there is none of that id, or it is no id.
        StorageUnreachable: S3 does not answer, or refuses; or its status cannot be read.
    """
    # An id is a part of a key: what is none never gets as far as S3.
    if not RUN_ID.fullmatch(run_id):
        raise _not_found()
    status = _status(buckets, run_id)
    succeeded = status.state == "succeeded"
    return RunDescription(
        status=status,
        summary=_summary(buckets, run_id) if succeeded else None,
        links=_links(buckets, status, now) if succeeded else None,
    )


def _status(buckets: Buckets, run_id: str) -> Status:
    try:
        status = read_status(buckets, run_id)
    except ValidationError as error:
        raise StorageUnreachable(
            f"{STATUS} of run {run_id} was not written by this release: score the file again"
        ) from error
    if status is None:
        raise _not_found()
    return status


def _summary(buckets: Buckets, run_id: str) -> Summary | None:
    content = buckets.result(_key(run_id, SUMMARY))
    try:
        return None if content is None else Summary.model_validate_json(content)
    except ValidationError:
        logger.warning("A summary is not one that this release writes", run_id=run_id)
        return None


def _links(buckets: Buckets, status: Status, now: datetime) -> Links:
    addresses = {name: _link(buckets, status, name) for name in status.outputs}
    predictions = [address for name, address in addresses.items() if name.startswith(PREDICTIONS)]
    return Links(
        predictions=next(iter(predictions), None),
        rejected=addresses.get(REJECTED),
        summary=addresses.get(SUMMARY),
        expires=expiry(now),
    )


def _link(buckets: Buckets, status: Status, name: str) -> str:
    with translated_errors(buckets.results):
        return buckets.s3.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": buckets.results,
                "Key": _key(status.run_id, name),
                "ResponseContentDisposition": _attachment(status.source.key, name),
            },
            ExpiresIn=int(VALID.total_seconds()),
        )


def _attachment(source: str, name: str) -> str:
    """The header that names a download after the file that was scored (RFC 6266)."""
    of_file = file_names.stem(source, file_names.LONGEST)
    readable = f"{of_file} {name}"
    plain = re.sub(r"[^ -~]", "_", readable)
    # file_names.stem leaves no quotes; a browser that reads the second name ignores the first.
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(readable, safe='')}"


def _not_found() -> RunNotFound:
    return RunNotFound("no run has that id: GET /portfolio/runs lists those there are")


def _key(run_id: str, name: str) -> str:
    return f"{RUNS}{run_id}/{name}"
