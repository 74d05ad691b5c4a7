"""`get`, `secret` and `app_config`: the functions that return one value."""

# pyright: reportInvalidTypeVarUse=false
# The type of a default that is not given is Never.

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.parameters import _calls as calls
from lambda_kit.parameters import _entries as entries
from lambda_kit.parameters._query import UNSET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, Never, TypeVar, Unpack, overload

    from typing_extensions import TypeVar as TypeVarWithDefault

    from lambda_kit.parameters._options import AppConfigOptions, GetOptions, SecretOptions
    from lambda_kit.parameters._secret_value import SecretValue

    T = TypeVar("T")
    D = TypeVarWithDefault("D", default=Never)

_gets = entries.memo()
_secrets = entries.memo()
_configurations = entries.memo()

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


def get(name: str, /, *, transform: Any = None, ttl: float | None = UNSET, **options: Any) -> Any:
    """Return a parameter of the Parameter Store, from the init cache or from the first source that has it.

    Threads that ask at the same time share one request. A dict, a list or a pydantic model is the caller's own copy.

    Args:
        name: its name, or its ARN.
        transform: the conversion of the text. None, the default, returns the text. `"json"` parses it. `"binary"`
            decodes base64. `"auto"` is one of these two, by the suffix of the name, `.json` or `.binary`. A pydantic
            model, a dataclass or a type such as `list[int]` validates it as JSON, with pydantic. `bool` takes `true`,
            `0`, `on` and their like. A function, or any other class, is called with it. Pass the same function each
            time: values are kept by it.
        ttl: seconds that the value may be used for; None for the life of the environment. By default
            `LAMBDA_KIT_PARAMETERS_MAX_AGE`, else 300.
        **options: each by its name, as follows.
        default: returned if there is no such parameter, and for no other reason. Without it that is an error.
        fresh: True fetches the value now, past all caches. False by default.
        decrypt: False returns a SecureString encrypted. By default `LAMBDA_KIT_PARAMETERS_SSM_DECRYPT`, else True.
        version: the number of a version; by default the current one.
        label: the label of a version, in place of its number.
        stale_if_error: seconds beyond the time to live in which an old value is returned if no source answers. 3600 by
            default; 0 turns it off.
        refresh: `"background"` renews the value beside the invocation in the last fifth of its life; `"block"`, the
            default, makes the first call after its end wait.
        region: another region than that of the function.
        client: a boto3 client, which is then used for every call to AWS.
        source: `"auto"`, `"extension"`, `"aws"` or `"environment"`; None, the default, for the one that the variable
            `LAMBDA_KIT_PARAMETERS_SOURCE` names, else `"auto"`.

    Raises:
        ParameterNotFound: there is no such parameter, and no default.
        ParameterAccessDenied: the role may not read it; the message names the action to grant.
        TransformError: the text does not fit the transform.
        ParameterError: no source answered, and there is no old value that may be used.
        ConfigurationError: an argument is wrong.
    """
    if not options:
        try:
            node = _gets[name, transform, ttl]
        except (KeyError, TypeError):  # TypeError: an argument is unhashable; `ask` reports it
            pass
        else:
            held = node.resource()  # as `node.read` does it, without one more call
            return held if type_of(held) is str else held()
    return calls.ask("get", _gets, name, transform, ttl, options)


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


def secret(name: str, /, *, transform: Any = None, ttl: float | None = UNSET, **options: Any) -> Any:
    """Return a secret of Secrets Manager in a `SecretValue`, from the init cache or from the first source that has it.

    Args:
        name: its name, or its ARN.
        transform: the conversion of the text, as for `get`; a secret that is kept as bytes needs `"binary"` or a
            function.
        ttl: seconds that the value may be used for; None for the life of the environment. By default
            `LAMBDA_KIT_PARAMETERS_MAX_AGE`, else 300.
        **options: each by its name, as follows; `default`, `fresh`, `stale_if_error`, `refresh`, `region`, `client` and
            `source` are those of `get`.
        version_id: the id of a version; by default the current one.
        stage: the staging label of a version, in place of its id; `"AWSCURRENT"` by default.
        rotation: True ends the value when the secret is rotated next, at the latest. That takes one request more,
            DescribeSecret, for each fetch. False by default.

    Raises:
        ParameterNotFound: there is no such secret, and no default.
        ParameterAccessDenied: the role may not read it; the message names the action to grant.
        TransformError: the value does not fit the transform.
        ParameterError: no source answered, and there is no old value that may be used.
        ConfigurationError: an argument is wrong.
    """
    if not options:
        try:
            node = _secrets[name, transform, ttl]
        except (KeyError, TypeError):  # as in `get`
            pass
        else:
            return node.resource()()
    return calls.ask("secret", _secrets, name, transform, ttl, options)


if TYPE_CHECKING:

    @overload
    def app_config(
        application: str,
        environment: str,
        profile: str,
        /,
        *,
        transform: None = None,
        default: D = ...,
        **options: Unpack[AppConfigOptions],
    ) -> str | D: ...
    @overload
    def app_config(
        application: str,
        environment: str,
        profile: str,
        /,
        *,
        transform: Literal["json", "auto"],
        default: D = ...,
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
        default: D = ...,
        **options: Unpack[AppConfigOptions],
    ) -> bytes | D: ...
    @overload
    def app_config(
        application: str,
        environment: str,
        profile: str,
        /,
        *,
        transform: type[T] | Callable[[str], T],
        default: D = ...,
        **options: Unpack[AppConfigOptions],
    ) -> T | D: ...


def app_config(
    application: str, environment: str, profile: str, /, *, transform: Any = None, ttl: float = UNSET, **options: Any
) -> Any:
    """Return a configuration of AppConfig: from its agent where it is present, else from the service.

    Args:
        application: name or id of the application.
        environment: name or id of the environment.
        profile: name or id of the configuration profile.
        transform: the conversion of the text, as for `get`; `"auto"` goes by the content type.
        ttl: seconds after which it is asked for again. By default `LAMBDA_KIT_PARAMETERS_MAX_AGE`, else 60. The service
            is asked no more often than it allows.
        **options: `default`, `fresh`, `stale_if_error`, `refresh`, `region`, `client` (one of `appconfigdata`) and
            `source`, those of `get`.

    Raises:
        ParameterNotFound: there is no such application, environment or profile, and no default.
        ParameterError: as for `get`.
    """
    parts: tuple[Any, ...] = (application, environment, profile)
    for part in parts:
        if not isinstance(part, str) or not part or "/" in part:
            raise ConfigurationError(f"app_config{parts!r}: pass three names or ids, without a slash")
    return calls.ask("app_config", _configurations, "/".join(parts), transform, ttl, options)
