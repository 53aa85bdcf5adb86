"""Why there is no site to serve, each told in one plain line."""


class SiteError(Exception):
    """The site cannot be built."""


class SiteRefused(SiteError):
    """The files of the site do not go together."""


class LibraryMissing(SiteError):
    """A library of the page is not installed, or not the version that is wanted."""
