"""Clients whose calls are spans: which they are, and that none of them is instrumented twice."""

from __future__ import annotations

import sys
from weakref import WeakKeyDictionary

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from lambda_kit.tracer._span import Options

    Install: TypeAlias = Callable[[Any, Options], None]

_kind_of: Callable[[Any], Any] = type
# For each client that is instrumented the options of its tracer, in a tuple that one call has made.
_instrumented: WeakKeyDictionary[Any, tuple[Options]] = WeakKeyDictionary()


def instrument(client: Any, options: Options) -> None:
    """Make each call of a client a span, and send the trace on with it. To do so again changes nothing.

    What is changed is this client alone. Nothing is imported that is not loaded.

    Args:
        client: a boto3 client or resource, `lambda_kit.aws.connect(...)`, a `requests.Session`, a client of httpx, or a
            `PoolManager` of urllib3.
        options: the options of the spans.

    Raises:
        ConfigurationError: it is none of those, or another tracer has instrumented it.
    """
    target = _within(client)
    install = _install_for(target)
    if install is None:
        kind = _kind_of(client)
        raise ConfigurationError(
            f"instrument() was given an object of type {kind.__module__}.{kind.__qualname__}; pass a boto3 client or "
            "resource, lambda_kit.aws.connect(...), a requests.Session, a client of httpx, or a PoolManager of urllib3"
        )
    own = (options,)
    known = _instrumented.setdefault(target, own)  # one step, so that of two threads one installs
    if known is own:
        install(target, options)
    elif known[0] is not options:
        raise ConfigurationError(
            f"this {type(target).__name__} is instrumented by another tracer already; instrument it with one of them"
        )


def _is(client: Any, module: str, name: str) -> bool:
    """Tell whether a client is of a class; where the module is not loaded, it is not."""
    cls = getattr(sys.modules.get(module), name, None)
    return isinstance(cls, type) and issubclass(type(client), cls)


def _within(client: Any) -> Any:
    """Return the client that does the calls of this one."""
    if _is(client, "lambda_kit.aws._boto", "BotoCaller"):
        return client._client
    if _is(client, "boto3.resources.base", "ServiceResource"):
        return client.meta.client
    return client


def _install_for(client: Any) -> Install | None:
    if _is(client, "botocore.client", "BaseClient"):
        from lambda_kit.tracer import _instrument_aws as aws

        return aws.instrument_boto
    if _is(client, "lambda_kit.aws._client", "AwsClient"):
        from lambda_kit.tracer import _instrument_aws as aws

        return aws.instrument_lean
    if _is(client, "requests", "Session"):
        from lambda_kit.tracer import _instrument_http as http

        return http.instrument_requests
    if _is(client, "httpx", "Client"):
        from lambda_kit.tracer import _instrument_http as http

        return http.instrument_httpx
    if _is(client, "httpx", "AsyncClient"):
        from lambda_kit.tracer import _instrument_http as http

        return http.instrument_async_httpx
    if _is(client, "urllib3", "PoolManager"):
        from lambda_kit.tracer import _instrument_http as http

        return http.instrument_urllib3
    return None
