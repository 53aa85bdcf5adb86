"""Where the objects of a bucket are, from the variables that the AWS SDKs read."""

import os
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from foretell.problems import RegistryUnreachable
from foretell.s3.signature import encoded_path


@dataclass(frozen=True)
class Endpoint:
    """Where the objects of one bucket are."""

    scheme: str
    host: str
    """With the port, where one was given."""

    folder: str
    """Path of all objects, encoded; ends in a slash."""

    region: str

    @classmethod
    def of(cls, bucket: str) -> Self:
        """At AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, or else in AWS.

        Raises:
            RegistryUnreachable: no region is set, or the endpoint is no address.
        """
        region = _region()
        for variable in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
            if os.environ.get(variable):
                return cls._set_by(variable, bucket, region)
        return cls._in_aws(bucket, region)

    @classmethod
    def _set_by(cls, variable: str, bucket: str, region: str) -> Self:
        try:
            url = urlsplit(os.environ[variable])
        except ValueError:
            url = urlsplit("")
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise RegistryUnreachable(
                f"{variable} is no address of S3: set it to one such as https://s3.example.com"
            )
        host = url.netloc.rpartition("@")[2]
        folder = f"{url.path.rstrip('/')}/{encoded_path(bucket)}/"
        return cls(url.scheme, host, folder, region)

    @classmethod
    def _in_aws(cls, bucket: str, region: str) -> Self:
        host = f"s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
        if "." in bucket:
            # AWS's certificates are for one label in front of the host.
            return cls("https", host, f"/{bucket}/", region)
        return cls("https", f"{bucket}.{host}", "/", region)


def _region() -> str:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise RegistryUnreachable("set AWS_REGION to the region of the registry's bucket")
    return region
