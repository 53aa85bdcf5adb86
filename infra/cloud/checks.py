"""Whether a deployed API answers as it should: to anybody that it is well, to strangers no more."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from infra.cloud.errors import NotAnswering

RECORD: Final = b'{"tenure_days": 412, "recency": 21, "frequency": 0.95, "monetary": 1240.5}'
"""An ordinary customer, whom nobody without a token is told anything about."""

PATIENCE_SECONDS: Final = 120
"""Functions look for a promoted model once a minute; a first start takes some seconds more."""

_PAUSE_SECONDS: Final = 5
_ANSWERS_WITHIN: Final = 35  # API Gateway itself gives up after 30 s

Ask = Callable[[str, bytes | None], int]
"""Asks an address, with a body by POST; the status of the answer, 0 where none came."""


def status_of(url: str, body: bytes | None = None) -> int:
    """The status of an answer; 0 where none came."""
    if not url.startswith(("https://", "http://")):
        raise NotAnswering(f"{url} is no address of an API")
    request = urllib.request.Request(  # noqa: S310 - looked at above
        url, data=body, headers={"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_ANSWERS_WITHIN) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def check(
    api_url: str,
    *,
    ask: Ask = status_of,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Ask for the health, and for a prediction without a token.

    Raises:
        NotAnswering: the one is not answered with 200 before the patience is over, or the other
            with anything but a 401.
    """
    until = clock() + PATIENCE_SECONDS
    while (status := ask(f"{api_url}/health", None)) != HTTPStatus.OK:
        if clock() >= until:
            raise NotAnswering(f"{api_url}/health: {_meaning(status)}")
        sleep(_PAUSE_SECONDS)
    stranger = ask(f"{api_url}/predict/comprehensive", RECORD)
    if stranger != HTTPStatus.UNAUTHORIZED:
        raise NotAnswering(
            f"{api_url}/predict/comprehensive answers {stranger} without a token, and not 401:"
            " anybody may be able to use it. Compare template.yaml with what is deployed"
        )


def _meaning(status: int) -> str:
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return "503, no model is in service: the answer's `detail` and the functions' log say why"
    if status == 0:
        return "no answer: the address may take a minute to be known; is there a proxy?"
    return f"{status}: the functions' log says why"
