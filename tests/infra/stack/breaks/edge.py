from tests.infra.stack.breaks.templates import Break, Breakable
from tests.infra.stack.rules.edge import (
    buckets_open_to_every_page,
    lax_clients,
    lax_sign_in,
    open_ports,
    open_to_every_page,
    settings_of_no_route,
    unthrottled,
    with_a_prefix,
    without_access_log,
)


def stage(t: Breakable) -> dict:
    return t("ApiApiGatewayDefaultStage")


BREAKS: list[Break] = [
    (unthrottled, lambda t: stage(t).pop("DefaultRouteSettings")),
    (unthrottled, lambda t: stage(t)["DefaultRouteSettings"].pop("ThrottlingBurstLimit")),
    (settings_of_no_route, lambda t: stage(t)["RouteSettings"].update({"GET /x": {}})),
    (with_a_prefix, lambda t: stage(t).update(StageName="v1")),
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
    (lax_sign_in, lambda t: t.sign_in("UserPool").pop("AdminCreateUserConfig")),
    (lax_sign_in, lambda t: t.sign_in("UserPool").pop("Policies")),
    (lax_clients, lambda t: t.sign_in("PageClient").update(AllowedOAuthFlows=["implicit"])),
    (lax_clients, lambda t: t.sign_in("PageClient").update(GenerateSecret=True)),
    (lax_clients, lambda t: t.sign_in("PageClient").update(CallbackURLs=["http://x.example/"])),
    (lax_clients, lambda t: t.sign_in("PageClient").pop("AllowedOAuthFlows")),
    (lax_clients, lambda t: t.sign_in("ServerClient").update(GenerateSecret=False)),
    (
        open_ports,
        lambda t: t.training("SecurityGroup").update(
            SecurityGroupIngress=[{"CidrIp": "0.0.0.0/0"}]
        ),
    ),
    (open_ports, lambda t: t.add("In", "AWS::EC2::SecurityGroupIngress", CidrIp="0.0.0.0/0")),
]
