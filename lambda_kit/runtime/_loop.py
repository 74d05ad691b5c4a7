"""The life of the client: initialisation, and then one invocation after another."""

from __future__ import annotations

import os
import sys
from _thread import get_ident

from lambda_kit.runtime import _output
from lambda_kit.runtime._connection import Connection, RuntimeApiError
from lambda_kit.runtime._context import LambdaContext, settings_of_function
from lambda_kit.runtime._function import load, watch_imports
from lambda_kit.runtime._json import decode
from lambda_kit.runtime._state import state
from lambda_kit.runtime._trace import set_header, watch_children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

_QUICK = frozenset((dict, str, list, type(None), int, float, bool))  # types of results that are no streams
_JSON, _OTHER = b"content-type: application/json\r\n", b"content-type: application/unknown\r\n"


def run(handler: str, address: str, *, lenient: Callable[[Connection], Any] | None = None) -> NoReturn:
    """Initialise the function, and answer its invocations until the environment ends.

    Args:
        handler: `MODULE.FUNCTION`.
        address: `host:port` of the Runtime API.
        lenient: makes a connection that survives failures of the Runtime API, for one of several processes on Managed
            Instances. Default: a failure ends the process.

    Raises:
        SystemExit: the function cannot be initialised, or the Runtime API does not answer as it should.
    """
    from lambda_kit import __version__

    try:
        _output.open_outputs()
        state.read_settings()
        state.thread = get_ident()
        watch_imports()
        watch_children()
        state.connection = connection = Connection(address, __version__)
        try:
            function = load(handler)
        except Exception as error:
            _fail_init(error, is_worker=lenient is not None)
        if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
            from lambda_kit.runtime._snapshot import take_snapshot

            take_snapshot(connection)
        _serve(connection if lenient is None else lenient(connection), function)
    except RuntimeApiError as error:
        sys.stderr.write(f"lambda_kit.runtime: {error}\n")
        raise SystemExit(1) from error


def _serve(connection: Any, function: Callable[[Any, Any], Any]) -> NoReturn:  # noqa: C901  # calls cost each invocation
    """Answer invocations, one after another."""
    settings = settings_of_function()
    encode = state.encode
    next_, post, forgive = connection.next, connection.post, connection.forgive
    event: Any
    result: Any
    data: Any
    while True:
        event = result = data = context = body = None  # their memory is free while the client waits
        headers, body = next_()
        get = headers.get
        state.request_id = request_id = get(b"lambda-runtime-aws-request-id", b"").decode("latin-1")
        if not request_id:
            raise RuntimeApiError(
                f"the Runtime API at {state.connection.address} sent an invocation without the header "
                "Lambda-Runtime-Aws-Request-Id"
            )
        tenant_id = get(b"lambda-runtime-aws-tenant-id")
        state.tenant_id = tenant_id if tenant_id is None else tenant_id.decode("utf-8", "replace")
        attempt = get(b"lambda-runtime-invocation-id")
        state.echo = b"" if attempt is None else b"lambda-runtime-invocation-id: %b\r\n" % attempt
        state.stream = None
        set_header(get(b"lambda-runtime-trace-id"))
        try:
            context = _context(settings, headers, request_id)
            event = _decoded(body) if get(b"content-type") == b"application/json" else body
            result = function(event, context)
            kind = _JSON
            if result.__class__ in _QUICK or not _is_special(result):
                try:
                    data = encode(result)
                except Exception as error:
                    raise _unencodable(error) from error
            elif isinstance(result, bytes):
                data, kind = result, _OTHER
            else:
                data = _delivered(result)
                if data is None:
                    continue
                kind = _OTHER if isinstance(data, bytes) else _JSON
                data = data if isinstance(data, bytes) else _encoded(encode, data)
            if state.stream is not None:
                raise _replaced()
        except RuntimeApiError as error:  # of a stream
            forgive(error)
        except Exception as error:
            _report(error, request_id, post, forgive)
        else:
            post(b"invocation/%b/response" % request_id.encode("latin-1"), kind + state.echo, data)


def _context(settings: dict[str, Any], headers: dict[bytes, bytes], request_id: str) -> LambdaContext:
    get = headers.get
    client = get(b"lambda-runtime-client-context")
    identity = get(b"lambda-runtime-cognito-identity")
    arn = get(b"lambda-runtime-invoked-function-arn", b"")
    deadline = get(b"lambda-runtime-deadline-ms", b"")
    return LambdaContext(
        settings,
        request_id,
        arn.decode("utf-8", "replace"),
        int(deadline) if deadline.isdigit() and len(deadline) < 20 else 0,
        state.tenant_id,
        _header_value(client, "Client Context") if client else None,
        _header_value(identity, "Cognito Identity") if identity else None,
    )


def _header_value(text: bytes, name: str) -> Any:
    try:
        return decode(text)
    except Exception as error:
        from lambda_kit.runtime._errors import Fault

        message = f"Unable to parse {name} JSON: {error}"
        raise Fault("Runtime.LambdaContextUnmarshalError", message) from error


def _decoded(body: bytes) -> Any:
    try:
        return decode(body)
    except Exception as error:
        from lambda_kit.runtime._errors import Fault

        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error


def _encoded(encode: Callable[[Any], bytes], value: Any) -> bytes:
    try:
        return encode(value)
    except Exception as error:
        raise _unencodable(error) from error


def _unencodable(error: Exception) -> Exception:
    from lambda_kit.runtime._errors import Fault

    return Fault("Runtime.MarshalError", f"Unable to marshal response: {error}")


def _is_special(result: Any) -> bool:
    """Return True for bytes and for what is sent part by part."""
    if isinstance(result, bytes) or hasattr(result, "__next__") or hasattr(result, "__anext__"):
        return True
    return type(result).__module__ == "lambda_kit._kernel.streaming"


def _delivered(result: Any) -> Any:
    """Send a stream, or end the one that the pipeline has sent. Return the whole response of another one, else None."""
    from lambda_kit._kernel import streaming

    result = streaming.deliver(result)
    if not isinstance(result, streaming.Stream):
        return result
    if state.stream is None:
        raise _again_sent()
    state.stream.finish()
    state.stream = None
    return None


def _replaced() -> Exception:
    from lambda_kit.errors import LayerError

    return LayerError(
        "a layer has replaced the response of a stream, which was sent already; set status and headers in the handler",
        layer="",
    )


def _again_sent() -> Exception:
    from lambda_kit.errors import LayerError

    return LayerError("the handler returned a stream that was sent in another invocation; make a new one", layer="")


def _report(
    error: Exception,
    request_id: str,
    post: Callable[[bytes, bytes, bytes], None],
    forgive: Callable[[RuntimeApiError], None],
) -> None:
    """Log an error of the function, and report it to Lambda."""
    from lambda_kit.runtime._errors import Report

    report = Report(error, request_id)
    report.log()
    stream = state.stream
    if stream is not None and stream.has_begun:
        if not stream.is_broken:
            try:
                stream.fail(report)
            except RuntimeApiError as refused:
                forgive(refused)
        return
    cause = report.cause()
    fields = b"%blambda-runtime-function-xray-error-cause: %b\r\n%b" % (_JSON, cause, state.echo)
    post(b"invocation/%b/error" % request_id.encode("latin-1"), fields, report.body())


def _fail_init(error: Exception, *, is_worker: bool) -> NoReturn:
    from lambda_kit.runtime._errors import Report, post_failure

    report = Report(error, None)
    report.log()
    post_failure(b"init/error", report.fields["errorType"], report.body(), is_worker=is_worker)
    raise SystemExit(1)
