"""Where the internet comes in: the API's stage, the page's distribution, the sign-in."""

from collections.abc import Iterator
from typing import Any

from tests.infra.stack.deployment import Deployment, Resource

DISTRIBUTION = "AWS::CloudFront::Distribution"
HEADERS = "AWS::CloudFront::ResponseHeadersPolicy"
A_YEAR = 31_536_000  # seconds
UNSAFE = {"'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "*", "http:", "https:", "data:"}


def unthrottled(deployment: Deployment) -> Iterator[str]:
    for stage in deployment.of("AWS::ApiGatewayV2::Stage"):
        limits = stage.properties.get("DefaultRouteSettings", {})
        for name in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
            if not float(limits.get(name, 0)) > 0:
                yield stage.finding(f"lets any number of requests through: set {name}")


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


def exposed_origins(deployment: Deployment) -> Iterator[str]:
    """CloudFront signs what it asks of the bucket; nobody else gets in."""
    for distribution in deployment.of(DISTRIBUTION):
        for origin in _config(distribution)["Origins"]:
            control = deployment.named_in(origin.get("OriginAccessControlId", ""))
            signing = control.properties["OriginAccessControlConfig"] if control else {}
            if (
                signing.get("SigningBehavior") != "always"
                or signing.get("SigningProtocol") != "sigv4"
            ):
                yield distribution.finding("asks unsigned: set OriginAccessControlId")
            if "CustomOriginConfig" in origin:
                yield distribution.finding("is in front of a server that is not a bucket")


def without_https(deployment: Deployment) -> Iterator[str]:
    for distribution in deployment.of(DISTRIBUTION):
        for behavior in _behaviors(distribution):
            if behavior.get("ViewerProtocolPolicy") not in {"redirect-to-https", "https-only"}:
                yield distribution.finding("answers over http: redirect-to-https")
        certificate = _config(distribution).get("ViewerCertificate", {})
        # With its own certificate CloudFront lets nobody choose.
        own = str(certificate.get("CloudFrontDefaultCertificate")).lower() == "true"
        oldest = certificate.get("MinimumProtocolVersion", "")
        if not own and not oldest.startswith(("TLSv1.2_", "TLSv1.3_")):
            yield distribution.finding(f"speaks {oldest or 'old TLS'}: set TLSv1.2_2021")


def without_security_headers(deployment: Deployment) -> Iterator[str]:
    for distribution in deployment.of(DISTRIBUTION):
        for behavior in _behaviors(distribution):
            policy = deployment.named_in(behavior.get("ResponseHeadersPolicyId", ""))
            if policy is None or policy.type != HEADERS:
                yield distribution.finding("sends no security headers: ResponseHeadersPolicyId")
                continue
            said = policy.properties["ResponseHeadersPolicyConfig"].get("SecurityHeadersConfig", {})
            yield from [policy.finding(what) for what in _weak_headers(said)]


def lax_content_policy(deployment: Deployment) -> Iterator[str]:
    """Nothing runs in the page but what is its own, and it speaks only to hosts that are named."""
    for policy in deployment.of(HEADERS):
        said = policy.properties["ResponseHeadersPolicyConfig"].get("SecurityHeadersConfig", {})
        text = said.get("ContentSecurityPolicy", {}).get("ContentSecurityPolicy", "")
        directives = {name: sources for name, *sources in map(str.split, text.split(";")) if name}
        yield from [policy.finding(what) for what in _lax(directives)]


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


def _config(distribution: Resource) -> dict[str, Any]:
    found: dict[str, Any] = distribution.properties["DistributionConfig"]
    return found


def _behaviors(distribution: Resource) -> Iterator[dict[str, Any]]:
    yield _config(distribution)["DefaultCacheBehavior"]
    yield from _config(distribution).get("CacheBehaviors", [])


def _weak_headers(said: dict[str, Any]) -> Iterator[str]:
    transport = said.get("StrictTransportSecurity", {})
    if int(transport.get("AccessControlMaxAgeSec", 0)) < A_YEAR:
        yield "browsers may come without TLS: set StrictTransportSecurity for a year"
    if "ContentTypeOptions" not in said:
        yield "browsers guess types: set ContentTypeOptions"
    if said.get("FrameOptions", {}).get("FrameOption") != "DENY":
        yield "the page may be put in a frame: set FrameOptions to DENY"
    if said.get("ReferrerPolicy", {}).get("ReferrerPolicy") not in {"no-referrer", "same-origin"}:
        yield "the page's address is told to others: set ReferrerPolicy: no-referrer"
    if not said.get("ContentSecurityPolicy", {}).get("Override"):
        yield "has no ContentSecurityPolicy with Override: true"


def _lax(directives: dict[str, list[str]]) -> Iterator[str]:
    if directives.get("default-src") != ["'none'"]:
        yield "allows what it does not name: default-src 'none'"
    for name in ("script-src", "style-src", "worker-src"):
        sources = directives.get(name, [])
        if any(source in UNSAFE or "*" in source for source in sources):
            yield f"{name} {' '.join(sources)} lets foreign code in: 'self' alone"
    for name in ("frame-ancestors", "base-uri", "object-src"):
        if directives.get(name) != ["'none'"]:
            yield f"leaves {name} open: set it to 'none'"
    for source in directives.get("connect-src", []):
        if source in {"*", "http:", "https:"} or ("://*." in source and "${AWS::" not in source):
            yield f"connect-src {source} lets data out to anybody: name hosts"


RULES = (
    unthrottled,
    without_access_log,
    open_to_every_page,
    buckets_open_to_every_page,
    exposed_origins,
    without_https,
    without_security_headers,
    lax_content_policy,
    lax_sign_in,
    lax_clients,
    open_ports,
)
