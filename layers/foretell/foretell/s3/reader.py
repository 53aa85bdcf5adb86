"""Conditional, signed GETs of the objects of one bucket."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPException
from typing import Final

from foretell.problems import RegistryUnreachable
from foretell.s3 import credentials, failures
from foretell.s3.connection import Answer, Connection, Patience
from foretell.s3.credentials import Credentials
from foretell.s3.endpoint import Endpoint
from foretell.s3.signature import Get, encoded_path, signed_headers

_CODE: Final = re.compile(rb"<Code>(\w+)</Code>")
_REGION: Final = re.compile(rb"<Region>([\w-]+)</Region>")


@dataclass(frozen=True)
class Fetched:
    """An object, and the tag that tells whether it still is the same."""

    body: bytes
    etag: str


class ObjectNotFound(Exception):
    """There is no object under that key."""


class ObjectReader:
    """Reads the objects of one bucket; for one thread at a time.

    Credentials and the connection are kept for the few reads of one look at the registry.
    """

    def __init__(self, bucket: str, registry: str, patience: Patience) -> None:
        """`registry` is what messages call the place.

        Raises:
            RegistryUnreachable: no region is set, or the endpoint is no address.
        """
        self._registry = registry
        self._endpoint = Endpoint.of(bucket)
        self._connection = Connection(self._endpoint.scheme, self._endpoint.host, patience)
        self._credentials: Credentials | None = None

    def get(self, key: str, unless: str | None = None) -> Fetched | None:
        """An object, or None if it still has the tag `unless`.

        Raises:
            ObjectNotFound: there is none under that key.
            RegistryUnreachable: S3 does not answer, or refuses.
        """
        answer = self._ask(self._request(key, unless))
        if answer.status == HTTPStatus.OK:
            return Fetched(answer.body, answer.headers.get("ETag", ""))
        if answer.status == HTTPStatus.NOT_MODIFIED and unless:
            return None
        raise self._refused(answer, key)

    def _request(self, key: str, unless: str | None) -> Get:
        path = self._endpoint.folder + encoded_path(key)
        return Get(self._endpoint.host, path, {"if-none-match": unless} if unless else {})

    def _ask(self, get: Get) -> Answer:
        try:
            return self._connection.get(get.path, self._signed(get))
        except (OSError, HTTPException) as error:
            raise RegistryUnreachable(failures.no_answer(self._registry, error)) from error
        except ValueError:
            # It quotes what cannot be sent, and that may be a secret.
            raise RegistryUnreachable(
                f"{self._registry} cannot be asked: a line break or the like is in the region,"
                " the endpoint or the credentials"
            ) from None

    def _signed(self, get: Get) -> Mapping[str, str]:
        if self._credentials is None or time.time() >= self._credentials.use_until:
            self._credentials = credentials.find()
        return signed_headers(get, self._credentials, self._endpoint.region, datetime.now(UTC))

    def _refused(self, answer: Answer, key: str) -> Exception:
        # Whatever is wrong with them, the next read looks for others.
        self._credentials = None
        code = _found(_CODE, answer.body) or str(answer.status)
        if code == "NoSuchKey":
            return ObjectNotFound(key)
        region = answer.headers.get("x-amz-bucket-region") or _found(_REGION, answer.body)
        if region and region != self._endpoint.region:
            return RegistryUnreachable(
                failures.elsewhere(self._registry, region, self._endpoint.region)
            )
        return RegistryUnreachable(failures.refusal(self._registry, code))


def _found(pattern: re.Pattern[bytes], body: bytes) -> str | None:
    match = pattern.search(body)
    return match[1].decode() if match else None
