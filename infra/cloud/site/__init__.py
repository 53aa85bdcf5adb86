"""The static site: what it is made of, and how it gets into its bucket."""

from infra.cloud.site.build import SiteFile, build
from infra.cloud.site.upload import Uploaded, empty, upload

__all__ = ["SiteFile", "Uploaded", "build", "empty", "upload"]
