"""config.json: what the site's page has to know of the stack it belongs to.

The page signs people in with authorisation code and PKCE: it reads the issuer's discovery document
for where, and comes back to its own address, which the issuer knows as a redirect address. Nothing
in here is secret.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict

from infra.cloud.stack import Stack

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
    """Without a slash at its end."""

    sign_in: SignIn

    def to_bytes(self) -> bytes:
        """As it is published."""
        return self.model_dump_json(indent=2).encode() + b"\n"


def page_config(stack: Stack) -> PageConfig:
    """What the stack says of itself.

    Raises:
        StackNotReadable: an output is missing.
    """
    return PageConfig(
        api_url=stack.output("ApiUrl").rstrip("/"),
        sign_in=SignIn(
            issuer=stack.output("Issuer").rstrip("/"),
            client_id=stack.optional("ClientId"),
            scopes=("openid", *stack.output("Scopes").split()),
            url=stack.optional("SignInUrl"),
        ),
    )
