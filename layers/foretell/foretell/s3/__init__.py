"""Reading objects of S3 with signed GETs, and nothing else that S3 can do.

boto3 can do all of it, and takes a third of a function's cold start to import and to make a
client with. Proxies are not supported: a function reads S3 through its VPC or directly.
"""

from foretell.s3.connection import PAUSE_SECONDS, Patience
from foretell.s3.reader import Fetched, ObjectNotFound, ObjectReader

__all__ = ["PAUSE_SECONDS", "Fetched", "ObjectNotFound", "ObjectReader", "Patience"]
