"""Back-off for messages that fail: each time they come back later."""

from __future__ import annotations

import os

from lambda_kit._kernel import callables, log
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from lambda_kit.batch._report import Progress

_MOST = 43_200.0  # seconds that SQS lets a message be invisible for
_BATCH = 10  # messages in a call of ChangeMessageVisibilityBatch


def _chance() -> float:
    """Return a random number from 0 to 1; from the system, so that environments of one snapshot do not agree on it."""
    return int.from_bytes(os.urandom(6)) / (1 << 48)


class Backoff:
    """Lets a message of SQS that failed come back after `base` seconds, twice that the next time, and so on.

    Half of each delay is fixed and half random, so that messages that failed together do not come back together. It
    takes one request more for each ten messages that failed, with `sqs:ChangeMessageVisibility`; one that fails is
    logged, and the messages come back when the queue's own time-out ends. Messages that were not begun are left alone.

    Args:
        base: seconds after the first failure.
        longest: seconds at the most; SQS allows 43,200, counted from when the message was received.
        client: a boto3 client of `sqs`, which is then used for every call.
        chance: returns a random number from 0 to 1.

    Raises:
        ConfigurationError: a number is out of its range.
    """

    def __init__(
        self,
        base: float = 5.0,
        longest: float = 900.0,
        *,
        client: Any = None,
        chance: Callable[[], float] = _chance,
    ) -> None:
        for name, value in (("base", base), ("longest", longest)):
            if not callables.is_number(value) or not 0 < value <= _MOST:
                raise ConfigurationError(f"Backoff({name}={value!r}): pass seconds above 0, 43,200 at the most")
        self._base = base
        self._longest = longest
        self._client = client
        self._chance = chance

    def delay(self, received: int) -> int:
        """Return after how many whole seconds a message comes back that was received so many times."""
        whole: float = min(self._base * 2.0 ** min(max(received, 1) - 1, 32), self._longest)
        return max(round(whole * (0.5 + self._chance() / 2)), 1)

    def apply(self, progress: Progress, failed: Iterable[int]) -> None:
        """Change for how long the messages at these positions stay invisible."""
        queues: dict[str, list[tuple[str, int]]] = {}
        for index in failed:
            raw = progress.records[index]
            try:
                received = int(raw["attributes"]["ApproximateReceiveCount"])
                queues.setdefault(raw["eventSourceARN"], []).append((raw["receiptHandle"], self.delay(received)))
            except (LookupError, TypeError, ValueError):
                continue  # it is not made as SQS makes them: it comes back when the queue says
        for arn, messages in queues.items():
            try:
                self._change(arn, messages)
            except Exception:
                log.warning(
                    "the visibility of %d messages that failed could not be changed; they come back when the time-out "
                    "of their queue ends",
                    len(messages),
                    exc_info=True,
                )

    def _change(self, arn: str, messages: list[tuple[str, int]]) -> None:
        from lambda_kit.aws import connect

        _, partition, _, region, account, name = arn.split(":", 5)
        domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        caller = connect("sqs", self._client, region=region)
        for start in range(0, len(messages), _BATCH):
            entries = [
                {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                for number, (handle, seconds) in enumerate(messages[start : start + _BATCH])
            ]
            reply = caller.call(
                "ChangeMessageVisibilityBatch",
                {"QueueUrl": f"https://sqs.{region}.{domain}/{account}/{name}", "Entries": entries},
            )
            for refused in reply.get("Failed", ()):
                log.warning("the visibility of a message that failed could not be changed: %s", refused.get("Code"))
