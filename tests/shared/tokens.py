"""Access tokens, checked as API Gateway's JWT authorizer checks them."""

import base64
import binascii
import json
import time
import urllib.request
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256


class Unauthorized(Exception):
    """No token, or none that holds: 401."""


class Forbidden(Exception):
    """A token without the scope that is asked for: 403."""


@dataclass(frozen=True)
class Authorizer:
    """Whose tokens are taken: the issuer's, for this audience or client."""

    issuer: str
    audience: str

    def check(self, header: str | None, scope: str) -> dict[str, Any]:
        """The claims of the token in an Authorization header.

        Raises:
            Unauthorized: signature, issuer, audience or time do not hold.
            Forbidden: it has not the scope.
        """
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized("no bearer token")
        claims = self._verified(token)
        if claims.get("iss") != self.issuer:
            raise Unauthorized("another issuer")
        if self.audience not in {claims.get("aud"), claims.get("client_id")}:
            raise Unauthorized("another audience")
        if not claims.get("iat", 0) <= time.time() + 1 or not time.time() < claims.get("exp", 0):
            raise Unauthorized("out of its time")
        if scope not in claims.get("scope", "").split():
            raise Forbidden(f"no scope {scope}")
        return claims

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            head, body, signature = token.split(".")
            header = json.loads(_decoded(head))
            if header["alg"] != "RS256":
                raise Unauthorized("another algorithm")
            key = self._keys()[header["kid"]]
            key.verify(_decoded(signature), f"{head}.{body}".encode(), PKCS1v15(), SHA256())
            claims: dict[str, Any] = json.loads(_decoded(body))
        except (ValueError, KeyError, binascii.Error, InvalidSignature) as error:
            raise Unauthorized("no token of this issuer") from error
        return claims

    def _keys(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.issuer}/jwks", timeout=10) as answer:  # noqa: S310
            keys = json.loads(answer.read())["keys"]
        return {
            key["kid"]: RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
            for key in keys
            if key["kty"] == "RSA"
        }


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(_decoded(text), "big")
