"""`destroy`: what would go and what stays is said first; nothing goes that was not confirmed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.markup import escape

from infra.cloud import tools
from infra.cloud.aws import Aws
from infra.cloud.errors import CloudError
from infra.cloud.settings import Settings
from infra.cloud.site_upload import empty
from infra.cloud.stack import Resource, Stack, by_type, how_to_delete, kept
from training import terminal

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Confirm = Callable[[str], str]
"""Asks for a name on the terminal."""


class NotConfirmed(CloudError):
    """Whoever was asked did not say the name."""


@dataclass(frozen=True)
class Demolition:
    """A stack that is to be deleted, and what it takes."""

    settings: Settings
    region: str
    aws: Aws
    s3: "S3Client"
    run: tools.Run = tools.run


def destroy(demolition: Demolition, stack: Stack, confirm: Confirm) -> Sequence[Resource]:
    """Delete a stack once its name was said; what stays.

    Raises:
        NotConfirmed: another name was said. Nothing was deleted.
        CommandFailed: the stack could not be deleted, or only in part: destroy it again.
    """
    resources = list(demolition.aws.resources(stack.name))
    staying = kept(resources)
    tell(stack, resources, staying)
    said = confirm(stack.name)
    if said != stack.name:
        raise NotConfirmed(f"{said!r} is not {stack.name}: nothing was deleted")
    # CloudFormation deletes no bucket that holds something; what is in this one is in the
    # repository.
    _empty_site(demolition.s3, stack)
    demolition.run(_sam_delete(demolition, stack.name))
    tell_kept(staying)
    return staying


def tell(stack: Stack, resources: Sequence[Resource], staying: Sequence[Resource]) -> None:
    """What would go, and what would stay."""
    going = [resource for resource in resources if resource not in staying]
    terminal.console.print(f"[bold]This deletes the stack {stack.name}:[/]")
    for kind, number in by_type(going).items():
        terminal.console.print(f"  {number:>3} {kind}")
    if any(resource.type == "AWS::Cognito::UserPool" for resource in going):
        terminal.console.print("  Its users are deleted, too.", style="yellow")
    terminal.console.print(f"[bold]These stay[/], with what is in them: {len(staying)}")
    for resource in staying:
        terminal.console.print(f"      {escape(resource.type)} {resource.physical_id}")


def tell_kept(staying: Sequence[Resource]) -> None:
    """What stayed, and how to delete that, too."""
    if not staying:
        return
    terminal.console.print("[bold]Kept.[/] To delete that, too, for good:")
    for resource in staying:
        command = how_to_delete(resource)
        terminal.console.print(
            f"  {command}"
            if command
            else f"  {resource.type} {resource.physical_id}, in the console",
            soft_wrap=True,
            highlight=False,
        )


def delete_bucket(s3: "S3Client", bucket: str, confirm: Confirm) -> int:
    """Delete a bucket with every version of all that is in it, once its name was said; how many.

    Raises:
        NotConfirmed: another name was said. Nothing was deleted.
    """
    s3.head_bucket(Bucket=bucket)
    said = confirm(bucket)
    if said != bucket:
        raise NotConfirmed(f"{said!r} is not {bucket}: nothing was deleted")
    deleted = empty(s3, bucket)
    s3.delete_bucket(Bucket=bucket)
    return deleted


def _empty_site(s3: "S3Client", stack: Stack) -> None:
    bucket = stack.optional("SiteBucket")
    if bucket is None:
        return
    try:
        deleted = empty(s3, bucket)
    except s3.exceptions.NoSuchBucket:
        return  # a deletion before came so far
    terminal.console.print(f"Emptied {bucket}: {deleted} objects")


def _sam_delete(demolition: Demolition, stack: str) -> list[str]:
    return [
        tools.sam(),
        "delete",
        *("--config-env", demolition.settings.env),
        *("--stack-name", stack),
        *("--region", demolition.region),
        "--no-prompts",
    ]
