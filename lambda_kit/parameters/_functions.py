"""`get`, `get_many`, `by_path`, `secret`, `app_config` and `put`."""

# pyright: reportInvalidTypeVarUse=false
# The type of a default that is not given is Never.

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import (
    AwsError,
    ConfigurationError,
    LambdaKitError,
    ParameterNotFound,
    ResourceBuildError,
)
from lambda_kit.init_cache._entry import draw_ticket
from lambda_kit.parameters import _entries as entries
from lambda_kit.parameters import _failures as failures
from lambda_kit.parameters._entries import Node, unpack
from lambda_kit.parameters._query import ENVIRONMENT, UNSET, Query, checked, source_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Literal, Never, TypeVar, Unpack, overload

    from typing_extensions import TypeVar as TypeVarWithDefault

    from lambda_kit.parameters._options import (
        AppConfigOptions,
        GetManyOptions,
        GetOptions,
        PathOptions,
        SecretOptions,
    )
    from lambda_kit.parameters._secret_value import SecretValue

    T = TypeVar("T")
    D = TypeVarWithDefault("D", default=Never)

_gets = entries.memo()
_secrets = entries.memo()
_others = entries.memo()

if TYPE_CHECKING:

    @overload
    def get(name: str, /, *, transform: None = None, default: D = ..., **options: Unpack[GetOptions]) -> str | D: ...
    @overload
    def get(
        name: str, /, *, transform: Literal["json", "auto"], default: D = ..., **options: Unpack[GetOptions]
    ) -> Any: ...
    @overload
    def get(
        name: str, /, *, transform: Literal["binary"], default: D = ..., **options: Unpack[GetOptions]
    ) -> bytes | D: ...
    @overload
    def get(
        name: str, /, *, transform: type[T] | Callable[[str], T], default: D = ..., **options: Unpack[GetOptions]
    ) -> T | D: ...


def get(name: str, /, *, transform: Any = None, ttl: float | None = 300.0, **options: Any) -> Any:
    """Return a parameter of the Parameter Store, from the init cache or from the first source that has it.

    Threads that ask at the same time share one request. A dict, a list or a pydantic model is the caller's own copy.

    Args:
        name: its name, or its ARN.
        transform: what the text becomes: `"json"`; `"binary"` for what is base64; `"auto"` for one of the two by the
            suffix of the name, `.json` or `.binary`; a pydantic model; or a function of the text. None for the text. A
            function is part of what decides whether two calls share a value: pass the same one each time.
        ttl: seconds that the value may be used for; None for the life of the environment.
        **options: `default`: what to return if there is no such parameter, for this reason and no other.
            `fresh=True`: fetch it now, past all caches. `decrypt=False`: return a SecureString encrypted. `version`,
            or `label`: not the current version. `stale_if_error`: seconds beyond the time to live in which the old
            value is used if no source answers, 3600 by default. `refresh="background"`: renew it beside the invocation
            before it runs out. `region`, or `client`, a boto3 client: where to call AWS. `source`: `"auto"`,
            `"extension"`, `"aws"` or `"environment"`; None, the default, for `LAMBDA_KIT_PARAMETERS_SOURCE`.

    Raises:
        ParameterNotFound: there is no such parameter, and no default.
        ParameterAccessDenied: the role may not read it; the message has the action to grant.
        TransformError: the text does not fit the transform.
        ParameterError: no source answered, and there is no old value that may be used.
        ConfigurationError: an argument is wrong.
    """
    if options:
        return _ask("get", _gets, name, transform, ttl, options)
    try:
        node = _gets[name, transform, ttl]
    except (KeyError, TypeError):  # the latter of what cannot be a key, which is told below
        node = None
    if node is None:
        return _ask("get", _gets, name, transform, ttl, options)
    try:
        held = node.resource()
    except ResourceBuildError as error:
        raise failures.inner(error)  # noqa: B904  # it has its own cause
    return held if type_of(held) is str else held()


if TYPE_CHECKING:

    @overload
    def secret(
        name: str, /, *, transform: None = None, default: D = ..., **options: Unpack[SecretOptions]
    ) -> SecretValue[str] | D: ...
    @overload
    def secret(
        name: str, /, *, transform: Literal["json", "auto"], default: D = ..., **options: Unpack[SecretOptions]
    ) -> SecretValue[Any] | D: ...
    @overload
    def secret(
        name: str, /, *, transform: Literal["binary"], default: D = ..., **options: Unpack[SecretOptions]
    ) -> SecretValue[bytes] | D: ...
    @overload
    def secret(
        name: str, /, *, transform: type[T] | Callable[[str], T], default: D = ..., **options: Unpack[SecretOptions]
    ) -> SecretValue[T] | D: ...


def secret(name: str, /, *, transform: Any = None, ttl: float | None = 300.0, **options: Any) -> Any:
    """Return a secret of Secrets Manager in a `SecretValue`, from the init cache or from the first source that has it.

    Args:
        name: its name, or its ARN.
        transform: what the text becomes, as for `get`; one that is kept as bytes needs `"binary"` or a function.
        ttl: seconds that the value may be used for; None for the life of the environment.
        **options: `version_id`, or `stage`: not the current version. `rotation=True`: the value runs out when the
            secret is rotated next, at the latest; this takes one request more, DescribeSecret, for each fetch.
            `default`, `fresh`, `stale_if_error`, `refresh`, `region`, `client` and `source` as for `get`.

    Raises:
        ParameterNotFound: there is no such secret, and no default.
        ParameterAccessDenied: the role may not read it; the message has the action to grant.
        TransformError: it does not fit the transform.
        ParameterError: no source answered, and there is no old value that may be used.
        ConfigurationError: an argument is wrong.
    """
    if options:
        return _ask("secret", _secrets, name, transform, ttl, options)
    try:
        node = _secrets[name, transform, ttl]
    except (KeyError, TypeError):
        node = None
    if node is None:
        return _ask("secret", _secrets, name, transform, ttl, options)
    try:
        return node.resource()()
    except ResourceBuildError as error:
        raise failures.inner(error)  # noqa: B904


if TYPE_CHECKING:

    @overload
    def get_many(
        names: Iterable[str], /, *, transform: None = None, default: D = ..., **options: Unpack[GetManyOptions]
    ) -> dict[str, str | D]: ...
    @overload
    def get_many(
        names: Iterable[str],
        /,
        *,
        transform: Literal["json", "auto"],
        default: D = ...,
        **options: Unpack[GetManyOptions],
    ) -> dict[str, Any]: ...
    @overload
    def get_many(
        names: Iterable[str], /, *, transform: Literal["binary"], default: D = ..., **options: Unpack[GetManyOptions]
    ) -> dict[str, bytes | D]: ...
    @overload
    def get_many(
        names: Iterable[str],
        /,
        *,
        transform: type[T] | Callable[[str], T],
        default: D = ...,
        **options: Unpack[GetManyOptions],
    ) -> dict[str, T | D]: ...


def get_many(names: Iterable[str], /, *, transform: Any = None, ttl: float | None = 300.0, **options: Any) -> Any:
    """Return several parameters, by their names, ten in a request.

    They share their values with `get`: only those are fetched that are not cached.

    Args:
        names: their names, or ARNs.
        transform: what each text becomes, as for `get`.
        ttl: seconds that the values may be used for; None for the life of the environment.
        **options: as for `get`, but for `version` and `label`. `default` stands for each that is missing.

    Raises:
        ParameterNotFound: some do not exist, and there is no default; it names all of them.
        ParameterError: as for `get`.
    """
    if isinstance(names, str):
        raise ConfigurationError(f"get_many({names!r}): pass several names, or use get for one")
    default, fresh, options = _split("get_many", names, options)
    nodes = {name: _find("get_many", _others, name, transform, ttl, default, options) for name in names}
    after = draw_ticket() if fresh else 0
    found: dict[str, Any] = {}
    missing: list[ParameterNotFound] = []
    with entries.past_caches(nodes.values() if fresh else ()):
        failed = entries.build_nodes(nodes.values(), after)
        for name, node in nodes.items():
            try:
                value = value_of(node, failed.get(node), after)
            except ParameterNotFound as error:
                missing.append(error)
                continue
            found[name] = default if value is UNSET else value
    if not missing:
        return found
    if len(missing) == 1:
        raise missing[0]
    raise ParameterNotFound(
        "they do not exist",
        names=tuple(name for error in missing for name in error.names),
        source=missing[0].source,
        what="the parameters",
    )


if TYPE_CHECKING:

    @overload
    def by_path(path: str, /, *, transform: None = None, **options: Unpack[PathOptions]) -> dict[str, str]: ...
    @overload
    def by_path(
        path: str, /, *, transform: Literal["json", "auto"], **options: Unpack[PathOptions]
    ) -> dict[str, Any]: ...
    @overload
    def by_path(path: str, /, *, transform: Literal["binary"], **options: Unpack[PathOptions]) -> dict[str, bytes]: ...
    @overload
    def by_path(
        path: str, /, *, transform: type[T] | Callable[[str], T], **options: Unpack[PathOptions]
    ) -> dict[str, T]: ...


def by_path(path: str, /, *, transform: Any = None, ttl: float | None = 300.0, **options: Any) -> Any:
    """Return all parameters below a path, by their names relative to it; the dict is the caller's own.

    The extension has no such question: this always calls AWS, or the environment source.

    Args:
        path: the path, with a slash in front.
        transform: what each text becomes, as for `get`.
        ttl: seconds that the values may be used for; None for the life of the environment.
        **options: `recursive=False`: not those in paths below it. `decrypt`, `fresh`, `stale_if_error`, `refresh`,
            `region`, `client` and `source` as for `get`.

    Raises:
        ParameterError: as for `get`; a path without parameters is no error.
    """
    return _ask("by_path", _others, path, transform, ttl, options)


if TYPE_CHECKING:

    @overload
    def app_config(
        application: str,
        environment: str,
        profile: str,
        /,
        *,
        transform: None = None,
        **options: Unpack[AppConfigOptions],
    ) -> str: ...
    @overload
    def app_config(
        application: str,
        environment: str,
        profile: str,
        /,
        *,
        transform: Literal["json", "auto"],
        **options: Unpack[AppConfigOptions],
    ) -> Any: ...
    @overload
    def app_config(
        application: str,
        environment: str,
        profile: str,
        /,
        *,
        transform: Literal["binary"],
        **options: Unpack[AppConfigOptions],
    ) -> bytes: ...
    @overload
    def app_config(
        application: str,
        environment: str,
        profile: str,
        /,
        *,
        transform: type[T] | Callable[[str], T],
        **options: Unpack[AppConfigOptions],
    ) -> T: ...


def app_config(
    application: str, environment: str, profile: str, /, *, transform: Any = None, ttl: float = 60.0, **options: Any
) -> Any:
    """Return a configuration of AppConfig: from its agent where it is present, else from the service.

    Args:
        application: name or id of the application.
        environment: name or id of the environment.
        profile: name or id of the configuration profile.
        transform: what the text becomes, as for `get`; `"auto"` goes by the content type.
        ttl: seconds after which it is asked for again. The service is asked no more often than it allows.
        **options: `fresh`, `stale_if_error`, `refresh`, `region`, `client`, of `appconfigdata`, and `source` as for
            `get`.

    Raises:
        ParameterError: as for `get`.
    """
    parts: tuple[Any, ...] = (application, environment, profile)
    for part in parts:
        if not isinstance(part, str) or not part or "/" in part:
            raise ConfigurationError(f"app_config{parts!r}: pass three names or ids, without a slash")
    return _ask("app_config", _others, "/".join(parts), transform, ttl, options)


def put(  # each is a parameter of the request
    name: str,
    value: str,
    /,
    *,
    secure: bool = False,
    overwrite: bool = False,
    key_id: str | None = None,
    region: str | None = None,
    client: Any = None,
) -> int:
    """Write a parameter, and drop what is cached of it: also what the extension may have, for this process.

    Other environments see it when their values run out.

    Args:
        name: the name.
        value: the value.
        secure: whether it becomes a SecureString.
        overwrite: whether one that exists becomes a new version; if not, it is an error.
        key_id: the KMS key of a SecureString; None for the account's own.
        region: another region than that of the function.
        client: a boto3 client of SSM to call instead.

    Returns:
        The version that was written.

    Raises:
        ParameterAccessDenied: the role may not write it.
        ParameterError: it was not written, or it is not known whether it was.
        ConfigurationError: an argument is wrong, or the source is the environment, which is not written to.
    """
    query = Query("get", name, checked("get", name, {"region": region, "client": client}))
    given: Any = value
    if not isinstance(given, str):
        raise ConfigurationError(f"put({name!r}): pass the value as text, such as json.dumps(...) returns")
    if key_id is not None and not secure:
        raise ConfigurationError(f"put({name!r}): key_id is for a SecureString; pass secure=True too")
    if source_of(query) == ENVIRONMENT:
        raise ConfigurationError(f"put({name!r}): the source is the environment, which is not written to")
    from lambda_kit.aws import connect

    params: dict[str, Any] = {"Name": name, "Value": value, "Type": "SecureString" if secure else "String"}
    params["Overwrite"] = overwrite
    if key_id is not None:
        params["KeyId"] = key_id
    try:
        version: int = connect("ssm", client, region=region).call("PutParameter", params)["Version"]
    except AwsError as error:
        raise failures.translated(error, names=(name,), what=query.what, source="ssm", done="written to") from error
    finally:  # a reply that is lost may be that of a success
        entries.drop_changed(name)
    return version


def _ask(
    where: str, memo: dict[Any, Node], name: str, transform: Any, ttl: float | None, options: dict[str, Any]
) -> Any:
    default, fresh, options = _split(where, name, options)
    node = _find(where, memo, name, transform, ttl, default, options)
    try:
        value = unpack(node.fresh() if fresh else node.resource())
    except ResourceBuildError as error:
        raise failures.inner(error)  # noqa: B904
    return default if value is UNSET else value


def _split(where: str, name: object, options: dict[str, Any]) -> tuple[Any, bool, dict[str, Any]]:
    """Return what decides about the one call, and the options that decide about the value."""
    default = options.pop("default", UNSET)
    fresh = options.pop("fresh", False)
    if not isinstance(fresh, bool):
        raise ConfigurationError(f"{where}({name!r}): fresh={fresh!r}: pass True or False")
    return default, fresh, options


def _find(
    where: str,
    memo: dict[Any, Node],
    name: str,
    transform: Any,
    ttl: float | None,
    default: Any,
    options: dict[str, Any],
) -> Node:
    given = {**options, "default": None} if default is not UNSET else options
    key: Any = (name, transform, ttl, *given.items())
    if memo is _others:
        key = (where, *key)
    try:
        node = memo.get(key)
    except TypeError:  # told by the check
        node = None
    if node is None:
        query = Query(where, name, checked(where, name, {"transform": transform, "ttl": ttl, **given}))
        try:
            node = entries.find(query, memo, key)
        except ConfigurationError as error:  # of the init cache
            raise ConfigurationError(f"{where}({name!r}): {error}") from None
    return node


def value_of(node: Node, error: Exception | None = None, after: int = 0) -> Any:
    """Return the value of a node, or raise what went wrong.

    Args:
        node: the node.
        error: what went wrong already.
        after: the ticket that the value must have been built after; 0 if any will do.
    """
    if error is not None:
        raise failures.again(error) if isinstance(error, LambdaKitError) else error
    try:
        return unpack(node.entry.built_after(after) if after else node.resource())
    except ResourceBuildError as failure:
        raise failures.inner(failure)  # noqa: B904
