"""What to do with a stack once it is there: addresses, a first user, a token, a request."""

from collections.abc import Iterator

from infra.cloud.checks import RECORD
from infra.cloud.stack import Stack


def summary(stack: Stack, region: str) -> Iterator[str]:
    """Lines for the terminal."""
    api = stack.output("ApiUrl").rstrip("/")
    yield f"\n[bold]{stack.name} answers.[/]"
    yield f"\n  Page and documentation  {stack.output('SiteUrl')}  (the API's: /docs)"
    yield f"\n  API                     {api}"
    yield f"\n  Models                  s3://{stack.output('ModelsBucket')}"
    yield f"\n  Files to be scored      s3://{stack.output('UploadsBucket')}/incoming/"
    yield f"\n  Results                 s3://{stack.output('ResultsBucket')}/runs/\n"
    yield from _first_user(stack, region)
    yield from _token(stack, region)
    yield "\n[bold]A prediction:[/]"
    yield f'\n  curl {api}/predict/comprehensive -H "authorization: Bearer $TOKEN" \\'
    yield f"\n      --json '{RECORD.decode()}'\n"


def _first_user(stack: Stack, region: str) -> Iterator[str]:
    pool = stack.optional("UserPoolId")
    if pool is None:
        yield f"\n[bold]Users[/] are those of {stack.output('Issuer')}.\n"
        return
    yield "\n[bold]The first user[/], who is sent a password:"
    yield f"\n  aws cognito-idp admin-create-user --region {region} --user-pool-id {pool} \\"
    yield "\n      --username me@example.com --user-attributes Name=email,Value=me@example.com"
    yield " Name=email_verified,Value=true\n"


def _token(stack: Stack, region: str) -> Iterator[str]:
    client, url = stack.optional("ServerClientId"), stack.optional("TokenUrl")
    pool = stack.optional("UserPoolId")
    if client is None or url is None or pool is None:
        yield "\n[bold]A token[/] for a program: ask your issuer, with the scopes"
        yield f" {stack.output('Scopes')}\n"
        return
    yield "\n[bold]A token[/] for a program, good for an hour:"
    yield "\n  SECRET=$(aws cognito-idp describe-user-pool-client"
    yield f" --region {region} --user-pool-id {pool} \\"
    yield f"\n      --client-id {client} --query UserPoolClient.ClientSecret --output text)"
    yield f"\n  TOKEN=$(curl -s {url} --user {client}:$SECRET -d grant_type=client_credentials \\"
    yield "\n      | python3 -c 'import json,sys; print(json.load(sys.stdin)[\"access_token\"])')\n"
