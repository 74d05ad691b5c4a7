"""The layer that answers a service once, whatever happens in the handler: see `always`."""

from __future__ import annotations

import functools
from _thread import allocate_lock, start_new_thread
from contextlib import suppress
from contextvars import copy_context

from lambda_kit._kernel import callables, lifecycle, log
from lambda_kit._kernel.durable import is_suspension
from lambda_kit.errors import AnswerError, ConfigurationError, LambdaKitError, TimeLimitInterrupt
from lambda_kit.invocation import current_invocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from lambda_kit._kernel.layers import AnyLayer

    class Reply(Protocol):
        """The reply to one event: what the answers are, and how they are sent.

        Attributes:
            layer: the name of the layer, for messages.
            failed: the name of the answer to a failure, for messages.
            needs_handler: False for an event that the layer answers itself.
        """

        @property
        def layer(self) -> str: ...
        @property
        def failed(self) -> str: ...
        @property
        def needs_handler(self) -> bool: ...

        def result(self, outcome: Any) -> Any:
            """Return the answer for what the handler returned.

            Raises:
                AnswerError: it cannot be an answer.
            """

        def failure(self, reason: str, /) -> Any:
            """Return the answer to a failure."""

        def send(self, answer: Any, /) -> None:
            """Send an answer.

            Raises:
                LambdaKitError: it could not be delivered.
            """


_OUT_OF_TIME = "the function ran out of time"


class _Request:
    """One event, which is answered once: when its block is left, or shortly before the deadline.

    Attributes:
        outcome: what the handler has returned.
    """

    def __init__(self, reply: Reply, margin: float) -> None:
        self.outcome: Any = None
        self._reply = reply
        left = current_invocation().remaining()
        self._delay = left - margin if margin < left else left / 2
        self._ends = left != float("inf")
        self._sending = lifecycle.make_lock()
        self._finished = allocate_lock()
        self._chosen: Any = None
        self._is_sent = False

    def __enter__(self) -> None:
        self._finished.acquire()
        if self._ends:
            run: Any = copy_context().run
            try:
                start_new_thread(run, (self._watch,))
            except RuntimeError as error:
                log.warning(
                    "%s: no thread can be started (%s): if the handler runs out of time, nothing answers for it",
                    self._reply.layer,
                    error,
                )

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if error is not None and is_suspension(error):
            self._finished.release()
            return False  # a durable execution goes on later
        is_error = isinstance(error, Exception)
        reply = self._reply
        if is_error:
            log.error("%s: the handler raised; the answer is %s", reply.layer, reply.failed, exc_info=error)
        self._chosen = self._answer() if error is None else reply.failure(f"{type(error).__name__}: {error}")
        try:
            self._send(self._chosen)
        finally:
            self._finished.release()
        return is_error

    def end(self) -> None:
        """Answer if no answer was sent: a time limit outside may strike at any step of the block and of its end."""
        self._send(self._reply.failure(_OUT_OF_TIME) if self._chosen is None else self._chosen)
        with suppress(RuntimeError):  # it is released already
            self._finished.release()

    def _answer(self) -> Any:
        """Return the answer for what the handler returned; a failure if it cannot be one."""
        reply = self._reply
        try:
            return reply.result(self.outcome)
        except AnswerError as error:
            log.error("%s: %s; the answer is %s", reply.layer, error, reply.failed)
            return reply.failure(str(error))

    def _watch(self) -> None:
        """Answer shortly before the deadline, unless the handler has returned."""
        if self._finished.acquire(timeout=max(self._delay, 0.0)):
            return
        reply = self._reply
        try:
            self._send(
                reply.failure(_OUT_OF_TIME),
                f"{reply.layer}: the handler ran out of time; the answer is {reply.failed}",
            )
        except LambdaKitError as error:
            log.error("%s: %s", reply.layer, error)

    def _send(self, answer: Any, note: str = "") -> None:
        """Send an answer, unless one was sent, and log the note about it before another thread goes on.

        Raises:
            LambdaKitError: it could not be delivered.
        """
        with self._sending:
            if not self._is_sent:
                self._reply.send(answer)
                self._is_sent = True
                if note:
                    log.error(note)


def always(reply_to: Callable[[Any], Reply], layer: str, margin: float) -> AnyLayer:
    """Return a layer that answers a service once: when the handler returns or raises, or runs out of time.

    An exception of the handler is logged and answered, and does not reach the runtime.

    Args:
        reply_to: makes the reply to an event.
        layer: the name of the layer, for messages.
        margin: seconds before the deadline at which a handler that is still running is answered for, above 0. If less
            time is left at the call, half of it.

    Raises:
        ConfigurationError: `margin` is no number above 0.
    """
    if not callables.is_number(margin) or margin <= 0:
        raise ConfigurationError(f"{layer}(margin={margin!r}): pass the seconds before the deadline, above 0")

    def decorate(fn: Callable[..., Any], /) -> Callable[..., Any]:
        callables.refuse_handler(fn, f"{layer}(...)")
        at = callables.event_position(fn)

        def answered(*args: Any, **kwargs: Any) -> None:
            reply = reply_to(args[at])
            request = _Request(reply, margin)
            try:
                with request:
                    if reply.needs_handler:
                        request.outcome = fn(*args, **kwargs)
            except TimeLimitInterrupt:
                request.end()
                raise

        async def answered_later(*args: Any, **kwargs: Any) -> None:
            reply = reply_to(args[at])
            request = _Request(reply, margin)
            try:
                with request:
                    if reply.needs_handler:
                        request.outcome = await fn(*args, **kwargs)
            except TimeLimitInterrupt:
                request.end()
                raise

        layered: Any = answered_later if callables.is_coroutine_function(fn) else answered
        return functools.update_wrapper(layered, fn)

    return decorate
