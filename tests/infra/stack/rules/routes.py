"""Who may call what over HTTP: the routes of the API and the authorizer before them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.local.gateway import app_for
from tests.infra.stack.deployment import ROOT, Deployment, Resource

API = "AWS::ApiGatewayV2::Api"
OPEN = {"GET /health"}
UPLOADS = {"POST /portfolio/uploads"}
_METHODS = {
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "options",
    "x-amazon-apigateway-any-method",
}


@dataclass(frozen=True)
class Route:
    api: Resource
    key: str
    """As API Gateway says it: "POST /predict/clv"."""
    said: dict[str, Any]

    @property
    def path(self) -> str:
        return self.key.partition(" ")[2]

    @property
    def demands(self) -> dict[str, list[str]]:
        """Scopes by the authorizer that checks them; nothing for everybody."""
        asked = {
            name: scopes for each in self.said.get("security", []) for name, scopes in each.items()
        }
        return {name: scopes for name, scopes in asked.items() if name != "NONE"}

    def finding(self, what: str) -> str:
        return self.api.finding(f"{self.key}: {what}")


def open_routes(deployment: Deployment) -> Iterator[str]:
    """Every route but GET /health wants a token of the issuer, with a scope."""
    yield from [
        each.finding("strangers may write routes beside the API's Body: move it into an Event")
        for each in deployment.of("AWS::ApiGatewayV2::Route")
    ]
    for route in routes(deployment):
        if route.key in OPEN:
            continue
        if not route.demands:
            yield route.finding("is open to everybody: give it an Authorizer")
        for name, scopes in route.demands.items():
            if name not in authorizers(route.api):
                yield route.finding(f"{name} is no JWT authorizer of this API")
            if not scopes:
                yield route.finding("takes any token: give it AuthorizationScopes")


def closed_health(deployment: Deployment) -> list[str]:
    """What watches the API has no token."""
    return [r.finding("needs a token") for r in routes(deployment) if r.key in OPEN and r.demands]


def lax_authorizers(deployment: Deployment) -> Iterator[str]:
    """A token is only as good as whom it was made by, and for."""
    for api in deployment.of(API):
        if not authorizers(api):
            yield api.finding("has no JWT authorizer")
        for name, said in authorizers(api).items():
            wanted = said.get("jwtConfiguration", {})
            if not str(wanted.get("issuer", "")).startswith(("https://", "${")):
                yield api.finding(f"authorizer {name} names no issuer with https")
            audience = wanted.get("audience") or []
            if not audience or not all(audience):
                yield api.finding(f"authorizer {name} takes tokens for anybody: set audience")
            if said.get("identitySource") != "$request.header.Authorization":
                yield api.finding(f"authorizer {name} reads tokens where logs keep them")


def undocumented_routes(deployment: Deployment) -> Iterator[str]:
    """The template has the routes of infra/api/openapi.json, no more and no fewer."""
    for api in deployment.of(API):
        deployed = {route.key for route in routes(deployment) if route.api is api}
        yield from [
            api.finding(f"{key} is not in infra/api/openapi.json: remove the route, or document it")
            for key in sorted(deployed - documented())
        ]
        yield from [
            api.finding(
                f"{key} is documented and has no route: add it to the Events of its function"
            )
            for key in sorted(documented() - deployed)
        ]


def misrouted(deployment: Deployment) -> Iterator[str]:
    """Each route goes to the function that `foretell serve` sends it to."""
    for route in routes(deployment):
        expected = _locally_answered_by(route.path)
        function = function_behind(deployment, route)
        if function is None or function.name != expected:
            name = function.name if function else "nothing"
            yield route.finding(f"goes to {name}, infra/local/gateway.py says {expected}")


def wrong_scopes(deployment: Deployment) -> Iterator[str]:
    """Of several scopes API Gateway wants any one: a route has exactly one."""
    values = deployment.stacks[0].value
    predict, upload = values({"Ref": "PredictScope"}), values({"Ref": "UploadScope"})
    for route in routes(deployment):
        wanted = upload if route.key in UPLOADS else predict
        for scopes in route.demands.values():
            if scopes != [wanted]:
                yield route.finding(f"wants {scopes}, should want only [{wanted!r}]")


def unobtainable(deployment: Deployment) -> Iterator[str]:
    """Whoever signs in at the stack's own pool gets a token that the routes take."""
    given = {
        f"{server.properties['Identifier']}/{scope['ScopeName']}"
        for server in deployment.of("AWS::Cognito::UserPoolResourceServer")
        for scope in server.properties["Scopes"]
    }
    wanted = {s for r in routes(deployment) for scopes in r.demands.values() for s in scopes}
    for client in deployment.of("AWS::Cognito::UserPoolClient"):
        for scope in sorted(wanted - (given & set(client.properties["AllowedOAuthScopes"]))):
            yield client.finding(f"gets no token with {scope}: add it to AllowedOAuthScopes")
        for api in deployment.of(API):
            for said in authorizers(api).values():
                if not client.is_named_in(said["jwtConfiguration"].get("audience")):
                    yield client.finding("its tokens are refused: add it to the audience")


def routes(deployment: Deployment) -> Iterator[Route]:
    for api in deployment.of(API):
        for path, methods in api.properties.get("Body", {}).get("paths", {}).items():
            for method, said in methods.items():
                if method in _METHODS:
                    yield Route(api, f"{method.upper()} {path}", said)


def function_behind(deployment: Deployment, route: Route) -> Resource | None:
    """The function that answers, also behind an alias."""
    uri = route.said.get("x-amazon-apigateway-integration", {}).get("uri", "")
    target = deployment.named_in(uri)
    if target is not None and target.type == "AWS::Lambda::Alias":
        return deployment.named_in(target.properties["FunctionName"])
    return target


def authorizers(api: Resource) -> dict[str, Any]:
    schemes = api.properties.get("Body", {}).get("components", {}).get("securitySchemes", {})
    found = {name: each.get("x-amazon-apigateway-authorizer", {}) for name, each in schemes.items()}
    return {name: each for name, each in found.items() if each.get("type") == "jwt"}


def documented() -> set[str]:
    document = json.loads((ROOT / "infra/api/openapi.json").read_text(encoding="utf-8"))
    return {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
        if method in _METHODS
    }


def _locally_answered_by(path: str) -> str:
    return f"{app_for(path, {name: name for name in _NAMES})}".capitalize() + "Function"


_NAMES = ("clv", "churn", "segment", "comprehensive", "portfolio")

RULES = (
    open_routes,
    closed_health,
    lax_authorizers,
    undocumented_routes,
    misrouted,
    wrong_scopes,
    unobtainable,
)
