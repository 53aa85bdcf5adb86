"""From the bytes of a request to customer records, more strictly than JSON itself demands.

A field that is given twice would otherwise quietly be the second one, NaN would be a number, and a
body that is nested deeply enough would end in a stack trace.
"""

import json
from collections import Counter
from typing import Any, Final

from pydantic import ValidationError
from starlette.types import Receive

from foretell.contract import MAX_RECORDS, CustomerRecord, Fault
from foretell.problems import (
    BodyTooLarge,
    InvalidRequest,
    MalformedBody,
    UnsupportedMediaType,
    fault,
    faults,
)

_JSON: Final = "application/json"


class Ambiguous(dict[str, Any]):
    """An object in which fields are given more than once: `twice`, in order."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        times = Counter(name for name, _ in pairs)
        self.twice: Final = tuple(name for name, number in times.items() if number > 1)


def require_json(content_type: str) -> None:
    """Refuse what is not announced as JSON.

    Raises:
        UnsupportedMediaType: it is something else, or nothing is said.
    """
    if content_type == _JSON:
        return
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != _JSON and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise UnsupportedMediaType(
            "send the customer record as JSON with the header Content-Type: application/json"
        )


async def read(receive: Receive, at_most: int) -> bytes:
    """All of a request's body.

    Raises:
        BodyTooLarge: there is more than `at_most` bytes of it.
    """
    content = b""
    more = True
    while more:
        message = await receive()
        content += message.get("body", b"")
        more = message.get("more_body", False)
        if len(content) > at_most:
            raise BodyTooLarge(f"send at most {at_most // 1024:,} KiB in one request")
    return content


def parse(body: bytes) -> Any:  # noqa: ANN401 - whatever was sent
    """The JSON value in a body. Infinite numbers and NaN are left to the record to refuse.

    Raises:
        MalformedBody: there is none.
    """
    if not body.strip():
        raise MalformedBody("the body is empty: send a JSON object")
    try:
        return _DECODER.decode(body.decode().removeprefix(_BYTE_ORDER_MARK))
    except RecursionError:
        raise MalformedBody("the body is nested too deeply: send a flat JSON object") from None
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except UnicodeDecodeError:
        raise MalformedBody("the body is not text: send JSON in UTF-8") from None
    except ValueError:  # a whole number of thousands of digits
        raise MalformedBody("the body holds a number that is too long to be one") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Ambiguous(pairs)


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object)
_BYTE_ORDER_MARK: Final = "\ufeff"


def record(value: object) -> CustomerRecord:
    """The customer record in a JSON value.

    Raises:
        InvalidRequest: it is none; all faulty fields are named.
    """
    if not isinstance(value, dict):
        raise InvalidRequest([fault((), "Input should be a customer record: a JSON object")])
    repeated = _given_twice(value)
    try:
        found = CustomerRecord.model_validate(value)
    except ValidationError as error:
        raise InvalidRequest((*repeated, *faults(error.errors(include_url=False)))) from None
    if repeated:
        raise InvalidRequest(repeated)
    return found


def records(value: object) -> list[CustomerRecord | InvalidRequest]:
    """The customer records in {"records": [...]}; for one that is none, what is wrong with it.

    Raises:
        InvalidRequest: there is no such list.
        BodyTooLarge: there are more than MAX_RECORDS in it.
    """
    listed = _listed(value)
    if len(listed) > MAX_RECORDS:
        raise BodyTooLarge(
            f"send at most {MAX_RECORDS:,} records in one request, not {len(listed):,}"
        )
    return [_record_or_refusal(each) for each in listed]


def _record_or_refusal(value: object) -> CustomerRecord | InvalidRequest:
    try:
        return record(value)
    except InvalidRequest as refusal:
        return refusal


def _listed(value: object) -> list[object]:
    if not isinstance(value, dict):
        raise InvalidRequest([fault((), 'Input should be a JSON object: {"records": [...]}')])
    found = value.get("records")
    wrong = [
        *_given_twice(value),
        *(fault((name,), "Extra inputs are not permitted") for name in value if name != "records"),
    ]
    if "records" not in value:
        wrong.append(fault(("records",), "Field required"))
    elif not isinstance(found, list):
        wrong.append(fault(("records",), "Input should be a list of customer records"))
    elif not found:
        wrong.append(fault(("records",), "List should have at least one record"))
    if wrong or not isinstance(found, list):
        raise InvalidRequest(wrong)
    return found


def _given_twice(value: dict[str, Any]) -> tuple[Fault, ...]:
    names = value.twice if isinstance(value, Ambiguous) else ()
    return tuple(fault((name,), "Field given more than once") for name in names)
