"""Buckets of a deployed stack, in a real S3."""

import uuid

import boto3
import pytest

from tests.shared import deployed

BUCKETS = ("SiteBucket", "ModelsBucket", "UploadsBucket", "ResultsBucket")


@pytest.fixture
def s3(s3_endpoint):
    return boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1")


@pytest.fixture
def stack(s3):
    """A stack whose buckets are there, and empty."""
    names = {output: f"{output.lower()}-{uuid.uuid4().hex}" for output in BUCKETS}
    for name in names.values():
        s3.create_bucket(Bucket=name)
    return deployed.stack(**names)
