from tests.infra.stack.breaks.templates import Break, Breakable
from tests.infra.stack.rules.routes import (
    closed_health,
    lax_authorizers,
    misrouted,
    open_routes,
    undocumented_routes,
    unobtainable,
    wrong_scopes,
)


def authorizer(t: Breakable) -> dict:
    schemes = t("Api")["Body"]["components"]["securitySchemes"]
    return schemes["Token"]["x-amazon-apigateway-authorizer"]


def to_another_function(t: Breakable) -> None:
    uri = t.route("get", "/model")["x-amazon-apigateway-integration"]["uri"]
    t.route("post", "/predict/clv")["x-amazon-apigateway-integration"]["uri"] = uri


def without_server(t: Breakable) -> None:
    audience = authorizer(t)["jwtConfiguration"]["audience"]["Fn::If"][1]
    audience.pop()


BREAKS: list[Break] = [
    (open_routes, lambda t: t.route("post", "/predict/clv").update(security=[{"NONE": []}])),
    (open_routes, lambda t: t.route("get", "/portfolio/runs").pop("security")),
    (open_routes, lambda t: t.route("get", "/model").update(security=[{"Token": []}])),
    (open_routes, lambda t: t.route("get", "/model").update(security=[{"Other": ["a"]}])),
    (open_routes, lambda t: authorizer(t).update(type="request")),
    (open_routes, lambda t: t.add("Extra", "AWS::ApiGatewayV2::Route", RouteKey="GET /extra")),
    (closed_health, lambda t: t.route("get", "/health").update(security=[{"Token": ["a"]}])),
    (lax_authorizers, lambda t: authorizer(t)["jwtConfiguration"].pop("audience")),
    (
        lax_authorizers,
        lambda t: authorizer(t)["jwtConfiguration"].update(issuer="http://x.example"),
    ),
    (lax_authorizers, lambda t: authorizer(t).update(identitySource="$request.querystring.token")),
    (lax_authorizers, lambda t: t("Api")["Body"].pop("components")),
    (undocumented_routes, lambda t: t("Api")["Body"]["paths"].pop("/model")),
    (undocumented_routes, lambda t: t("Api")["Body"]["paths"].update({"/x": {"get": {}}})),
    (undocumented_routes, lambda t: t("Api")["Body"]["paths"]["/model"].update(post={})),
    (misrouted, to_another_function),
    (misrouted, lambda t: t.route("get", "/model").pop("x-amazon-apigateway-integration")),
    (
        wrong_scopes,
        lambda t: t.route("post", "/portfolio/uploads")["security"][0].update(
            Token=["foretell/predict"]
        ),
    ),
    (
        wrong_scopes,
        lambda t: t.route("post", "/predict/clv")["security"][0]["Token"].append("foretell/upload"),
    ),
    (unobtainable, lambda t: t.sign_in("Scopes")["Scopes"].pop()),
    (unobtainable, lambda t: t.sign_in("PageClient")["AllowedOAuthScopes"].pop()),
    (unobtainable, without_server),
]
