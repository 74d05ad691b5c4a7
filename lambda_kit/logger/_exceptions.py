"""Exceptions as fields: type, message, causes and frames; never passwords, or the values of local variables."""

from __future__ import annotations

import linecache
import os

from lambda_kit._kernel import PACKAGE
from lambda_kit._kernel.json_text import message_of
from lambda_kit._kernel.messages import shown, shown_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from lambda_kit._kernel.json_text import Encoder

_ASYNCIO = os.path.dirname(os.__file__) + f"{os.sep}asyncio{os.sep}"  # noqa: PTH120  # pathlib costs a cold start
_MAX_FRAMES = 40  # of one exception
_MAX_ALL_FRAMES = 160
_MAX_CHAIN = 8
_MAX_GROUP = 10
_MAX_ALL = 40
_MAX_MESSAGE = 16_000  # characters
_MAX_CODE = 300


def exception_fields(error: BaseException, encoder: Encoder) -> dict[str, Any]:
    """Return `error` as a dict with `type` and `message`.

    Where they exist, it also has `module`, `notes` and `frames`, and in the same shape `cause`, `context` and, for a
    group, `exceptions`.

    Args:
        error: the exception.
        encoder: turns notes that are not text into text, and knows which names are hidden.
    """
    return _Tree(encoder).fields(error, _MAX_CHAIN)


class _Tree:
    """Converts an exception, its causes and its members, within bounds: chains can be circular, and groups nest."""

    __slots__ = ("_encoder", "_frames_left", "_seen")

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._seen: set[int] = set()
        self._frames_left = _MAX_ALL_FRAMES

    def fields(self, error: BaseException, depth: int) -> dict[str, Any]:
        cls = type(error)
        fields: dict[str, Any] = {"type": cls.__qualname__, "message": self._shown(message_of(error))}
        if cls.__module__ != "builtins":
            fields["module"] = cls.__module__
        if depth <= 0 or len(self._seen) >= _MAX_ALL or id(error) in self._seen:
            fields["cut"] = True
            return fields
        self._seen.add(id(error))
        if notes := getattr(error, "__notes__", None):
            fields["notes"] = self._notes(notes)
        if error.__traceback__ is not None:
            fields["frames"] = self._frames(error.__traceback__)
        if error.__cause__ is not None:
            fields["cause"] = self.fields(error.__cause__, depth - 1)
        elif error.__context__ is not None and not error.__suppress_context__:
            fields["context"] = self.fields(error.__context__, depth - 1)
        if issubclass(cls, BaseExceptionGroup):
            members: tuple[BaseException, ...] = getattr(error, "exceptions", ())
            fields["exceptions"] = [self.fields(one, depth - 1) for one in members[:_MAX_GROUP]]
            if len(members) > _MAX_GROUP:
                fields["exceptionsCut"] = len(members) - _MAX_GROUP
        return fields

    def _notes(self, notes: Any) -> list[str]:
        # `add_note` takes text alone, an assignment anything.
        listed: list[Any] = [*notes] if type(notes) in (list, tuple) else [notes]
        texts = [note if isinstance(note, str) else self._encoder.value(note) for note in listed[:_MAX_GROUP]]
        return [self._shown(text) for text in texts]

    def _shown(self, text: str) -> str:
        return shown(text, self._encoder.hides, _MAX_MESSAGE)

    def _frames(self, traceback: TracebackType | None) -> list[dict[str, Any]]:
        """Return the frames, the outermost first, without those of the kit and its event loop at the head.

        Of a deep stack the middle is left out and counted.
        """
        traceback = without_own_head(traceback)
        stack: list[TracebackType] = []
        while traceback is not None:
            stack.append(traceback)
            traceback = traceback.tb_next
        allowed = min(_MAX_FRAMES, max(self._frames_left, 4))
        self._frames_left -= min(len(stack), allowed)
        left_out, outer = len(stack) - allowed, allowed // 4
        if left_out <= 0:
            return [self._frame(one) for one in stack]
        inner = stack[outer + left_out :]
        return [*map(self._frame, stack[:outer]), {"cut": left_out}, *map(self._frame, inner)]

    def _frame(self, traceback: TracebackType) -> dict[str, Any]:
        code, line = traceback.tb_frame.f_code, traceback.tb_lineno
        frame: dict[str, Any] = {"file": code.co_filename, "line": line, "function": code.co_qualname}
        # The globals tell where the source of a module in a zip file is; nothing else is read from the frame.
        if line and (source := linecache.getline(code.co_filename, line, traceback.tb_frame.f_globals).strip()):
            frame["code"] = shortened(shown_code(source, self._encoder.hides), _MAX_CODE)
        return frame


def without_own_head(given: TracebackType | None) -> TracebackType | None:
    """Return a traceback without the frames of the kit and its event loop at its head.

    What the kit itself has raised keeps all of them.
    """
    traceback = given
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        # The kit runs a coroutine of the user's on its event loop: frames of asyncio come between.
        if not file.startswith(PACKAGE) and (traceback is given or not file.startswith(_ASYNCIO)):
            return traceback
        traceback = traceback.tb_next
    return given


def shortened(text: str, limit: int) -> str:
    """Return `text`, cut to `limit` characters with a mark if it is longer."""
    return text if len(text) <= limit else f"{text[:limit]}… [cut: {len(text) - limit} more characters]"
