"""The platform as deployed lets in whom API Gateway would let in, and nobody else.

The tests of signing in stand on it, so what it refuses is tried without the page: the code flow as
RFC 6749 and RFC 7636 have it, by hand, against the same server.
"""

import base64
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.shared import oidc_server
from tests.shared.guarded import PREDICT, Guarded, guarded
from tests.shared.serving import PATIENCE, Running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not oidc_server.installed(), reason=oidc_server.WITHOUT),
]

VERIFIER = "a-verifier-that-is-long-enough-for-the-specification"
PREDICTING = (
    "POST",
    "/predict/clv",
    {"tenure_days": 1, "recency": 1, "frequency": 1, "monetary": 1},
)
UPLOADING = ("POST", "/portfolio/uploads", {"file_name": "customers.csv"})
LISTING = ("GET", "/portfolio/runs", None)
ALL_OF_THEM = "openid email foretell/predict foretell/upload"


def code(where: Guarded, scope: str, challenge: str) -> str:
    """What the server sends a user back to the page with."""
    browser = requests.Session()
    asked = {
        "client_id": where.sign_in.client_id,
        "response_type": "code",
        "redirect_uri": f"{where.page}/",
        "scope": scope,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "state": "s",
    }
    form = browser.get(f"{where.sign_in.issuer}/auth", params=asked, timeout=30)
    back = browser.post(form.url, {"user": "ada@example.com"}, timeout=30)
    return parse_qs(urlsplit(back.url).query)["code"][0]


def tokens(where: Guarded, scope: str = ALL_OF_THEM, verifier: str = VERIFIER) -> dict[str, Any]:
    """The server's answer to whoever has signed in."""
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    answer = requests.post(
        f"{where.sign_in.issuer}/token",
        {
            "grant_type": "authorization_code",
            "client_id": where.sign_in.client_id,
            "redirect_uri": f"{where.page}/",
            "code": code(where, scope, challenge),
            "code_verifier": verifier,
        },
        timeout=30,
    )
    told: dict[str, Any] = answer.json()
    return told


def ask(where: Guarded, what: tuple[str, str, Any], token: str | None) -> requests.Response:
    method, path, body = what
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return requests.request(method, f"{where.api}{path}", json=body, headers=headers, timeout=30)


def test_whoever_signed_in_is_let_in_everywhere(guarded_platform: Guarded) -> None:
    told = tokens(guarded_platform)

    for what in (PREDICTING, UPLOADING, LISTING):
        answer = ask(guarded_platform, what, told["access_token"])
        assert answer.ok, answer.text
        assert answer.headers["Access-Control-Allow-Origin"] == guarded_platform.page
    claims = json.loads(base64.urlsafe_b64decode(told["access_token"].split(".")[1] + "=="))
    assert claims["client_id"] == guarded_platform.sign_in.client_id
    assert told["refresh_token"]


def without(_: str) -> None:
    return None


def forged(token: str) -> str:
    """Its claims changed, its signature kept."""
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "==")) | {"sub": "somebody-else"}
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"{head}.{changed}.{signature}"


def unsigned(token: str) -> str:
    """Its claims kept, and the algorithm that signs nothing."""
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    return f"{head}.{token.split('.')[1]}."


@pytest.mark.parametrize("spoil", [without, forged, unsigned, str.upper], ids=lambda f: f.__name__)
def test_no_token_and_a_spoilt_one_are_refused(
    guarded_platform: Guarded, spoil: Callable[[str], str | None]
) -> None:
    token = spoil(tokens(guarded_platform)["access_token"])

    for what in (PREDICTING, UPLOADING, LISTING):
        answer = ask(guarded_platform, what, token)
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})
    assert requests.get(f"{guarded_platform.api}/health", timeout=30).status_code == 200


def test_an_identity_token_is_no_access_token(guarded_platform: Guarded) -> None:
    # It has no scope, and API Gateway looks for one.
    answer = ask(guarded_platform, LISTING, tokens(guarded_platform)["id_token"])

    assert answer.status_code == 403


def test_the_token_of_another_issuer_is_refused(
    guarded_platform: Guarded, platform: Running
) -> None:
    with guarded(platform) as another:
        answer = ask(guarded_platform, LISTING, tokens(another)["access_token"])

    assert answer.status_code == 401


def test_a_user_without_leave_to_upload_may_look_and_not_upload(platform: Running) -> None:
    with guarded(platform, allowed=(PREDICT,)) as where:
        token = tokens(where)["access_token"]

        assert ask(where, LISTING, token).status_code == 200
        refused = ask(where, UPLOADING, token)
        assert (refused.status_code, refused.json()) == (403, {"message": "Forbidden"})


def test_a_token_runs_out_and_another_one_is_had_for_it(platform: Running) -> None:
    with guarded(platform, access_token_seconds=2) as where:
        told = tokens(where)
        deadline = time.monotonic() + PATIENCE
        while ask(where, LISTING, told["access_token"]).status_code != 401:
            assert time.monotonic() < deadline, "it never runs out"
            time.sleep(0.2)

        fresh = requests.post(
            f"{where.sign_in.issuer}/token",
            {
                "grant_type": "refresh_token",
                "client_id": where.sign_in.client_id,
                "refresh_token": told["refresh_token"],
            },
            timeout=30,
        ).json()
        assert ask(where, LISTING, fresh["access_token"]).status_code == 200


def test_a_code_is_worth_nothing_without_its_verifier(guarded_platform: Guarded) -> None:
    told = tokens(guarded_platform, verifier="another-verifier-that-is-just-as-long-as-the-first")

    assert told["error"] == "invalid_grant"


def test_the_page_alone_may_read_answers(guarded_platform: Guarded) -> None:
    asked = {
        "Origin": guarded_platform.page,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }

    answer = requests.options(f"{guarded_platform.api}/predict/clv", headers=asked, timeout=30)

    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == guarded_platform.page
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_the_site_has_its_policy_and_says_where_all_is(guarded_platform: Guarded) -> None:
    page = requests.get(f"{guarded_platform.page}/", timeout=30)
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert guarded_platform.api in policy
    assert guarded_platform.sign_in.issuer in policy

    config = requests.get(f"{guarded_platform.page}/config.json", timeout=30).json()
    assert config["api_url"] == guarded_platform.api
    assert config["sign_in"]["issuer"] == guarded_platform.sign_in.issuer
    assert requests.get(f"{guarded_platform.page}/docs", timeout=30).url.endswith("/docs/")
    assert requests.get(f"{guarded_platform.page}/nowhere/", timeout=30).status_code == 404
