"""One invocation and its answer, as the Runtime API has them, and the limits on their sizes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PAYLOAD_LIMIT = 6 * 1024 * 1024
"""Bytes of a request that Lambda accepts."""
ASYNCHRONOUS_LIMIT = 1024 * 1024
"""Bytes of the event of an asynchronous invocation that Lambda accepts."""
RESPONSE_LIMIT = PAYLOAD_LIMIT + 100
"""Bytes of a response that the Runtime API accepts."""
STREAM_LIMIT = 200 * 1024 * 1024
"""Bytes of a streamed response that the Runtime API passes on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A post of the runtime: the answer to an invocation, or an error of its initialization.

    Attributes:
        kind: `response` or `error`, as posted; `too-large` for a response over the limit, whose body is dropped;
            `truncated` for a body in chunks that broke off.
        body: the bytes that were posted; empty if they were passed on as they came.
        content_type: the media type that was named.
        error_type: the `Lambda-Runtime-Function-Error-Type` header, or None.
        passed_on: true if the parts of the body were passed on as they came.
    """

    kind: Literal["response", "error", "too-large", "truncated"]
    body: bytes
    content_type: str
    error_type: str | None
    passed_on: bool = False


@dataclass(slots=True, eq=False)
class Exchange:
    """One invocation, from the queue to the runtime and back.

    Attributes:
        request_id: the id that a retry would share.
        invocation_id: the id of this attempt; the runtime repeats it with its answer.
        body: the event, encoded.
        timeout: seconds from the moment it is handed out to its deadline.
        headers: further headers of the answer to the poll.
        peer: the port of the connection that it was handed to.
        handed_at: when it was handed out, on the `time.perf_counter` clock.
        answered_at: when its answer had arrived, on the same clock.
        answer: what the runtime posted.
        finished: true once the runtime has asked for more work after its answer.
        abandoned: true once nobody waits for the answer.
        on_part: called with each part of a streamed response, as it comes, and its media type; without it the parts
            are kept.
        part_error: what `on_part` raised; the connection of the runtime is closed then, so that it sends no more parts.
    """

    request_id: str
    invocation_id: str
    body: bytes
    timeout: float
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    peer: int | None = None
    handed_at: float | None = None
    answered_at: float | None = None
    answer: Answer | None = None
    finished: bool = False
    abandoned: bool = False
    on_part: Callable[[bytes, str], None] | None = None
    part_error: BaseException | None = None

    def pass_on(self, part: bytes, content_type: str) -> None:
        """Pass on a part of a streamed response, unless nobody waits for it."""
        if self.on_part is not None and self.part_error is None and not self.abandoned:
            try:
                self.on_part(part, content_type)
            except BaseException as error:  # it belongs to the caller of invoke, not to this thread
                self.part_error = error
