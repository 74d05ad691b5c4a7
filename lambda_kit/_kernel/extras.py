"""The error for a package that an extra of the kit installs."""

from __future__ import annotations

from lambda_kit.errors import MissingExtra


def command(extra: str) -> str:
    """Return the command that installs an extra of the kit."""
    return f'pip install "lambda-kit-sdk[{extra}]"'


def missing(what: str, package: str, extra: str) -> MissingExtra:
    """Return the error for a missing package.

    Args:
        what: the part of the kit that needs it: `"batch(model=...)"`.
        package: the name of the package.
        extra: the extra of the kit that installs it.
    """
    error = MissingExtra(f"{what} needs {package}, which is not installed: {command(extra)}")
    error.extra = extra
    return error
