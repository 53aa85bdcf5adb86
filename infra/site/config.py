"""config.json: what the page has to know of where it is served.

The page signs people in with authorisation code and PKCE: it reads the issuer's discovery document
for where, and comes back to its own address, which the issuer knows as a redirect address. Nothing
in here is secret.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict

NAME: Final = "config.json"


class SignIn(BaseModel):
    """How to get a token."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    """Its discovery document is at /.well-known/openid-configuration under this address."""

    client_id: str | None
    """The page's own client, a public one; None where an own issuer has yet to be told of it."""

    scopes: tuple[str, ...]
    """What to ask for."""

    url: str | None
    """Where Cognito's own sign-in and sign-out pages are; None with another issuer."""


class PageConfig(BaseModel):
    """The document."""

    model_config = ConfigDict(frozen=True)

    api_url: str
    """Without a slash at its end; empty where the API answers at the page's own address."""

    sign_in: SignIn | None
    """None where nobody has to sign in."""

    currency: str | None
    """ISO 4217 code of what amounts are in; None where nobody said."""

    def to_bytes(self) -> bytes:
        """As it is published."""
        return self.model_dump_json(indent=2).encode() + b"\n"


ON_THIS_MACHINE: Final = PageConfig(api_url="", sign_in=None, currency=None)
"""Page and API have one address, and ask nobody who he is."""
