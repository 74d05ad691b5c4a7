"""The error of packages that are not installed."""

from __future__ import annotations

from lambda_kit.errors._base import ConfigurationError


class MissingExtra(ConfigurationError, ImportError):
    """A package that an option needs is not installed; the message has the command that installs it.

    Attributes:
        extra: the extra of the kit that installs it.
    """

    extra: str = ""
