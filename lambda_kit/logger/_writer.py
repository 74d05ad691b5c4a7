"""The writer behind a logger: it puts lines together and writes them, or keeps them for an error to come.

A line is put together from texts: the time, the level, the message, the place, then the fields that all lines of the
logger and the invocation share, which are rendered once, then the fields of the call. Everything is inside one `try`:
whatever goes wrong, a line is written that says so, and the handler never learns of it.
"""

from __future__ import annotations

import os
import sys

from lambda_kit._kernel import type_of
from lambda_kit._kernel.json_text import REDACTED, Encoder, describe, escape, guarded
from lambda_kit._kernel.stdout import is_terminal, write
from lambda_kit.invocation import current
from lambda_kit.logger import _context as context
from lambda_kit.logger import _levels as levels
from lambda_kit.logger._buffer import log_of
from lambda_kit.logger._levels import ERROR
from lambda_kit.logger._line import LIMIT, SAFE, join, place, size_of, timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.invocation import Invocation
    from lambda_kit.logger._buffer import InvocationLog
    from lambda_kit.logger._settings import Settings

_FEW = 16  # fields up to which adding one text to the other is faster than joining them at the end
_SHORT = 10**15  # integers below it need no care


class Writer:
    """Writes the lines of one logger.

    Attributes:
        settings: those of the logger, which its children share.
        common: the fields that all its lines have.
    """

    __slots__ = ("common", "settings")

    def __init__(self, settings: Settings, common: context.Common) -> None:
        self.settings = settings
        self.common = common

    def log(
        self, number: int, level: str, message: Any, args: Any, fields: dict[str, Any], where: str | None = None
    ) -> None:
        """Write a line, or keep it for an error to come. It raises nothing.

        Args:
            number: of the level, which is at least the threshold of the settings.
            level: its name.
            message: with `args`, what `%` makes of the two.
            args: a tuple, or a mapping.
            fields: the fields of the call.
            where: JSON text of the location; by default that of the caller of whoever calls this.
        """
        try:
            settings = self.settings
            invocation = current.get(None)
            if settings.threshold != settings.level:  # lines below the level may be written, or wait
                log = log_of(invocation, settings)
                if number < settings.level and (log is None or not log.sampled):
                    if log is not None and log.limit:
                        log.keep(self._line(level, message, args, fields, where or place(2), invocation))
                    return
                if number >= ERROR and log is not None:
                    self.write_kept(log)
            line = self._line(level, message, args, fields, where or place(2), invocation)
            if settings.pretty or (settings.pretty is None and is_terminal()):
                line = self._for_people(line)
            write(line)
        except Exception as failure:
            try:
                _log_anyway(level, message, failure)
            except Exception:  # at the end of the stack, or of the memory, not even this can be done
                return

    def log_record(self, number: int, message: Any, args: Any, fields: dict[str, Any], where: str) -> None:
        """Write a record of `logging`, if its level is high enough."""
        if number >= self.settings.threshold:
            self.log(number, levels.spelling(number), message, args, fields, escape(where))

    def write_kept(self, log: InvocationLog) -> None:
        """Write the lines that were kept in an invocation."""

        def write_one(line: str) -> None:
            write(self._for_people(line) if self.settings.pretty is not False else line)

        def tell_dropped(count: int) -> None:
            note = escape(f"{count} older lines did not fit into the buffer of {log.limit} bytes")
            common = self.common.now(current.get(None))
            stamp = f'{{"timestamp":"{timestamp()}","level":"WARN","message":{note}'
            write_one(f'{stamp},"location":"lambda_kit.logger"{common.text}}}\n')

        log.write_to(write_one, tell_dropped)

    def _line(
        self, level: str, message: Any, args: Any, fields: dict[str, Any], where: str, invocation: Invocation | None
    ) -> str:
        encoder = self.settings.encoder
        if args:
            try:
                message = guarded(_formatted, message, args)
            except Exception as error:
                fields = {**fields, "loggingError": describe(error), "messageArgs": args}
        text = escape(message) if type(message) is str else _message_text(encoder, message)
        common = self.common.now(invocation)
        if len(fields) > _FEW or not common.special.isdisjoint(fields):
            return self._merged(level, text, where, common, fields)
        shown, rest = encoder.shown.get, common.text
        for name, value in fields.items():
            key = shown(name)
            if key is None:
                key, hidden = encoder.key(name)
                if hidden:
                    rest = f"{rest},{key}{REDACTED}"
                    continue
            cls = type_of(value)
            if cls is str:
                rest = f"{rest},{key}{escape(value)}"
            elif cls is int and -_SHORT < value < _SHORT:
                rest = f"{rest},{key}{value}"
            else:
                rest = f"{rest},{key}{encoder.value(value)}"
        line = f'{{"timestamp":"{timestamp()}","level":"{level}","message":{text},"location":{where}{rest}}}\n'
        if len(line) > SAFE and size_of(line) > LIMIT:
            return self._merged(level, text, where, common, fields)
        return line

    def _merged(self, level: str, text: str, where: str, common: context.Rendered, fields: dict[str, Any]) -> str:
        """Make a line of which names come twice, or that has an exception, or that has to be cut."""
        members = {"timestamp": f'"{timestamp()}"', "level": f'"{level}"', "message": text, "location": where}
        members.update(common.members)
        error = None
        if "exc_info" in fields:
            fields = dict(fields)
            error = _take_exception(fields)
            if error is not None and "exception" in fields:
                fields["exception_"] = fields.pop("exception")
        members.update(context.texts(self.settings.encoder, fields))
        if error is not None:
            members["exception"] = _exception_text(error, self.settings.encoder)
        return join({escape(name): value for name, value in members.items()})

    def _for_people(self, line: str) -> str:
        terminal = is_terminal()
        if not self.settings.pretty and not terminal:
            return line
        from lambda_kit.logger._pretty import prettify

        colour = terminal and not os.environ.get("NO_COLOR")
        return prettify(line, self.common.now(current.get(None)).members, colour=colour)


def _formatted(message: Any, args: Any) -> str:
    only: Any = args[0] if type_of(args) is tuple and len(args) == 1 else None
    if type_of(only) is dict and only:
        args = only  # as the standard library has it: "%(name)s", {"name": ...}
    text: str = (message if isinstance(message, str) else str(message)) % args
    return text


def _message_text(encoder: Encoder, message: Any) -> str:
    text = encoder.value(message)
    return text if text[0] in '"{[' else escape(str(message))


def _take_exception(fields: dict[str, Any]) -> BaseException | None:
    """Take `exc_info` out of the fields, unless it is neither an exception nor a request for the one at hand."""
    given: Any = fields["exc_info"]
    is_triple = type_of(given) is tuple and len(given) == 3
    error: Any = given[1] if is_triple else given
    if type_of(error) in (bool, int):  # 1 and 0 mean the same, as with the standard library
        error = sys.exc_info()[1] if error else None
    if error is None or isinstance(error, BaseException):
        del fields["exc_info"]
        return error if isinstance(error, BaseException) else None
    return None


_plain = Encoder()  # the names in an exception's text are the kit's own, and none of them is secret


def _exception_text(error: BaseException, encoder: Encoder) -> str:
    from lambda_kit.logger._exceptions import exception_fields

    try:
        return _plain.value(exception_fields(error, encoder.value))
    except Exception as failure:
        return _plain.value({"type": type(error).__qualname__, "message": f"[cut: {describe(failure)}]"})


def _log_anyway(level: str, message: object, failure: Exception) -> None:
    """Write a line although putting it together failed, saying what failed."""
    text = escape(message[:1000] if type(message) is str else f"[{type(message).__qualname__}]")
    reason = escape(describe(failure))
    write(f'{{"timestamp":"{timestamp()}","level":"{level}","message":{text},"loggingError":{reason}}}\n')
