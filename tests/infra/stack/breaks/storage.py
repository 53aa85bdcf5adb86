from tests.infra.stack.breaks.templates import Break, Breakable
from tests.infra.stack.rules.storage import (
    deleted_with_the_stack,
    forgetful,
    hoarding,
    public_buckets,
    public_policies,
    unencrypted_buckets,
    with_owners,
    without_tls,
)


def policy(t: Breakable, name: str) -> dict:
    return t.buckets(name)["PolicyDocument"]["Statement"][0]


def open_to_all(t: Breakable) -> None:
    document = t.buckets("ResultsPolicy")["PolicyDocument"]
    document["Statement"].append(
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "x"}
    )


def bucket(t: Breakable, name: str) -> dict:
    return t.body(name, "infra/buckets.yaml")


def rules(t: Breakable, name: str) -> list:
    return t.buckets(name)["LifecycleConfiguration"]["Rules"]


BREAKS: list[Break] = [
    (public_buckets, lambda t: t.buckets("Results").pop("PublicAccessBlockConfiguration")),
    (
        public_buckets,
        lambda t: t.site("Bucket")["PublicAccessBlockConfiguration"].update(
            BlockPublicPolicy=False
        ),
    ),
    (public_buckets, lambda t: t.buckets("Models").update(AccessControl="PublicRead")),
    (public_buckets, lambda t: t.site("Bucket").update(WebsiteConfiguration={})),
    (public_buckets, lambda t: t.add("New", "AWS::S3::Bucket")),
    (public_policies, open_to_all),
    (public_policies, lambda t: policy(t, "ModelsPolicy").update(Effect="Allow")),
    (
        public_policies,
        lambda t: policy(t, "ModelsPolicy").update(Effect="Allow", Principal={"AWS": "*"}),
    ),
    (unencrypted_buckets, lambda t: t.buckets("Uploads").pop("BucketEncryption")),
    (without_tls, lambda t: policy(t, "UploadsPolicy").pop("Condition")),
    (without_tls, lambda t: policy(t, "UploadsPolicy").update(Effect="Allow")),
    (without_tls, lambda t: policy(t, "UploadsPolicy").update(Action="s3:PutObject")),
    (without_tls, lambda t: policy(t, "UploadsPolicy")["Resource"].pop()),
    (without_tls, lambda t: policy(t, "UploadsPolicy").update(Principal={"AWS": "111122223333"})),
    (with_owners, lambda t: t.buckets("Results").pop("OwnershipControls")),
    (
        with_owners,
        lambda t: t.buckets("Results")["OwnershipControls"]["Rules"][0].update(
            ObjectOwnership="ObjectWriter"
        ),
    ),
    (forgetful, lambda t: t.buckets("Models").pop("VersioningConfiguration")),
    (
        forgetful,
        lambda t: t.buckets("Uploads")["VersioningConfiguration"].update(Status="Suspended"),
    ),
    (forgetful, lambda t: rules(t, "Models").pop(0)),
    (hoarding, lambda t: rules(t, "Results").pop()),
    (hoarding, lambda t: rules(t, "Models")[-1].update(Status="Disabled")),
    (hoarding, lambda t: rules(t, "Models")[-1].update(Prefix="old/")),
    (hoarding, lambda t: rules(t, "Uploads")[0].pop("ExpirationInDays")),
    (hoarding, lambda t: rules(t, "Uploads")[0].pop("NoncurrentVersionExpiration")),
    (deleted_with_the_stack, lambda t: bucket(t, "Models").pop("DeletionPolicy")),
    (deleted_with_the_stack, lambda t: bucket(t, "Results").pop("UpdateReplacePolicy")),
    (deleted_with_the_stack, lambda t: bucket(t, "Uploads").update(DeletionPolicy="Delete")),
]
