"""The second argument of a handler, without Lambda."""

from __future__ import annotations

import time
import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class FakeClock:
    """A clock that moves when told to, for `make_context(clock=...)` and `InitCache(clock=...)`.

    Args:
        now: seconds since the epoch to begin with.
    """

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the clock by so many seconds; a negative number sets it back."""
        self.now += seconds


class FakeContext:
    """A Lambda context with a deadline that runs, and the attributes that the runtime's has.

    See <https://docs.aws.amazon.com/lambda/latest/dg/python-context.html>. Made by `make_context`.
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
        """Return the milliseconds until the deadline by the clock of this context, never less than 0."""
        return max(int((self._deadline - self._clock()) * 1000), 0)

    def w3c(self) -> dict[str, str]:
        """Return the W3C trace context of the caller."""
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
    clock: Callable[[], float] = time.time,
) -> FakeContext:
    """Return a Lambda context whose deadline is `timeout` seconds away and comes nearer as the clock runs.

    Args:
        timeout: seconds that the invocation has; 0 for one whose time is over.
        request_id: the id of the request; a new one by default.
        function_name: the name, which the ARN and the log group contain.
        memory_mb: the memory of the function, in MB.
        region: the region in the ARN.
        tenant_id: the tenant of a function with tenant isolation.
        w3c: what `context.w3c()` returns: `traceparent`, `tracestate`, `baggage`.
        clock: returns the time in seconds. With a `FakeClock` the deadline does not come by itself; note that
            `time_limit` measures real time from the moment it is entered.

    Raises:
        ConfigurationError: `timeout` is not a number that is 0 or more.

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
