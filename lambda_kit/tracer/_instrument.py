"""Instrumented clients: recognising their type, and never instrumenting one twice."""

from __future__ import annotations

import sys
from weakref import WeakKeyDictionary

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from lambda_kit.tracer._span import Options

    Install: TypeAlias = Callable[[Any, Options], None]

# The options of the tracer that has instrumented each client, in a tuple that is new for each call of `instrument`.
_instrumented: WeakKeyDictionary[Any, tuple[Options]] = WeakKeyDictionary()


def instrument(client: Any, options: Options) -> None:
    """Record each call of a client as a span, and send the trace context with it. Doing so again changes nothing.

    Only this client is changed. No library is imported that is not loaded already.

    Args:
        client: a boto3 client or resource, `lambda_kit.aws.connect(...)`, a `requests.Session`, an httpx client, or a
            urllib3 `PoolManager`.
        options: the options of the spans.

    Raises:
        ConfigurationError: the client is of another type, or another tracer has instrumented it.
    """
    target = _sender_of(client)
    install = _install_for(target)
    if install is None:
        kind = type_of(client)
        raise ConfigurationError(
            f"instrument() was given an object of type {kind.__module__}.{kind.__qualname__}; pass a boto3 client or "
            "resource, lambda_kit.aws.connect(...), a requests.Session, an httpx client or a urllib3 PoolManager"
        )
    own = (options,)
    known = _instrumented.setdefault(target, own)  # atomic: only one of two threads installs
    if known is own:
        install(target, options)
    elif known[0] is not options:
        raise ConfigurationError(
            f"this {type(target).__name__} is instrumented by another tracer already; use one tracer for each client"
        )


def _is(client: Any, module: str, name: str) -> bool:
    """Tell whether a client is an instance of a class, given by name; False if its module is not loaded."""
    cls = getattr(sys.modules.get(module), name, None)
    return isinstance(cls, type) and issubclass(type(client), cls)


def _sender_of(client: Any) -> Any:
    """Return the client that sends the calls: that of a resource, or of the lean client's boto3 stand-in."""
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
