"""A store in Redis or Valkey. Each step is one script, which the server runs atomically."""

from __future__ import annotations

import functools
from _thread import allocate_lock, start_new_thread

from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency._claim import seconds_left
from lambda_kit.idempotency._record import COMPLETED, IN_PROGRESS, record_of, unreadable
from lambda_kit.idempotency._settings import Replaceable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.idempotency._record import Claim, Record

_MARGIN = 0.1  # seconds of the invocation that are left to the function to deal with a failure
_FIELDS = "'status', 'owner', 'expires', 'lease', 'payload', 'result', 'packed'"
_KEPT = 60  # seconds that the server keeps a record after its expiry, because its clock may be ahead of the callers'
# The rules of `decide`, for the server.
_CLAIM = f"""
local there = redis.call('HMGET', KEYS[1], {_FIELDS})
local now = tonumber(ARGV[2])
local expires = tonumber(there[3] or '')
if there[1] and (not expires or expires ~= expires or expires > now) then
    local running = there[1] == '{IN_PROGRESS}'
    local mine = there[2] == ARGV[1]
    local lease = tonumber(there[4] or '')
    local ended = lease and lease <= now
    if running and mine then
        if lease and lease >= tonumber(ARGV[4]) then
            return false
        end
    elseif not running or not ended then
        return there
    end
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'status', '{IN_PROGRESS}', 'owner', ARGV[1], 'expires', ARGV[3], 'lease', ARGV[4])
if ARGV[5] ~= '' then
    redis.call('HSET', KEYS[1], 'payload', ARGV[5])
end
redis.call('EXPIREAT', KEYS[1], ARGV[3] + {_KEPT})
return false
"""
_COMPLETE = f"""
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then
    return 0
end
redis.call('HSET', KEYS[1], 'status', '{COMPLETED}', 'expires', ARGV[2], ARGV[3], ARGV[4])
redis.call('HDEL', KEYS[1], 'lease')
redis.call('EXPIREAT', KEYS[1], ARGV[2] + {_KEPT})
return 1
"""
_RELEASE = f"""
local there = redis.call('HMGET', KEYS[1], 'status', 'owner')
if not there[1] then
    return 1
end
if there[2] ~= ARGV[1] or there[1] ~= '{IN_PROGRESS}' then
    return 0
end
redis.call('DEL', KEYS[1])
return 1
"""


class RedisStore(Replaceable):
    """Keeps records in Redis or Valkey, in one hash each.

    A call waits no longer for the server than the invocation lasts.

    The server must not lose what it has accepted: with asynchronous replication, or without persistence, a fail-over
    loses claims and results.

    Args:
        client: a client of `redis` or `valkey`, not of their asyncio packages; coroutines call it in a thread.
        prefix: the text before each key.

    Raises:
        ConfigurationError: the client is no such client.
    """

    max_bytes: int | None = None
    blocks = True

    def __init__(self, client: Any, *, prefix: str = "idempotency:") -> None:
        if not callable(getattr(client, "eval", None)):
            raise ConfigurationError(f"RedisStore({client!r}): pass a client of redis or valkey")
        if any(one.__name__.endswith("Pipeline") for one in type(client).__mro__):
            raise ConfigurationError("RedisStore: pass a client of redis, not a pipeline, which answers later")
        if any(".asyncio" in one.__module__ for one in type(client).__mro__):
            raise ConfigurationError("RedisStore: pass a client of redis, not of redis.asyncio")
        self._client = client
        self._prefix = prefix

    def claim(self, claim: Claim, /) -> Record | None:
        """See `Store`."""
        record = claim.record()
        there = self._run(
            _CLAIM,
            claim.key,
            claim.owner,
            repr(claim.now),
            str(int(record.expires)),
            repr(claim.leased_until),
            claim.payload or "",
        )
        if not there:
            return None
        try:
            status, owner, expires, lease, payload, result, packed = (_text(one) for one in there)
            stored = result if packed is None else _unpacked(packed)
        except ValueError as error:
            raise unreadable(claim.key) from error
        return record_of(
            claim.key,
            status=status,
            owner=owner,
            expires=expires,
            leased_until=lease,
            payload=payload,
            result=stored,
        )

    def complete(self, record: Record, /) -> bool:
        """See `Store`."""
        name, value = "result", record.result
        if isinstance(value, bytes):  # a client that decodes replies could not read it
            from binascii import b2a_base64

            name, value = "packed", b2a_base64(value, newline=False).decode()
        expires = str(int(record.expires))
        return bool(self._run(_COMPLETE, record.key, str(record.owner), expires, name, value or ""))

    def release(self, key: str, owner: str, /) -> bool:
        """See `Store`."""
        return bool(self._run(_RELEASE, key, owner))

    def delete(self, key: str, /) -> bool:
        """Delete the record of a key, whatever its state; return whether there was one."""
        return bool(_bounded(functools.partial(self._client.delete, self._prefix + key)))

    def _run(self, script: str, key: str, *arguments: str) -> Any:
        try:
            return _bounded(functools.partial(self._client.eval, script, 1, self._prefix + key, *arguments))
        except Exception as error:
            if "WRONGTYPE" in str(error):  # something else is stored under the key
                raise unreadable(key) from error
            raise


def _unpacked(text: str) -> bytes:
    from binascii import a2b_base64

    return a2b_base64(text)


def _bounded(call: Callable[[], Any]) -> Any:
    """Call the server in a thread, and wait no longer than the invocation lasts: the client may have no time-out.

    Raises:
        TimeoutError: there was no answer in time. The call goes on in its thread.
        RuntimeError: no more threads can be started.
    """
    left = seconds_left() - _MARGIN
    if left == float("inf"):
        return call()
    if left <= 0:
        raise TimeoutError("there is no time left in the invocation to ask Redis")
    from contextvars import copy_context

    outcome: list[tuple[bool, Any]] = []
    running = allocate_lock()
    running.acquire()

    def work() -> None:
        try:
            outcome.append((True, call()))
        except BaseException as error:
            outcome.append((False, error))
        finally:
            running.release()

    run, arguments = copy_context().run, (work,)
    try:
        start_new_thread(run, arguments)
        ended = running.acquire(timeout=left)
    except RuntimeError:  # no more threads can be started: there is nothing to wait for
        raise
    except BaseException:  # an interrupt: the next step has to know whether this one was made
        if not outcome:
            running.acquire(timeout=max(seconds_left() - _MARGIN, 0))
        raise
    if not ended:
        raise TimeoutError(f"Redis did not answer within the {left:.3g} s that were left of the invocation")
    returned, value = outcome[0]
    if not returned:
        raise value
    return value


def _text(value: Any) -> str | None:
    return value.decode() if isinstance(value, bytes) else value
