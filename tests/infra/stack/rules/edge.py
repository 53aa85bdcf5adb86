"""Where the internet comes in: the API's stage, who may ask from where, the sign-in."""

from collections.abc import Iterator
from typing import Any

from tests.infra.stack.deployment import Deployment, Resource
from tests.infra.stack.rules.routes import routes


def unthrottled(deployment: Deployment) -> Iterator[str]:
    for stage in deployment.of("AWS::ApiGatewayV2::Stage"):
        limits = stage.properties.get("DefaultRouteSettings", {})
        for name in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
            if not float(limits.get(name, 0)) > 0:
                yield stage.finding(f"lets any number of requests through: set {name}")


def settings_of_no_route(deployment: Deployment) -> Iterator[str]:
    """API Gateway refuses a stage with settings of a route that is not there."""
    there = {route.key for route in routes(deployment)}
    for stage in deployment.of("AWS::ApiGatewayV2::Stage"):
        for key in stage.properties.get("RouteSettings", {}).keys() - there:
            yield stage.finding(f"has RouteSettings of {key}, which is no route")


def with_a_prefix(deployment: Deployment) -> Iterator[str]:
    """Other stages than $default put their name before each path, which the functions keep."""
    for stage in deployment.of("AWS::ApiGatewayV2::Stage"):
        if stage.properties.get("StageName") != "$default":
            yield stage.finding("puts its name before each path: StageName: $default")


def without_access_log(deployment: Deployment) -> Iterator[str]:
    for stage in deployment.of("AWS::ApiGatewayV2::Stage"):
        said = stage.properties.get("AccessLogSettings", {})
        group = deployment.named_in(said.get("DestinationArn", ""))
        if group is None or group.type != "AWS::Logs::LogGroup":
            yield stage.finding("nobody knows who called: set AccessLogSettings")
        elif "$context.requestId" not in said.get("Format", ""):
            yield stage.finding("its log cannot be found by request: add $context.requestId")


def open_to_every_page(deployment: Deployment) -> Iterator[str]:
    for api in deployment.of("AWS::ApiGatewayV2::Api"):
        said = _cors(api)
        if not isinstance(said, dict):
            # What becomes of an Fn::If around the origins alone: the rest is gone.
            yield api.finding("has no CORS: put the Fn::If around all of CorsConfiguration")
            continue
        origins = said.get("allowOrigins") or []
        if not origins or any("*" in origin for origin in origins):
            yield api.finding(f"answers pages of {origins}: name the origins")
        if said.get("allowCredentials"):
            yield api.finding("takes cookies: tokens come in a header, remove AllowCredentials")
        if "authorization" not in [name.lower() for name in said.get("allowHeaders", [])]:
            yield api.finding("a page cannot send its token: allow the header authorization")


def buckets_open_to_every_page(deployment: Deployment) -> Iterator[str]:
    """What is signed for a browser can be used by the stack's own page alone."""
    for bucket in deployment.of("AWS::S3::Bucket"):
        for rule in bucket.properties.get("CorsConfiguration", {}).get("CorsRules", []):
            if any("*" in origin for origin in rule["AllowedOrigins"]):
                yield bucket.finding("answers pages of any origin: name the page's")


def lax_sign_in(deployment: Deployment) -> Iterator[str]:
    """Nobody lets himself in."""
    for pool in deployment.of("AWS::Cognito::UserPool"):
        admin = pool.properties.get("AdminCreateUserConfig", {})
        if str(admin.get("AllowAdminCreateUserOnly")).lower() != "true":
            yield pool.finding("anybody signs up: set AllowAdminCreateUserOnly: true")
        password = pool.properties.get("Policies", {}).get("PasswordPolicy", {})
        if int(password.get("MinimumLength", 8)) < 12:
            yield pool.finding("takes short passwords: set MinimumLength: 12")


def lax_clients(deployment: Deployment) -> Iterator[str]:
    """Tokens and codes do not travel where others read them."""
    for client in deployment.of("AWS::Cognito::UserPoolClient"):
        flows = client.properties.get("AllowedOAuthFlows", [])
        if "implicit" in flows:
            yield client.finding("gives tokens in addresses: use the flow code")
        if flows not in (["code"], ["client_credentials"]):
            yield client.finding(f"has the flows {flows}: code for a page, or client_credentials")
        if "client_credentials" in flows and not client.properties.get("GenerateSecret"):
            yield client.finding("is anybody: a server has a secret, set GenerateSecret: true")
        if "code" in flows and client.properties.get("GenerateSecret"):
            yield client.finding("a page keeps no secret: remove GenerateSecret")
        for url in client.properties.get("CallbackURLs", []):
            if not url.startswith(("https://", "${", "http://localhost")):
                yield client.finding(f"sends codes to {url} without TLS")


def open_ports(deployment: Deployment) -> Iterator[str]:
    """Nothing in the stack waits for connections: what there is of servers is AWS's."""
    yield from [
        each.finding("lets connections in: nothing of the stack waits for any")
        for each in deployment.of("AWS::EC2::SecurityGroupIngress")
    ]
    yield from [
        group.finding("lets connections in: remove SecurityGroupIngress")
        for group in deployment.of("AWS::EC2::SecurityGroup")
        if group.properties.get("SecurityGroupIngress")
    ]


def _cors(api: Resource) -> Any:
    body = api.properties.get("Body", {}).get("x-amazon-apigateway-cors", {})
    other = api.properties.get("CorsConfiguration", {})
    return body or {f"{name[0].lower()}{name[1:]}": each for name, each in other.items()}


RULES = (
    unthrottled,
    settings_of_no_route,
    with_a_prefix,
    without_access_log,
    open_to_every_page,
    buckets_open_to_every_page,
    lax_sign_in,
    lax_clients,
    open_ports,
)
