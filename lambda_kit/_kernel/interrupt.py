"""Alarms: they interrupt running code for time limits, and for the margin of batches.

On the main thread an alarm uses the signal `SIGALRM`, which also ends calls that block. On other threads, and where
that signal does not exist, a second thread waits and raises the exception in the first one, between two bytecodes.

An alarm has to be stopped in a `finally`, and started inside the `try` that catches its exception:

    alarm = Alarm(interrupt)
    try:
        try:
            alarm.start(delay)
            work()
        finally:
            alarm.stop()
    except TimeLimitInterrupt:
        ...

Wherever the exception strikes between `start` and `stop`, it is caught. It cannot strike later: the first step of
`stop` ends the alarm. If another interrupt strikes even there, the alarm is dropped once its code has left the stack.
"""

from __future__ import annotations

import sys
import threading
import time
from _thread import allocate_lock, get_ident, start_new_thread
from contextvars import copy_context
from types import TracebackType

from lambda_kit._kernel import PACKAGE, lifecycle, log
from lambda_kit.errors import TimeLimitInterrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType
    from typing import Any

# The functions beneath those of `signal`, which take longer than all the rest to make enumerations of numbers.
_signal: Any = sys.modules["_signal"]
_HAS_TIMERS = hasattr(_signal, "setitimer")
_EARLY = 0.001  # seconds that a timer may be early
_AGAIN = 0.001  # seconds until the next try
BETWEEN_STEPS = 0.01  # seconds after which an alarm that rang between two steps of an event loop is tried again
_REPEAT = 0.01  # seconds between two signals of an alarm that is due

_alarms: list[Alarm] = []  # the alarms on the timer of the process; only the main thread uses them
# The handler of SIGALRM that other code has set, the time at which its timer is due (0.0 without a timer), and the
# interval of that timer. They are paused while alarms are on the timer. None if nothing is paused.
_paused: tuple[Any, float, float] | None = None
_ringing: dict[Alarm, int] = {}  # the alarms that rang and are not stopped, and whom they interrupt
_catching: tuple[Any, Any] | None = None  # the hook for exceptions that Python swallows, and the one before it
_main: int | None = None  # the identifier of the main thread; None before it is known
_registered = False


class Alarm:
    """Calls a function to interrupt the running code of a thread, unless it is stopped in time.

    Args:
        ring: is called with the frame that is running; it raises `TimeLimitInterrupt` to interrupt it.
        owner: the frame of the code that the alarm belongs to. The alarm does not ring once it has left the stack.
        is_alive: tells if the code that the alarm belongs to is still running; for coroutines, which leave the stack
            while they wait.
    """

    __slots__ = ("_is_alive", "_over", "_owner", "_ring", "_waiter", "due")

    def __init__(
        self,
        ring: Callable[[FrameType | None], None],
        *,
        owner: FrameType | None = None,
        is_alive: Callable[[], bool] | None = None,
    ) -> None:
        self._ring = ring
        self._owner = owner
        self._is_alive = is_alive
        self._over = True
        self._waiter: _Waiter | None = None
        self.due = 0.0

    def start(self, delay: float) -> None:
        """Ring in `delay` seconds. The function that is called may start the alarm again.

        Where a thread is needed and none can be started, it does not ring, and a WARNING says so.
        """
        self._over = False
        if not uses_signal():
            self._waiter = _Waiter(self)
            self._waiter.start(delay)
            return
        now = time.monotonic()
        self.due = now + delay
        if _alarms:
            frame = sys._getframe()
            _alarms[:] = [one for one in _alarms if one.is_pending(frame) and one is not self]
            _alarms.append(self)
            _set_next_timer()
            return
        _alarms.append(self)
        _set_timer(now, self.due)

    def stop(self) -> None:
        """Do not ring. It may be called several times, and without a start."""
        self._over = True
        self._owner = None  # breaks a reference cycle
        _stop_catching(self)
        if self._waiter is not None:
            self._waiter.stop()
            _stop_catching(self)  # it may have rung meanwhile
        elif _alarms:
            try:
                _alarms.remove(self)
            except ValueError:  # it has rung, or was never started
                return
            if _alarms:
                _set_next_timer()
            else:
                _resume()

    def is_pending(self, frame: FrameType | None) -> bool:
        """Return True if the alarm may still ring while `frame` is running."""
        if self._over or (self._is_alive is not None and not self._is_alive()):
            return False
        owner = self._owner
        if owner is None:
            return True
        while frame is not None and frame is not owner:
            frame = frame.f_back
        return frame is owner

    def ring(self, frame: FrameType | None) -> None:
        """Call the function, and ring again if Python swallows its exception: in a finaliser it does."""
        self._over = True
        _catch_swallowed(self, get_ident() if self._waiter is None else self._waiter.thread)
        self._ring(frame)


class _Waiter:
    """Waits in another thread, and raises the exception of an alarm in the thread that has made it."""

    __slots__ = ("_alarm", "_cancel", "_context", "_decision", "_rang", "thread")

    def __init__(self, alarm: Alarm) -> None:
        self._alarm = alarm
        self.thread = get_ident()
        self._context = copy_context()
        self._decision: dict[None, str] = {}
        self._cancel = allocate_lock()
        self._rang = False

    def start(self, delay: float) -> None:
        self._cancel.acquire()
        try:
            # Not threading.Thread: an interrupt inside its start() could leave locks of the standard library locked.
            start_new_thread(self._wait, (min(delay, threading.TIMEOUT_MAX),))
        except RuntimeError as error:
            log.warning("no thread can be started (%s): the code that runs now has no time limit", error)

    def _wait(self, delay: float) -> None:
        if self._cancel.acquire(timeout=delay):
            return
        frame = sys._current_frames().get(self.thread)
        if not self._alarm.is_pending(frame) or self._decision.setdefault(None, "ring") != "ring":
            return
        try:
            self._context.run(self._alarm.ring, frame)
        except TimeLimitInterrupt:
            raise_in(self.thread, TimeLimitInterrupt)
        finally:
            self._rang = True

    def stop(self) -> None:
        # This one call decides, and a second one gives the same answer.
        if self._decision.setdefault(None, "stop") == "stop":
            if self._cancel.locked():
                self._cancel.release()
            return
        # The exception of the other thread has to strike here, and not later.
        while not self._rang:
            time.sleep(_AGAIN)
        time.sleep(0)  # exceptions strike after a call of a function written in C


def _catch_swallowed(alarm: Alarm, thread: int) -> None:
    """Hear of an interrupt that Python swallows in a thread, until `_stop_catching`.

    The threads share one hook. CPython does not give another thread its turn between the steps that change it.
    """
    global _catching
    _ringing[alarm] = thread
    previous: Any = sys.unraisablehook
    if _catching is not None and previous is _catching[0]:
        return

    def caught(unraisable: Any) -> None:
        if unraisable.exc_type is TimeLimitInterrupt:
            here = get_ident()
            for one, ringing_in in reversed(list(_ringing.items())):  # the innermost first
                if ringing_in == here:
                    one.start(_AGAIN)
                    return
        previous(unraisable)

    _catching = caught, previous
    sys.unraisablehook = caught


def _stop_catching(alarm: Alarm) -> None:
    global _catching
    if _ringing and _ringing.pop(alarm, None) is not None and not _ringing:
        catching = _catching
        if catching is not None and sys.unraisablehook is catching[0]:
            sys.unraisablehook = catching[1]
            _catching = None


def uses_signal() -> bool:
    """Return True if an alarm of this thread uses the signal, so that it ends calls that block."""
    return get_ident() == (_main or _find_main()) and _HAS_TIMERS


def _find_main() -> int | None:
    """Return the identifier of the main thread, which receives signals, and keep it until a fork."""
    global _main, _registered
    if not _registered:
        _registered = True
        lifecycle.on_fork(_forget_main)
    _main = threading.main_thread().ident
    return _main


def _forget_main() -> None:
    """Look for the main thread again, in a forked child: it is the thread that has forked."""
    global _main
    _main = None


def _set_next_timer() -> None:
    """Put the alarm that is due first on the timer of the process. Without alarms, resume what was paused."""
    # The handler of the signal does the same, and may strike anywhere in here.
    due = min([one.due for one in _alarms], default=None)
    if due is None:
        _resume()
    else:
        _set_timer(time.monotonic(), due)


def _set_timer(now: float, due: float) -> None:
    """Put an alarm on the timer of the process."""
    global _paused
    paused = _paused
    handler = _signal.getsignal(_signal.SIGALRM)
    if paused is None:
        _paused = handler, 0.0, 0.0
    _signal.signal(_signal.SIGALRM, _on_signal)
    # The timer repeats. CPython runs a handler between two bytecodes, so a signal that comes just before a call blocks
    # does not end that call: the next signal does.
    left, interval = _signal.setitimer(_signal.ITIMER_REAL, max(due - now, 1e-6), _REPEAT)
    if paused is None and left:
        _paused = handler, now + left, interval


def _resume() -> None:
    """Resume the handler and the timer that were paused."""
    global _paused
    paused = _paused
    if paused is None:
        return
    handler, due, interval = paused
    _signal.setitimer(_signal.ITIMER_REAL, 0)
    _signal.signal(_signal.SIGALRM, _signal.SIG_DFL if handler is None else handler)
    if due:
        _signal.setitimer(_signal.ITIMER_REAL, max(due - time.monotonic(), 1e-6), interval)  # at once if overdue
    _paused = None


def _on_signal(_signum: int, frame: FrameType | None) -> None:
    soon = time.monotonic() + _EARLY
    pending = [one for one in _alarms if one.is_pending(frame)]
    _alarms[:] = [one for one in pending if one.due > soon]
    try:
        for one in pending:  # the outermost first: its exception also leaves the code of the others
            if one.due <= soon:
                one.ring(frame)
    finally:
        _set_next_timer()


def raise_in(thread: int, error: type[BaseException]) -> None:
    """Raise `error` in another thread, between two of its bytecodes. A call that blocks is not ended."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


def frames_in(coroutine: Any) -> list[FrameType]:
    """Return the frames of a suspended coroutine and of the coroutines that it awaits, the outermost first."""
    frames: list[FrameType] = []
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        frames.append(frame)
        coroutine = coroutine.cr_await
    return frames


def frames_above(frame: FrameType | None, file: str) -> list[FrameType]:
    """Return the frames that code of a file has called, down to the one that runs now, the outermost first.

    Args:
        frame: the one that runs now.
        file: the name of the file; where none of its code is running, all frames are returned.
    """
    frames: list[FrameType] = []
    while frame is not None and frame.f_code.co_filename != file:
        frames.append(frame)
        frame = frame.f_back
    return frames[::-1]


def traceback_of(frames: Sequence[FrameType]) -> TracebackType | None:
    """Return a traceback of code that is running, such as an exception would have there; None without frames.

    Args:
        frames: the outermost first.
    """
    made: TracebackType | None = None
    for frame in reversed(frames):
        made = _entry(made, frame, frame.f_lasti, frame.f_lineno)
    return made


def user_traceback(traceback: TracebackType | None) -> TracebackType | None:
    """Return a traceback without the frames of the kit at its two ends; None if no other frame is left.

    The first ones are those of layers. The last ones are those of the alarm that has interrupted the code.
    """
    entries: list[TracebackType] = []
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    while entries and _is_own(entries[-1]):
        entries.pop()
    first = next((i for i, one in enumerate(entries) if not _is_own(one)), len(entries))
    made: TracebackType | None = None
    for one in reversed(entries[first:]):
        made = _entry(made, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return made


def _entry(next_: TracebackType | None, frame: FrameType, instruction: int, line: int | None) -> TracebackType:
    """Return an entry of a traceback.

    An instruction may have no line, such as the jump at the end of a loop on Python 3.11: the line before it counts.
    """
    if line is None:
        code = frame.f_code
        line = code.co_firstlineno
        for start, _, known in code.co_lines():
            if start > instruction:
                break
            line = line if known is None else known
    return TracebackType(next_, frame, instruction, line)


def _is_own(entry: TracebackType) -> bool:
    return entry.tb_frame.f_code.co_filename.startswith(PACKAGE)
