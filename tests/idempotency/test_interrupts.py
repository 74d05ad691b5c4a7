"""An interrupt of a time limit at any line of a call leaves no key stuck, and no second run unreported."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import TimeLimitInterrupt
from lambda_kit.idempotency import MemoryStore, idempotent

if TYPE_CHECKING:
    from types import FrameType

_FILES = ("_protected.py", "_claim.py", "_completion.py", "_results.py", "_identity.py", "_record.py", "_cache.py")


class Interrupter:
    """Raises the interrupt when the lines of the layer have been entered so many times, once."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.where = ""

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:
        if "idempotency" not in frame.f_code.co_filename or not frame.f_code.co_filename.endswith(_FILES):
            return None
        if event == "line" and self.left >= 0:
            self.left -= 1
            if self.left < 0:
                self.where = f"{frame.f_code.co_name}:{frame.f_lineno}"
                raise TimeLimitInterrupt
        return self


def _call(protected: Any, interrupter: Interrupter) -> None:
    sys.settrace(interrupter)
    try:
        protected({"id": 1}, None)
    except (TimeLimitInterrupt, ValueError):
        pass
    finally:
        sys.settrace(None)


@pytest.mark.parametrize("fails", [False, True])
def test_an_interrupt_at_any_line_leaves_the_key_free_or_the_result_stored(fails: bool) -> None:
    at, ended = 0, False
    while not ended:
        store = MemoryStore()
        runs: list[int] = []

        def charge(event: Any, context: object, runs: list[int] = runs) -> str:
            runs.append(1)
            if fails and len(runs) == 1:
                raise ValueError("declined")
            return "done"

        protected = idempotent(store, key="id", cache=0)(charge)
        interrupter = Interrupter(at)
        # In a thread of its own: raised by a trace function at the end of a handler, an exception stays with its thread
        # as the one that is being handled, which none that a signal brings does.
        thread = threading.Thread(target=_call, args=(protected, interrupter))
        thread.start()
        thread.join()
        ended = interrupter.left >= 0
        records = list(store.records.values())
        ran_to_its_end = runs and not fails
        if ran_to_its_end and records:
            # The run is done: its result is stored, or the key is held until the lease ends.
            assert [record.status for record in records] in (["COMPLETED"], ["INPROGRESS"]), at
        else:
            assert records == [], f"stuck after an interrupt at {interrupter.where}"
        at += 1
    assert at > 40
