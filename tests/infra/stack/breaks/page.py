from tests.infra.stack.breaks.templates import Break, Breakable
from tests.infra.stack.rules.page import (
    cut_off,
    exposed_origins,
    kept_from_files,
    kept_out,
    lax_content_policy,
    unreadable,
    without_https,
    without_security_headers,
)


def distribution(t: Breakable) -> dict:
    return t.site("Distribution")["DistributionConfig"]


def headers(t: Breakable) -> dict:
    return t.site("Headers")["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]


def content_policy(t: Breakable, written: str, otherwise: str) -> None:
    policy = headers(t)["ContentSecurityPolicy"]
    directives = policy["ContentSecurityPolicy"]["Fn::Join"][1]
    assert written in directives
    directives[directives.index(written)] = otherwise


def hosts(t: Breakable) -> list:
    """Of connect-src, after its name."""
    directives = headers(t)["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Join"][1]
    (connections,) = (each["Fn::Join"][1] for each in directives if isinstance(each, dict))
    return connections


def old_tls(t: Breakable) -> None:
    certificate = distribution(t)["ViewerCertificate"]["Fn::If"][1]
    certificate["MinimumProtocolVersion"] = "TLSv1.1_2016"


def site_policy(t: Breakable) -> dict:
    return t.site("BucketPolicy")["PolicyDocument"]["Statement"][0]


def cors(t: Breakable) -> dict:
    return t("Api")["Body"]["x-amazon-apigateway-cors"]["Fn::If"][2]


BREAKS: list[Break] = [
    (unreadable, lambda t: site_policy(t).update(Effect="Deny")),
    (unreadable, lambda t: site_policy(t).pop("Condition")),
    (unreadable, lambda t: site_policy(t).update(Action="s3:GetObjectVersion")),
    (kept_out, lambda t: cors(t).update(allowOrigins=["https://shop.example.com"])),
    (kept_out, lambda t: cors(t)["allowMethods"].remove("POST")),
    (kept_from_files, lambda t: t.buckets("Uploads").pop("CorsConfiguration")),
    (
        kept_from_files,
        lambda t: t("Buckets")["Parameters"].update(SiteOrigin="https://example.com"),
    ),
    (exposed_origins, lambda t: distribution(t)["Origins"][0].pop("OriginAccessControlId")),
    (
        exposed_origins,
        lambda t: t.site("Access")["OriginAccessControlConfig"].update(SigningBehavior="never"),
    ),
    (exposed_origins, lambda t: distribution(t)["Origins"][0].update(CustomOriginConfig={})),
    (
        without_https,
        lambda t: distribution(t)["DefaultCacheBehavior"].update(ViewerProtocolPolicy="allow-all"),
    ),
    (without_https, lambda t: distribution(t).update(CacheBehaviors=[{"PathPattern": "/x"}])),
    (without_https, old_tls),
    (
        without_security_headers,
        lambda t: distribution(t)["DefaultCacheBehavior"].pop("ResponseHeadersPolicyId"),
    ),
    (without_security_headers, lambda t: headers(t).pop("StrictTransportSecurity")),
    (without_security_headers, lambda t: headers(t).pop("ContentTypeOptions")),
    (without_security_headers, lambda t: headers(t).pop("FrameOptions")),
    (without_security_headers, lambda t: headers(t).pop("ReferrerPolicy")),
    (without_security_headers, lambda t: headers(t).pop("ContentSecurityPolicy")),
    (
        lax_content_policy,
        lambda t: content_policy(t, "script-src 'self'", "script-src 'self' 'unsafe-inline'"),
    ),
    (lax_content_policy, lambda t: content_policy(t, "script-src 'self'", "script-src https:")),
    (lax_content_policy, lambda t: content_policy(t, "style-src 'self'", "style-src *")),
    (lax_content_policy, lambda t: content_policy(t, "default-src 'none'", "img-src *")),
    (lax_content_policy, lambda t: content_policy(t, "frame-ancestors 'none'", "img-src *")),
    (lax_content_policy, lambda t: hosts(t).append("*")),
    (lax_content_policy, lambda t: hosts(t).append("https://*.example.com")),
    (cut_off, lambda t: hosts(t).pop(1)),
    (cut_off, lambda t: t.sign_in("SignInPage").update(Domain="another")),
    (cut_off, lambda t: t("Site")["Parameters"].update(IssuerHost="example.com")),
]
