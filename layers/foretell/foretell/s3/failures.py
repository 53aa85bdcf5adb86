"""What is said where S3 refuses or does not answer, whichever way it was asked."""

from typing import Final

_OF_CREDENTIALS: Final = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
}


def refusal(registry: str, code: str) -> str:
    """What S3's code means, and what to do."""
    if code == "NoSuchBucket":
        return f"the bucket of {registry} does not exist: create it, or check the address"
    if code in {"AccessDenied", "403"}:
        return (
            f"access to {registry} is denied: check the credentials and the bucket's policy"
            " (without s3:ListBucket a missing object is answered so, too)"
        )
    if code in _OF_CREDENTIALS:
        return f"S3 does not accept the credentials for {registry} ({code}): renew or check them"
    return f"S3 refused a request for {registry} ({code})"


def elsewhere(registry: str, region: str, asked: str) -> str:
    """The bucket is in another region than the one that was asked."""
    return (
        f"the bucket of {registry} is in {region} and was looked for in {asked}: set AWS_REGION"
        " to the bucket's region, or keep the registry in the function's"
    )


def no_answer(registry: str, reason: BaseException) -> str:
    """Nothing that came was a whole answer."""
    return (
        f"{registry} cannot be reached ({type(reason).__name__}): check the network, the"
        " credentials, the region and AWS_ENDPOINT_URL_S3"
    )
