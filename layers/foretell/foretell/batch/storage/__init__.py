"""All reading and writing of batch scoring: of S3, or of a folder, behind two small protocols.

A `Source` is the file that was dropped; `Results` are the objects of one run. What S3 or the disk
refuse is told as StorageUnreachable, what is wrong with the file itself as UnscorableFile.
"""

from foretell.batch.storage.bucket import S3Results
from foretell.batch.storage.claims import StatusFile, claimed, stored_run, stored_status
from foretell.batch.storage.folder import FolderResults
from foretell.batch.storage.results import ANYTHING, NOTHING, Expected, Output, Results, Stored
from foretell.batch.storage.s3_source import S3Source, connect, look_up, version_of
from foretell.batch.storage.source import FileSource, Source

__all__ = [
    "ANYTHING",
    "NOTHING",
    "Expected",
    "FileSource",
    "FolderResults",
    "Output",
    "Results",
    "S3Results",
    "S3Source",
    "Source",
    "StatusFile",
    "Stored",
    "claimed",
    "connect",
    "look_up",
    "stored_run",
    "stored_status",
    "version_of",
]
