"""The page: a private bucket behind CloudFront, and what browsers are told about it."""

from collections.abc import Iterator
from typing import Any

from tests.infra.stack.deployment import Deployment, Resource, listed
from tests.infra.stack.rules.routes import API, authorizers

DISTRIBUTION = "AWS::CloudFront::Distribution"
HEADERS = "AWS::CloudFront::ResponseHeadersPolicy"
A_YEAR = 31_536_000  # seconds
UNSAFE = {"'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "*", "http:", "https:", "data:"}
ASKED = {"Buckets.Uploads": "POST", "Buckets.Results": "GET"}
"""How the page comes at the buckets, by forms and addresses that are signed for it."""


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


def unreadable(deployment: Deployment) -> Iterator[str]:
    """The distribution may read the bucket it is in front of, and no other distribution may."""
    for distribution in deployment.of(DISTRIBUTION):
        for origin in _config(distribution)["Origins"]:
            bucket = deployment.named_in(origin.get("DomainName", ""))
            if bucket is None or not any(
                bucket.is_named_in(statement.get("Resource", ""))
                and statement["Effect"] == "Allow"
                and statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
                and listed(statement["Action"]) == ["s3:GetObject"]
                and distribution.is_named_in(statement.get("Condition", {}).get("StringEquals", {}))
                for policy in deployment.of("AWS::S3::BucketPolicy")
                for statement in listed(policy.properties["PolicyDocument"]["Statement"])
            ):
                yield distribution.finding("may not read its files: allow it in the BucketPolicy")


def kept_out(deployment: Deployment) -> Iterator[str]:
    """The page may ask the API what it is for."""
    (site,) = (stack for stack in deployment.stacks if stack.address == "Site.")
    url = site.output("Url")
    for api in deployment.of(API):
        said = api.properties["Body"].get("x-amazon-apigateway-cors", {})
        if isinstance(said, dict) and url not in said.get("allowOrigins", []):
            yield api.finding(f"does not answer the page: add {url} to AllowOrigins")
        if isinstance(said, dict) and not {"GET", "POST"} <= set(said.get("allowMethods", [])):
            yield api.finding("does not answer all the page asks: AllowMethods GET and POST")


def kept_from_files(deployment: Deployment) -> Iterator[str]:
    """The page sends files to one bucket and gets results from the other."""
    (site,) = (stack for stack in deployment.stacks if stack.address == "Site.")
    url = site.output("Url")
    for bucket in deployment.of("AWS::S3::Bucket"):
        method = ASKED.get(bucket.address)
        if method and not any(
            url in rule["AllowedOrigins"] and method in rule["AllowedMethods"]
            for rule in bucket.properties.get("CorsConfiguration", {}).get("CorsRules", [])
        ):
            yield bucket.finding(f"does not answer the page: CorsRules for {method} from {url}")


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
        yield from (policy.finding(what) for what in _lax(_directives(policy)))


def cut_off(deployment: Deployment) -> Iterator[str]:
    """The page may ask all that it works with: the API, the buckets, and where users sign in."""
    region = "${AWS::Region}.${AWS::URLSuffix}"
    needed = {f"https://*.execute-api.{region}", f"https://*.s3.{region}", *_sign_in(deployment)}
    for policy in deployment.of(HEADERS):
        for source in sorted(needed - set(_directives(policy).get("connect-src", []))):
            yield policy.finding(f"the page cannot ask {source}: add it to connect-src")


def _directives(policy: Resource) -> dict[str, list[str]]:
    said = policy.properties["ResponseHeadersPolicyConfig"].get("SecurityHeadersConfig", {})
    text = said.get("ContentSecurityPolicy", {}).get("ContentSecurityPolicy", "")
    return {name: sources for name, *sources in map(str.split, text.split(";"))}


def _sign_in(deployment: Deployment) -> Iterator[str]:
    """The hosts of the issuer, and of the pool's page where there is a pool."""
    for domain in deployment.of("AWS::Cognito::UserPoolDomain"):
        yield "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}"
        yield f"https://{domain.properties['Domain']}.auth.${{AWS::Region}}.amazoncognito.com"
    for api in deployment.of(API):
        for said in authorizers(api).values():
            issuer = str(said.get("jwtConfiguration", {}).get("issuer", ""))
            if issuer.startswith("https://"):
                yield "/".join(issuer.split("/")[:3])


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
    exposed_origins,
    unreadable,
    kept_out,
    kept_from_files,
    without_https,
    without_security_headers,
    lax_content_policy,
    cut_off,
)
