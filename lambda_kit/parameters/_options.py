"""The options of the functions and handles, for type checkers. The program itself never imports this module."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class CacheOptions(TypedDict, total=False):
    """Options of every function and handle."""

    ttl: float | None
    stale_if_error: float
    refresh: Literal["block", "background"]
    region: str | None
    client: Any
    source: Literal["auto", "extension", "aws", "environment"] | None


class ParameterOptions(CacheOptions, total=False):
    """Options of one parameter."""

    decrypt: bool
    version: int | None
    label: str | None


class GetOptions(ParameterOptions, total=False):
    """Options of `get`."""

    fresh: bool


class ParameterHandleOptions(ParameterOptions, total=False):
    """Options of `Parameter`."""

    eager: bool | Literal["now"]


class GetManyOptions(CacheOptions, total=False):
    """Options of `get_many`."""

    decrypt: bool
    fresh: bool


class PathOptions(GetManyOptions, total=False):
    """Options of `by_path`."""

    recursive: bool


class SecretBaseOptions(CacheOptions, total=False):
    """Options of one secret."""

    version_id: str | None
    stage: str | None
    rotation: bool


class SecretOptions(SecretBaseOptions, total=False):
    """Options of `secret`."""

    fresh: bool


class SecretHandleOptions(SecretBaseOptions, total=False):
    """Options of `Secret`."""

    eager: bool | Literal["now"]


class AppConfigOptions(TypedDict, total=False):
    """Options of `app_config`."""

    ttl: float
    stale_if_error: float
    refresh: Literal["block", "background"]
    region: str | None
    client: Any
    source: Literal["auto", "extension", "aws", "environment"] | None
    fresh: bool
