"""Queries: the checked options of a function or handle, and the key that its value is kept by."""

from __future__ import annotations

import re

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

UNSET: Any = object()
ENVIRONMENT = "environment"
_TRANSFORMS = ("json", "binary", "auto")
SOURCES = ("auto", "extension", "aws", ENVIRONMENT)

# The options of every reading function and their defaults, those of the cache last.
_COMMON = {
    "transform": None,
    "region": None,
    "client": None,
    "source": None,
    "ttl": UNSET,
    "stale_if_error": 3600.0,
    "refresh": "block",
}
_ONE = {**_COMMON, "default": UNSET, "fresh": False}
_HANDLE = {**_COMMON, "default": UNSET, "eager": False}
_PARAMETER = {"decrypt": True, "version": None, "label": None}
_SECRET = {"version_id": None, "stage": None, "rotation": False}
OPTIONS: dict[str, dict[str, Any]] = {
    "get": {**_ONE, **_PARAMETER},
    "Parameter": {**_HANDLE, **_PARAMETER, "secret": False},
    "get_many": {**_ONE, "decrypt": True},
    "by_path": {**_COMMON, "fresh": False, "decrypt": True, "recursive": True},
    "secret": {**_ONE, **_SECRET},
    "Secret": {**_HANDLE, **_SECRET},
    "app_config": _ONE,
}
_TTL = {"app_config": 60.0}
_DEFAULT_TTL = 300.0  # of all others
_CACHE = ("ttl", "stale_if_error", "refresh")
_KINDS = {
    "get": "parameter",
    "Parameter": "parameter",
    "get_many": "parameter",
    "by_path": "path",
    "secret": "secret",
    "Secret": "secret",
    "app_config": "app_config",
}
_TITLES = {"parameter": "parameter", "path": "parameters below", "secret": "secret", "app_config": "app configuration"}
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")


class Query:
    """The description of one value. Queries with equal keys share one value.

    Attributes:
        kind: `"parameter"`, `"path"`, `"secret"` or `"app_config"`.
        name: the name; for a configuration application, environment and profile, joined by slashes.
        transform: the transform of its value.
        convert: the function that converts its text; None where the transform is None or a name.
        region: another region than that of the function.
        client: a boto3 client to use.
        source: the source that the call names; None to leave it to the environment.
        optional: whether there is a default, so that the answer "it does not exist" is cached too.
        wrapped: whether the value is hidden in a `SecretValue`.
        version, label, decrypt: options of a parameter.
        version_id, stage, rotation: options of a secret.
        recursive: option of a path.
        cache: the options of its resource.
        place: the region and the client with which AWS is called.
        key: everything that changes the value.
    """

    __slots__ = (
        "cache",
        "client",
        "convert",
        "decrypt",
        "key",
        "kind",
        "label",
        "name",
        "optional",
        "place",
        "recursive",
        "region",
        "rotation",
        "source",
        "stage",
        "transform",
        "version",
        "version_id",
        "wrapped",
    )

    def __init__(self, where: str, name: str, options: Mapping[str, Any]) -> None:
        self.kind = _KINDS[where]
        self.name = name
        self.transform: Any = options["transform"]
        self.convert: Callable[[Any], Any] | None = options["convert"]
        self.region: str | None = options["region"]
        self.client: Any = options["client"]
        self.place = (self.region, _Identity(self.client))
        self.source: str | None = options["source"]
        self.optional: bool = options.get("default", UNSET) is not UNSET
        self.wrapped: bool = self.kind == "secret" or options.get("secret", False)
        self.version: int | None = options.get("version")
        self.label: str | None = options.get("label")
        self.decrypt: bool = options.get("decrypt", True)
        self.version_id: str | None = options.get("version_id")
        self.stage: str | None = options.get("stage")
        self.rotation: bool = options.get("rotation", False)
        self.recursive: bool = options.get("recursive", True)
        self.cache: dict[str, Any] = {option: options[option] for option in _CACHE}
        if self.cache["ttl"] is None and self.cache["stale_if_error"] == _COMMON["stale_if_error"]:
            self.cache["stale_if_error"] = 0.0  # a value that never runs out needs no grace
        self.key = (
            *(self.kind, name, self.version, self.label, self.version_id, self.stage, self.decrypt, self.recursive),
            *(self.transform, self.wrapped, self.optional, self.rotation, *self.place),
            *(self.source, *self.cache.values()),
        )

    @property
    def title(self) -> str:
        """The name of its resource in reports: `"parameter /app/x"`."""
        return f"{_TITLES[self.kind]} {self.name}"

    @property
    def what(self) -> str:
        """Its kind, as it stands before its name in a message: `"the parameter"`."""
        return f"the {_TITLES[self.kind]}"

    @property
    def selector(self) -> str:
        """The name with its version, label, version id or stage, as SSM and the environment source take it."""
        chosen = self.version or self.label or self.version_id or self.stage
        return f"{self.name}:{chosen}" if chosen else self.name


class Fetched:
    """The answer of a source; its `repr` does not show the value.

    Attributes:
        data: the value; bytes where the source keeps bytes.
        source: the name of the source, for messages.
        version: the version; None if it is not known.
        kind: the content type; `""` if it is not known.
    """

    __slots__ = ("data", "kind", "source", "version")

    def __init__(self, data: str | bytes, source: str, version: str | None = None, kind: str = "") -> None:
        self.data = data
        self.source = source
        self.version = version
        self.kind = kind


class _Identity:
    """A client as part of a key. It keeps the client alive, so that no other object gets its id."""

    __slots__ = ("_client",)

    def __init__(self, client: Any) -> None:
        self._client = client

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self._client is other._client

    def __hash__(self) -> int:
        return id(self._client)


def checked(where: str, name: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options of a function with their values: as given, by the environment, or default.

    `convert` is added: the function that converts the text.

    Raises:
        ConfigurationError: an option is unknown or out of its range, two exclude each other, or the name is no text.
    """
    known = OPTIONS[where]
    for option in given:
        if option not in known:
            raise _unknown(where, option)
    options = {**known, **given}
    try:
        _check_name(name)
        _check_hash(options)
        options["convert"] = _converter_of(options["transform"])
        _read_environment(where, options, given)
        _check_version(options)
        _check_source(options)
        if where == "by_path" and not name.startswith("/"):
            raise ConfigurationError("a path begins with a slash")
        if options.get("rotation") and options["ttl"] is None:
            raise ConfigurationError("rotation=True shortens the time to live; pass a ttl too")
        for option, default in known.items():
            value = options[option]
            if isinstance(default, bool) and not isinstance(value, bool) and (option, value) != ("eager", "now"):
                more = ', or "now"' if option == "eager" else ""
                raise ConfigurationError(f"{option}={value!r}: pass True or False{more}")
        if options.get("eager") == "now" and options["source"] == "extension":
            raise ConfigurationError(
                'eager="now" asks before the first invocation, when the extension does not answer; leave one of the '
                "two out"
            )
    except ConfigurationError as error:
        if isinstance(error, ImportError):  # a missing extra
            raise
        raise ConfigurationError(f"{where}({name!r}): {error}") from None
    return options


def _unknown(where: str, option: str) -> ConfigurationError:
    from lambda_kit.parameters import _powertools

    known = OPTIONS[where]
    hint = _powertools.OPTIONS.get(option)
    hint = callables.closest(option, known) if hint is None else f"; {hint} here"
    return ConfigurationError(f"{where}() has no option {option!r}{hint}; it takes {', '.join(known)}")


def _read_environment(where: str, options: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Fill in the options that have a variable of the environment."""
    from lambda_kit._kernel import environment

    if options["ttl"] is UNSET:
        ttl = environment.number("LAMBDA_KIT_PARAMETERS_MAX_AGE")
        options["ttl"] = _TTL.get(where, _DEFAULT_TTL) if ttl is None else ttl
    if "decrypt" in options and "decrypt" not in given:
        decrypt = environment.flag("LAMBDA_KIT_PARAMETERS_SSM_DECRYPT")
        options["decrypt"] = options["decrypt"] if decrypt is None else decrypt


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name.strip():
        many = "; get_many takes several names" if isinstance(name, list | tuple | set) else ""
        raise ConfigurationError(f"pass the name, or the ARN, as text{many}")


def _converter_of(transform: Any) -> Callable[[Any], Any] | None:
    """Return the function that converts the text; None where the transform is None or a name."""
    if transform is None or (isinstance(transform, str) and transform in _TRANSFORMS):
        return None
    if not isinstance(transform, str):
        from lambda_kit.parameters import _types

        convert = _types.converter(transform)
        if convert is not None:
            return convert
    hint = callables.closest(transform, _TRANSFORMS) if isinstance(transform, str) else ""
    raise ConfigurationError(
        f"transform={transform!r}: pass 'json', 'binary', 'auto', a pydantic model, a type or a function{hint}"
    )


def _check_hash(options: dict[str, Any]) -> None:
    for option in ("transform", "client"):
        try:
            hash(options[option])
        except TypeError:
            raise ConfigurationError(
                f"{option}={options[option]!r}: values are cached by it, and it is not hashable; pass another object"
            ) from None


def _check_version(options: dict[str, Any]) -> None:
    version, label = options.get("version"), options.get("label")
    if version is not None and not (isinstance(version, int) and not isinstance(version, bool) and version > 0):
        raise ConfigurationError(f"version={version!r}: pass the number of a version, 1 or more")
    for option in ("label", "version_id", "stage"):
        value = options.get(option)
        if value is not None and not (isinstance(value, str) and value):
            raise ConfigurationError(f"{option}={value!r}: pass text")
    for first, second in (("version", "label"), ("version_id", "stage")):
        if options.get(first) is not None and options.get(second) is not None:
            raise ConfigurationError(f"{first} and {second} exclude each other; pass one of them")
    if label is not None and label.isdigit():
        raise ConfigurationError(f"label={label!r}: a label does not begin with a digit; for a version pass version=")


def _check_source(options: dict[str, Any]) -> None:
    source, region, client = options["source"], options["region"], options["client"]
    if source is not None:
        check_source(source, "source=")
    if region is not None and not (isinstance(region, str) and _REGION.fullmatch(region)):
        raise ConfigurationError(f"region={region!r}: pass the name of a region, such as 'eu-west-1'")
    if client is not None and region is not None:
        raise ConfigurationError("client and region exclude each other: a client has its region")
    if source in ("extension", "environment") and (client is not None or region is not None):
        other = "client" if client is not None else "region"
        raise ConfigurationError(f"source={source!r} and {other} exclude each other: that source takes none")


def source_of(query: Query) -> str:
    """Return the source to use: by the argument, by the other arguments, by the environment, else `"auto"`."""
    if query.source is not None:
        return query.source
    if query.client is not None:
        return "aws"
    from lambda_kit._kernel import environment

    source = environment.choice("LAMBDA_KIT_PARAMETERS_SOURCE", SOURCES) or "auto"
    return "aws" if query.region is not None and source != "environment" else source


def check_source(source: object, prefix: str) -> None:
    """Raise `ConfigurationError` unless this is the name of a source."""
    if source not in SOURCES:
        hint = callables.closest(source, SOURCES) if isinstance(source, str) else ""
        raise ConfigurationError(f"{prefix}{source!r}: pass one of {', '.join(map(repr, SOURCES))}{hint}")
