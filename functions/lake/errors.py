"""Errors, named for what to do next.

Every one carries a sentence that names the file or field, the value and the way to mend it.
"""


class OutlayError(Exception):
    """Something that a person must read; str(error) is the sentence for them."""


class ConfigurationError(OutlayError):
    """A setting, file or declaration is wrong: mend it and run again; a retry alone changes nothing."""


class BillError(OutlayError):
    """A bill cannot be read as it was delivered; nothing of it was published."""


class AuditError(OutlayError):
    """A new partition failed its checks; the published one stands, the rejected build is kept to look at."""


class RollupError(OutlayError):
    """Some rollups could not be built; what they had published stands, and the next run builds them again."""


class QueryError(OutlayError):
    """Athena refused or failed a query; the message begins with Athena's own words."""


class RetriableError(OutlayError):
    """The same call may go through later: the run fails, and its retry or the next run repairs."""
