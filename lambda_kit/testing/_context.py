"""Lambda contexts for tests: the second argument of a handler."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from lambda_kit._kernel import wall_clock
from lambda_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class FakeContext:
    """A Lambda context with the attributes of the runtime's own, and a deadline that comes nearer.

    Made by `make_context`. See <https://docs.aws.amazon.com/lambda/latest/dg/python-context.html>.
    """

    def __init__(
        self,
        *,
        request_id: str,
        function_name: str,
        memory_mb: int,
        region: str,
        tenant_id: str | None,
        w3c: Mapping[str, str],
        deadline: float,
        clock: Callable[[], float],
    ) -> None:
        self.aws_request_id = request_id
        self.function_name = function_name
        self.function_version = "$LATEST"
        self.invoked_function_arn = f"arn:aws:lambda:{region}:123456789012:function:{function_name}"
        self.memory_limit_in_mb = str(memory_mb)
        self.log_group_name = f"/aws/lambda/{function_name}"
        self.log_stream_name = "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef"
        self.identity: Any = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.client_context: Any = None
        self.tenant_id = tenant_id
        self._w3c = dict(w3c)
        self._deadline = deadline
        self._clock = clock

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the deadline, by this context's clock; never less than 0."""
        return max(int((self._deadline - self._clock()) * 1000), 0)

    def w3c(self) -> dict[str, str]:
        """Return the caller's W3C trace context."""
        return dict(self._w3c)

    def log(self, message: object) -> None:
        """Write `message` to standard output, as the runtime's context does."""
        print(message, end="")  # noqa: T201

    def __repr__(self) -> str:
        return f"<FakeContext {self.aws_request_id} of {self.function_name}>"


def make_context(
    timeout: float = 30.0,
    request_id: str | None = None,
    *,
    function_name: str = "test-function",
    memory_mb: int = 128,
    region: str = "us-east-1",
    tenant_id: str | None = None,
    w3c: Mapping[str, str] | None = None,
    clock: Callable[[], float] = wall_clock,
) -> FakeContext:
    """Return a Lambda context whose deadline is `timeout` seconds away.

    Args:
        timeout: seconds until the deadline, 0 or more; default 30. With 0 the time is over.
        request_id: the request id; default: a new UUID.
        function_name: the function's name, which is also in the ARN and the log group; default `"test-function"`.
        memory_mb: the function's memory in MB; default 128.
        region: the region in the ARN; default `"us-east-1"`.
        tenant_id: the tenant of a function with tenant isolation; default None.
        w3c: the result of `context.w3c()`: `traceparent`, `tracestate`, `baggage`; default: empty.
        clock: returns the time in seconds; default `time.time`, which `freeze_clock` freezes. With a `FakeClock` of
            its own, the deadline comes nearer only when that is advanced, and the kit's time goes on.

    Raises:
        ConfigurationError: `timeout` is negative or not a number.

    Example:
        ```python
        clock = FakeClock()
        context = make_context(timeout=3.0, clock=clock)
        clock.advance(1.0)
        assert context.get_remaining_time_in_millis() == 2000
        ```
    """
    if isinstance(timeout, bool) or not timeout >= 0:
        raise ConfigurationError(f"make_context(timeout={timeout!r}): pass seconds, 0 or more")
    return FakeContext(
        request_id=request_id or str(uuid.uuid4()),
        function_name=function_name,
        memory_mb=memory_mb,
        region=region,
        tenant_id=tenant_id,
        w3c=w3c or {},
        deadline=clock() + timeout,
        clock=clock,
    )
