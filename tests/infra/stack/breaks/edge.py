from tests.infra.stack.breaks.templates import Break, Breakable
from tests.infra.stack.rules.edge import (
    buckets_open_to_every_page,
    exposed_origins,
    lax_clients,
    lax_content_policy,
    lax_sign_in,
    open_ports,
    open_to_every_page,
    unthrottled,
    without_access_log,
    without_https,
    without_security_headers,
)


def stage(t: Breakable) -> dict:
    return t("ApiApiGatewayDefaultStage")


def distribution(t: Breakable) -> dict:
    return t.site("Distribution")["DistributionConfig"]


def headers(t: Breakable) -> dict:
    return t.site("Headers")["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]


def content_policy(t: Breakable, written: str, otherwise: str) -> None:
    policy = headers(t)["ContentSecurityPolicy"]
    directives = policy["ContentSecurityPolicy"]["Fn::Join"][1]
    assert written in directives
    directives[directives.index(written)] = otherwise


def foreign_host(t: Breakable, host: str) -> None:
    directives = headers(t)["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Join"][1]
    (connections,) = (each["Fn::Join"][1] for each in directives if isinstance(each, dict))
    connections.append(host)


def old_tls(t: Breakable) -> None:
    certificate = distribution(t)["ViewerCertificate"]["Fn::If"][1]
    certificate["MinimumProtocolVersion"] = "TLSv1.1_2016"


BREAKS: list[Break] = [
    (unthrottled, lambda t: stage(t).pop("DefaultRouteSettings")),
    (unthrottled, lambda t: stage(t)["DefaultRouteSettings"].pop("ThrottlingBurstLimit")),
    (without_access_log, lambda t: stage(t).pop("AccessLogSettings")),
    (without_access_log, lambda t: stage(t)["AccessLogSettings"].update(Format="$context.status")),
    (
        open_to_every_page,
        lambda t: t("Api")["Body"].update({"x-amazon-apigateway-cors": {"allowOrigins": ["*"]}}),
    ),
    (open_to_every_page, lambda t: t("Api")["Body"].pop("x-amazon-apigateway-cors")),
    (
        buckets_open_to_every_page,
        lambda t: t.buckets("Results")["CorsConfiguration"]["CorsRules"][0].update(
            AllowedOrigins=["https://*"]
        ),
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
    (lax_content_policy, lambda t: foreign_host(t, "*")),
    (lax_content_policy, lambda t: foreign_host(t, "https://*.example.com")),
    (lax_sign_in, lambda t: t.sign_in("UserPool").pop("AdminCreateUserConfig")),
    (lax_sign_in, lambda t: t.sign_in("UserPool").pop("Policies")),
    (lax_clients, lambda t: t.sign_in("PageClient").update(AllowedOAuthFlows=["implicit"])),
    (lax_clients, lambda t: t.sign_in("PageClient").update(GenerateSecret=True)),
    (lax_clients, lambda t: t.sign_in("PageClient").update(CallbackURLs=["http://x.example/"])),
    (
        open_ports,
        lambda t: t.training("SecurityGroup").update(
            SecurityGroupIngress=[{"CidrIp": "0.0.0.0/0"}]
        ),
    ),
    (open_ports, lambda t: t.add("In", "AWS::EC2::SecurityGroupIngress", CidrIp="0.0.0.0/0")),
]
