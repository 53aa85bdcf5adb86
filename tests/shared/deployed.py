"""A deployed stack that is not there, and an AWS that knows no other."""

from dataclasses import dataclass, field
from typing import Any

from infra.cloud.preflight import Concurrency
from infra.cloud.stack import Resource, Stack

OUTPUTS = {
    "ApiUrl": "https://a1b2c3.execute-api.eu-central-1.amazonaws.com",
    "SiteUrl": "https://d1.cloudfront.net",
    "SiteBucket": "site",
    "DistributionId": "E1",
    "ModelsBucket": "models",
    "UploadsBucket": "uploads",
    "ResultsBucket": "results",
    "Issuer": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab1",
    "Scopes": "foretell/predict foretell/upload",
    "ClientId": "page-client",
    "Currency": "EUR",
    "ServerClientId": "server-client",
    "UserPoolId": "eu-central-1_Ab1",
    "SignInUrl": "https://foretell-1.auth.eu-central-1.amazoncognito.com",
    "TokenUrl": "https://foretell-1.auth.eu-central-1.amazoncognito.com/oauth2/token",
}
OF_THE_POOL = ("ClientId", "ServerClientId", "UserPoolId", "SignInUrl", "TokenUrl")


def stack(without: tuple[str, ...] = (), parameters: Any = (), **outputs: str) -> Stack:
    """A stack with the outputs of template.yaml."""
    said = {name: value for name, value in (OUTPUTS | outputs).items() if name not in without}
    return Stack("foretell-dev", said, dict(parameters))


@dataclass
class FakeAws:
    """Says what it is told to say, and notes what is asked of it."""

    deployed: Stack | None = None
    limits: Concurrency = field(default_factory=lambda: Concurrency(1_000, 1_000))
    belongings: tuple[Resource, ...] = ()
    invalidated: list[str] = field(default_factory=list)

    def account(self) -> str:
        return "123456789012"

    def concurrency(self) -> Concurrency:
        return self.limits

    def stack(self, name: str) -> Stack | None:
        return self.deployed

    def resources(self, name: str) -> tuple[Resource, ...]:
        return self.belongings

    def invalidate(self, distribution: str, reference: str) -> None:
        self.invalidated.append(distribution)
