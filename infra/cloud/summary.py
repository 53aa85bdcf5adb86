"""What to do with a stack once it is there: addresses, a first user, a token, a request."""

from collections.abc import Iterator
from itertools import chain

from infra.cloud.checks import RECORD
from infra.cloud.stack import Stack


def summary(stack: Stack, region: str) -> str:
    """Text for the terminal, with rich's markup; its commands can be copied as they are."""
    parts = (_addresses(stack), _alarms(stack), _first_user(stack, region), _token(stack, region))
    return "\n".join(("", *chain.from_iterable(parts)))


def _addresses(stack: Stack) -> Iterator[str]:
    yield f"[bold]{stack.name} answers.[/]"
    yield f"  Page and documentation  {stack.output('SiteUrl')}  (the API's: /docs)"
    yield f"  API                     {_api(stack)}"
    yield f"  Models                  s3://{stack.output('ModelsBucket')}"
    yield f"  Files to be scored      s3://{stack.output('UploadsBucket')}/incoming/"
    yield f"  Results                 s3://{stack.output('ResultsBucket')}/runs/"
    yield ""


def _alarms(stack: Stack) -> Iterator[str]:
    if not stack.parameters.get("AlarmEmail"):
        yield "[bold]Nobody hears of alarms:[/] deploy again with --set AlarmEmail=me@example.com"
        yield ""


def _first_user(stack: Stack, region: str) -> Iterator[str]:
    pool = stack.optional("UserPoolId")
    if pool is None:
        yield f"[bold]Users[/] are those of {stack.output('Issuer')}."
    else:
        yield "[bold]The first user[/], who is sent a password:"
        yield f"  aws cognito-idp admin-create-user --region {region} --user-pool-id {pool} \\"
        yield "    --username me@example.com --user-attributes \\"
        yield "    Name=email,Value=me@example.com Name=email_verified,Value=true"
    yield ""


def _token(stack: Stack, region: str) -> Iterator[str]:
    client, url = stack.optional("ServerClientId"), stack.optional("TokenUrl")
    pool = stack.optional("UserPoolId")
    if client is None or url is None or pool is None:
        yield f"[bold]A token[/] with the scopes {stack.output('Scopes')}: ask your issuer."
    else:
        yield "[bold]A token[/] for a program, good for an hour:"
        yield "  SECRET=$(aws cognito-idp describe-user-pool-client \\"
        yield f"    --region {region} --user-pool-id {pool} --client-id {client} \\"
        yield "    --query UserPoolClient.ClientSecret --output text)"
        yield f'  TOKEN=$(curl -s {url} --user "{client}:$SECRET" \\'
        yield "    -d grant_type=client_credentials |"
        yield """    python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')"""
    yield ""
    yield "[bold]A prediction:[/]"
    yield f'  curl {_api(stack)}/predict/comprehensive -H "authorization: Bearer $TOKEN" \\'
    yield f"    -H 'content-type: application/json' -d '{RECORD.decode()}'"


def _api(stack: Stack) -> str:
    return stack.output("ApiUrl").rstrip("/")
