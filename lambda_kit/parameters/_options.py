"""The options of the functions and handles, for type checkers: this module is not imported while the program runs."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class CacheOptions(TypedDict, total=False):
    """Those that everything has."""

    ttl: float | None
    stale_if_error: float
    refresh: Literal["block", "background"]
    region: str | None
    client: Any
    source: Literal["auto", "extension", "aws", "environment"] | None


class ParameterOptions(CacheOptions, total=False):
    """Those of one parameter."""

    decrypt: bool
    version: int | None
    label: str | None


class GetOptions(ParameterOptions, total=False):
    """Those of `get`."""

    fresh: bool


class ParameterHandleOptions(ParameterOptions, total=False):
    """Those of `Parameter`."""

    eager: bool


class GetManyOptions(CacheOptions, total=False):
    """Those of `get_many`."""

    decrypt: bool
    fresh: bool


class PathOptions(GetManyOptions, total=False):
    """Those of `by_path`."""

    recursive: bool


class SecretBaseOptions(CacheOptions, total=False):
    """Those of one secret."""

    version_id: str | None
    stage: str | None
    rotation: bool


class SecretOptions(SecretBaseOptions, total=False):
    """Those of `secret`."""

    fresh: bool


class SecretHandleOptions(SecretBaseOptions, total=False):
    """Those of `Secret`."""

    eager: bool


class AppConfigOptions(TypedDict, total=False):
    """Those of `app_config`."""

    ttl: float
    stale_if_error: float
    refresh: Literal["block", "background"]
    region: str | None
    client: Any
    source: Literal["auto", "extension", "aws", "environment"] | None
    fresh: bool
