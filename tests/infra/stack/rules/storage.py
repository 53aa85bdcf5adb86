"""What is kept, and who can come at it: buckets."""

from collections.abc import Iterator
from typing import Any

from tests.infra.stack.deployment import Deployment, Resource, listed

BUCKET = "AWS::S3::Bucket"
POLICY = "AWS::S3::BucketPolicy"
VERSIONED = {"Buckets.Models", "Buckets.Uploads"}
"""Models can be rolled back to; a run says which version of an upload it was of."""
EXPIRING = {"Buckets.Uploads": "incoming/", "Buckets.Results": ""}
"""Where customers' data comes in and goes out: it is not kept for ever."""
BLOCKED = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def public_buckets(deployment: Deployment) -> Iterator[str]:
    for bucket in deployment.of(BUCKET):
        blocked = bucket.properties.get("PublicAccessBlockConfiguration", {})
        for name in BLOCKED:
            if not _is_true(blocked.get(name)):
                yield bucket.finding(f"may become public: set {name}: true")
        if "AccessControl" in bucket.properties:
            yield bucket.finding("has an ACL: remove AccessControl")
        if "WebsiteConfiguration" in bucket.properties:
            yield bucket.finding("is a website, without HTTPS: serve it by CloudFront")


def public_policies(deployment: Deployment) -> list[str]:
    """Nobody is let in by a policy but a service of AWS on behalf of something in this account."""
    return [
        policy.finding(f"lets {statement['Principal']} in: only Deny may speak of everybody")
        for policy in deployment.of(POLICY)
        for statement in statements(policy)
        if statement["Effect"] == "Allow" and not _of_a_service(statement)
    ]


def unencrypted_buckets(deployment: Deployment) -> Iterator[str]:
    for bucket in deployment.of(BUCKET):
        rules = bucket.properties.get("BucketEncryption", {}).get(
            "ServerSideEncryptionConfiguration", []
        )
        ways = [rule.get("ServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules]
        if not ways or not set(ways) <= {"AES256", "aws:kms", "aws:kms:dsse"}:
            yield bucket.finding("is not encrypted: set BucketEncryption")


def without_tls(deployment: Deployment) -> list[str]:
    """A policy denies the bucket and all in it to whoever comes without TLS."""
    return [
        bucket.finding("answers without TLS: deny s3:* where aws:SecureTransport is false")
        for bucket in deployment.of(BUCKET)
        if not any(_denies_plain(bucket, each) for each in _policies_of(deployment, bucket))
    ]


def with_owners(deployment: Deployment) -> Iterator[str]:
    """Objects belong to the bucket's owner, whoever wrote them: there are no ACLs."""
    for bucket in deployment.of(BUCKET):
        rules = bucket.properties.get("OwnershipControls", {}).get("Rules", [])
        if [rule.get("ObjectOwnership") for rule in rules] != ["BucketOwnerEnforced"]:
            yield bucket.finding("knows ACLs: set ObjectOwnership: BucketOwnerEnforced")


def forgetful(deployment: Deployment) -> Iterator[str]:
    """Versions where something may have to be brought back, and an end for those outlived."""
    for bucket in deployment.of(BUCKET):
        if bucket.address not in VERSIONED:
            continue
        if bucket.properties.get("VersioningConfiguration", {}).get("Status") != "Enabled":
            yield bucket.finding("forgets what is overwritten: enable versioning")
        rules = bucket.properties.get("LifecycleConfiguration", {}).get("Rules", [])
        if not any("NoncurrentVersionExpiration" in rule for rule in rules):
            yield bucket.finding("keeps old versions for ever: expire noncurrent ones")


def hoarding(deployment: Deployment) -> Iterator[str]:
    """Parts of uploads that were given up are deleted, customers' data after some time."""
    for bucket in deployment.of(BUCKET):
        if not any("AbortIncompleteMultipartUpload" in rule for rule in _life_cycle(bucket, "")):
            yield bucket.finding("keeps parts of uploads given up: abort them after days")
        prefix = EXPIRING.get(bucket.address)
        if prefix is not None and not any(
            "ExpirationInDays" in rule for rule in _life_cycle(bucket, prefix)
        ):
            yield bucket.finding("keeps customers' data for ever: set ExpirationInDays")
        versioned = bucket.properties.get("VersioningConfiguration", {}).get("Status") == "Enabled"
        if (
            versioned
            and prefix is not None
            and not any(
                "NoncurrentVersionExpiration" in rule for rule in _life_cycle(bucket, prefix)
            )
        ):
            yield bucket.finding(
                "keeps versions of customers' data for ever: expire noncurrent ones"
            )


def deleted_with_the_stack(deployment: Deployment) -> Iterator[str]:
    """Data outlives its stack, and a change that makes CloudFormation replace the bucket."""
    for bucket in deployment.of(BUCKET):
        for attribute in ("DeletionPolicy", "UpdateReplacePolicy"):
            said = bucket.attributes.get(attribute)
            if said not in {"Retain", "RetainExceptOnCreate"} and bucket.address.startswith(
                "Buckets."
            ):
                yield bucket.finding(f"loses its data: set {attribute}: Retain")


def statements(policy: Resource) -> list[dict[str, Any]]:
    return listed(policy.properties["PolicyDocument"]["Statement"])


def _policies_of(deployment: Deployment, bucket: Resource) -> Iterator[Resource]:
    return (each for each in deployment.of(POLICY) if bucket.is_named_in(each.properties["Bucket"]))


def _denies_plain(bucket: Resource, policy: Resource) -> bool:
    arns = {f"${{{bucket.address}.Arn}}", f"arn:${{AWS::Partition}}:s3:::${{{bucket.address}}}"}
    for statement in statements(policy):
        condition = statement.get("Condition", {}).get("Bool", {})
        resources = set(listed(statement.get("Resource")))
        if (
            statement["Effect"] == "Deny"
            and statement["Principal"] in ("*", {"AWS": "*"})
            and listed(statement["Action"]) == ["s3:*"]
            and _is_false(condition.get("aws:SecureTransport"))
            and any({arn, f"{arn}/*"} <= resources for arn in arns)
        ):
            return True
    return False


def _of_a_service(statement: dict[str, Any]) -> bool:
    """For whom, and only on behalf of whom, is a matter of rules/policies.py."""
    principal = statement["Principal"]
    return isinstance(principal, dict) and set(principal) == {"Service"}


def _life_cycle(bucket: Resource, prefix: str) -> list[dict[str, Any]]:
    """The rules that hold for all objects under a prefix."""
    return [
        rule
        for rule in bucket.properties.get("LifecycleConfiguration", {}).get("Rules", [])
        if rule.get("Status") == "Enabled"
        and prefix.startswith(rule.get("Prefix", ""))
        and "TagFilters" not in rule
    ]


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _is_false(value: Any) -> bool:
    return str(value).lower() == "false"


RULES = (
    public_buckets,
    public_policies,
    unencrypted_buckets,
    without_tls,
    with_owners,
    forgetful,
    hoarding,
    deleted_with_the_stack,
)
