"""What a browser may do with the site: its content security policy, and the headers beside it.

infra/site.yaml says the same to CloudFront.
"""

from collections.abc import Iterable, Mapping
from typing import Final

HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""As they are anywhere. Deployed, Strict-Transport-Security comes to them: here is no TLS."""

_SELF: Final = "'self'"
_NONE: Final = "'none'"


def deployed(region: str, suffix: str, issuer_host: str, sign_in_host: str) -> str:
    """The policy of a stack's site.

    The API and the buckets know the page's address, so the page cannot know theirs: it may ask any
    of the region.

    Args:
        region: Where the stack is.
        suffix: The domain of AWS there, such as amazonaws.com.
        issuer_host: Host of the OpenID Connect issuer.
        sign_in_host: Host of its sign-in page and tokens.
    """
    return _policy(
        (
            f"https://*.execute-api.{region}.{suffix}",
            f"https://*.s3.{region}.{suffix}",
            f"https://*.s3.{suffix}",
            f"https://{issuer_host}",
            f"https://{sign_in_host}",
        )
    )


def on_this_machine(*origins: str) -> str:
    """The policy where the API is at the page's own address.

    Args:
        origins: Where else the page may ask: S3, where files go to and come from, and an OpenID
            Connect issuer where there is one.
    """
    return _policy(origins)


def _policy(connect: Iterable[str]) -> str:
    directives: Mapping[str, Iterable[str]] = {
        "default-src": (_NONE,),
        "script-src": (_SELF,),
        "style-src": (_SELF,),
        "img-src": (_SELF, "data:", "blob:"),
        "font-src": (_SELF,),
        "worker-src": (_SELF,),
        "manifest-src": (_SELF,),
        "connect-src": (_SELF, *connect),
        "form-action": (_NONE,),
        "base-uri": (_NONE,),
        "frame-ancestors": (_NONE,),
        "object-src": (_NONE,),
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())
