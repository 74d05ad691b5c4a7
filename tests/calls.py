"""The calls that a call makes, for tests of what something costs."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def calls_of(call: Callable[..., object], /, *args: Any, **kwargs: Any) -> list[str]:
    """Call something, and return the names of all functions that ran in it, in Python and in C, itself included.

    The collector of garbage waits meanwhile: finalisers and callbacks of the collector are no part of the call.
    """
    calls: list[str] = []

    def note(frame: FrameType, event: str, arg: Any) -> None:
        if event == "call":
            calls.append(frame.f_code.co_name)
        elif event == "c_call":
            calls.append(arg.__name__)

    gc.disable()
    sys.setprofile(note)
    try:
        call(*args, **kwargs)
    finally:
        sys.setprofile(None)
        gc.enable()
    assert calls.pop() == "setprofile"
    return calls
