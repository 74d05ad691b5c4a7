"""Decisions about retries and their pauses: the standard mode of AWS's SDKs, as in botocore.

These are pure functions; nothing here waits or reads a clock. See
<https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>.
"""

from __future__ import annotations

from lambda_kit._kernel import callables, lifecycle
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# The kinds of failure that are worth another attempt. The numbers are their costs from the quota.
TRANSIENT = 14
THROTTLING = 5

THROTTLING_CODES = frozenset(
    (
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    )
)
_TRANSIENT_CODES = frozenset(("RequestTimeout", "RequestTimeoutException"))
_TRANSIENT_STATUSES = frozenset((500, 502, 503, 504))

CONNECT_TIMEOUT = 1.0  # seconds that connecting may take
READ_TIMEOUT = 5.0  # seconds that AWS may stay silent

_ATTEMPTS = {"dynamodb": 4}
_BASE = {"dynamodb": 0.025}
_LONGEST = 20.0  # seconds
_MOST_ASKED = 5.0  # seconds that a server may add to a pause
_MODES = ("standard", "legacy", "adaptive")


def kind_of(status: int, code: str) -> int | None:
    """Return `THROTTLING`, `TRANSIENT`, or None for a failure that a retry cannot help.

    A status of 429 is always throttling; botocore looks at the service's declaration of the code first. A failure
    without a complete reply is `TRANSIENT`.

    Args:
        status: the HTTP status.
        code: AWS's code of the error.
    """
    if code in THROTTLING_CODES:
        return THROTTLING
    if code == "ReplicatedWriteConflictException":
        return TRANSIENT
    if status == 429:
        return THROTTLING
    if code in _TRANSIENT_CODES or status in _TRANSIENT_STATUSES:
        return TRANSIENT
    return None


def pause(service: str, kind: int, attempt: int, chance: float, asked: str | None = None) -> float:
    """Return the seconds to wait before the next attempt.

    Args:
        service: the service.
        kind: what `kind_of` returned.
        attempt: the number of the attempt that failed, from 1.
        chance: a random number from 0 to 1.
        asked: the header `x-amz-retry-after` of the reply, in milliseconds; any other text is ignored.
    """
    base = 1.0 if kind == THROTTLING else _BASE.get(service, 0.05)
    own = chance * min(base * (1 << min(attempt - 1, 10)), _LONGEST)
    if asked is None or not asked.isdecimal() or len(asked) > 18:
        return own
    return max(own, min(int(asked) / 1000, own + _MOST_ASKED))


class Quota:
    """The budget of one client for retries, so that many failing calls are not each sent three times."""

    __slots__ = ("_left", "_lock", "_most")

    def __init__(self, most: int = 500) -> None:
        self._most = self._left = most
        self._lock: Any = lifecycle.make_lock()  # taken only after failures

    @property
    def left(self) -> int:
        """The part of the budget that is left."""
        return self._left

    def spend(self, cost: int) -> bool:
        """Take `cost` if there is as much left, and tell whether there was."""
        lock = self._lock
        try:
            lock.acquire()
            enough = cost <= self._left
            if enough:
                self._left -= cost
            lock.release()
            return enough
        finally:  # for an interrupt anywhere above, also between the lock and the block of a `with`
            if lock._is_owned():
                lock.release()

    def succeeded(self, spent: int) -> None:
        """Give back after a success: the cost of its last retry, or 1 if the first attempt succeeded."""
        if self._left == self._most:
            return
        lock = self._lock
        try:
            lock.acquire()
            self._left = min(self._left + (spent or 1), self._most)
            lock.release()
        finally:
            if lock._is_owned():
                lock.release()


def attempts_of(service: str, environ: Mapping[str, str]) -> int:
    """Return the largest number of attempts for `service`: `AWS_MAX_ATTEMPTS`, else that of AWS's SDKs.

    Raises:
        ConfigurationError: the variable is not a number from 1.
    """
    text = environ.get("AWS_MAX_ATTEMPTS")
    if not text:
        return _ATTEMPTS.get(service, 3)
    if not text.strip().isdecimal() or int(text) < 1:
        raise ConfigurationError(f"AWS_MAX_ATTEMPTS is {text!r}; set it to a whole number from 1, or not at all")
    return int(text)


def is_adaptive(environ: Mapping[str, str]) -> bool:
    """Tell whether `AWS_RETRY_MODE` is adaptive, which only botocore supports. `legacy` means standard here.

    Raises:
        ConfigurationError: there is no such mode.
    """
    mode = environ.get("AWS_RETRY_MODE") or "standard"
    if mode not in _MODES:
        raise ConfigurationError(
            f"AWS_RETRY_MODE is {mode!r}; set it to one of {', '.join(_MODES)}{callables.closest(mode, _MODES)}"
        )
    return mode == "adaptive"
