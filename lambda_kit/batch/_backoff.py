"""Back-off for failed messages of SQS: they come back later each time."""

from __future__ import annotations

import os

from lambda_kit._kernel import callables, log
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from lambda_kit.batch._progress import Progress

_MAX_SECONDS = 43_200.0  # the longest visibility time-out of SQS
_MAX_ENTRIES = 10  # messages in one call of ChangeMessageVisibilityBatch


def _random() -> float:
    """Return a random number from 0 to 1; from the system, because environments of one snapshot share their seed."""
    return int.from_bytes(os.urandom(6)) / (1 << 48)


class Backoff:
    """A delay for failed messages of SQS: `base` seconds after the first failure, twice that after the next, and so on.

    Half of each delay is fixed and half is random, so that messages that failed together do not come back together.
    This takes one request for each ten failed messages, and the permission `sqs:ChangeMessageVisibility`. If a request
    fails, that is logged, and the messages come back when the visibility time-out of the queue ends. Messages that were
    not started are left alone.

    Args:
        base: seconds after the first failure; above 0, at most 43,200. Default 5.
        longest: the longest delay in seconds; above 0, at most 43,200, which SQS counts from when the message was
            received. Default 900.
        client: a boto3 client of `sqs`, which is then used for every call. Default None: the kit's own client.
        chance: a function that returns a random number from 0 to 1.

    Raises:
        ConfigurationError: a number is out of its range.
    """

    def __init__(
        self,
        base: float = 5.0,
        longest: float = 900.0,
        *,
        client: Any = None,
        chance: Callable[[], float] = _random,
    ) -> None:
        for name, value in (("base", base), ("longest", longest)):
            if not callables.is_number(value) or not 0 < value <= _MAX_SECONDS:
                raise ConfigurationError(f"Backoff({name}={value!r}): pass seconds above 0 and at most 43,200")
        self._base = base
        self._longest = longest
        self._client = client
        self._chance = chance

    def delay(self, received: int) -> int:
        """Return the delay, in whole seconds, for a message that was received `received` times."""
        delay: float = min(self._base * 2.0 ** min(max(received, 1) - 1, 32), self._longest)
        return max(round(delay * (0.5 + self._chance() / 2)), 1)

    def apply(self, progress: Progress, failed: Iterable[int]) -> None:
        """Change the visibility time-out of the messages at these positions."""
        queues: dict[str, list[tuple[str, int]]] = {}
        for index in failed:
            raw = progress.records[index]
            try:
                delay = self.delay(int(raw["attributes"]["ApproximateReceiveCount"]))
                handle, arn = raw["receiptHandle"], raw["eventSourceARN"]
            except (LookupError, TypeError, ValueError, OverflowError):
                continue  # malformed: it comes back when the visibility time-out of the queue ends
            if isinstance(handle, str) and isinstance(arn, str):
                queues.setdefault(arn, []).append((handle, delay))
        for arn, messages in queues.items():
            try:
                self._change(arn, messages)
            except Exception:
                log.warning(
                    "the visibility time-out of %d failed messages could not be changed; they come back when the "
                    "time-out of their queue ends",
                    len(messages),
                    exc_info=True,
                )

    def _change(self, arn: str, messages: list[tuple[str, int]]) -> None:
        from lambda_kit.aws import connect

        _, partition, _, region, account, name = arn.split(":", 5)
        domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        caller = connect("sqs", self._client, region=region)
        for start in range(0, len(messages), _MAX_ENTRIES):
            entries = [
                {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                for number, (handle, seconds) in enumerate(messages[start : start + _MAX_ENTRIES])
            ]
            reply = caller.call(
                "ChangeMessageVisibilityBatch",
                {"QueueUrl": f"https://sqs.{region}.{domain}/{account}/{name}", "Entries": entries},
            )
            for refused in reply.get("Failed", ()):
                log.warning("the visibility time-out of a failed message could not be changed: %s", refused.get("Code"))
