"""What the page of a deployed stack has to know: config.json, made of the stack's outputs."""

from infra.cloud.stack import Stack
from infra.site.config import PageConfig, SignIn


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
        currency=stack.optional("Currency"),
    )
