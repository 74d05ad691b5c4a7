"""Tumbling windows of streams: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.events._fields import flag, optional, time
from lambda_kit.events._view import View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Windowed(View):
    """The tumbling window of an event of a stream.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()

    window_start = time("window", "start")
    """The start of the tumbling window; None without a window."""
    window_end = time("window", "end")
    """The end of the tumbling window; None without a window."""
    shard_id = optional("shardId")
    """The id of the shard; None without a window. The records of a Kinesis stream have it too."""
    stream_arn = optional("eventSourceARN")
    """The ARN of the stream; None without a window. The records have it too."""
    is_final = flag("isFinalInvokeForWindow")
    """True for the last invocation of the window."""
    is_terminated_early = flag("isWindowTerminatedEarly")
    """True if the window ended early, because its state became larger than 1 MB."""

    @property
    def has_window(self) -> bool:
        """True if the event source mapping has a tumbling window."""
        return type_of(self._find("window")) is dict

    @property
    def state(self) -> dict[str, Any]:
        """The state that the function returned before, for the same window; empty at first, and without a window.

        A function under `batch` takes it as its second argument, and `batch` returns it.
        """
        found = self._find("state")
        return found if type_of(found) is dict else {}
