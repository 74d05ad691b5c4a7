"""The writer behind a logger: it puts lines together and writes them, or keeps them for an error to come.

A line is put together from texts: the time, the level, the message, the place, then the fields that all lines of the
logger and the invocation share, which are rendered once, then the fields of the call. Everything is inside one `try`:
whatever goes wrong, a line is written that says so, and the handler never learns of it.
"""

from __future__ import annotations

import os
import sys

from lambda_kit._kernel import type_of
from lambda_kit._kernel.json_text import REDACTED, describe, escape, guarded
from lambda_kit._kernel.stdout import is_terminal, write
from lambda_kit.invocation import current, current_place
from lambda_kit.logger import _context as context
from lambda_kit.logger._levels import ERROR, WARNING, spelling
from lambda_kit.logger._line import LIMIT, SAFE, join, place, size_of, timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit._kernel.json_text import Encoder
    from lambda_kit._kernel.replay import Place
    from lambda_kit.invocation import Invocation
    from lambda_kit.logger._buffer import InvocationLog
    from lambda_kit.logger._settings import Settings

chain_get = context.chain.get
_place_now = current_place.get
_SDK_LOGGER = "aws_durable_execution_sdk_python.logger"  # the module of `context.logger` in durable executions
_OWN = "lambda_kit"  # the name of the kit's own logger
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

    def log(  # noqa: C901  # it runs for each line: what the usual one needs stands in it
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
            if (here := _place_now()) is not None and not self._is_told(here, number, where, fields):
                return
            if where is None:
                where = place(2 if here is None else _depth(fields))
            if number < settings.level:
                log = _log_of(invocation)
                if log is None or not log.is_sampled(settings.sample_rate):
                    if log is not None and settings.buffer:
                        log.keep(self._line(level, message, args, fields, where, invocation), settings.buffer)
                    return
            elif number >= ERROR and invocation is not None:
                log = invocation._peek(context.BUFFER)
                if log is not None:
                    self.write_kept(log)
            line = self._line(level, message, args, fields, where, invocation)
            if settings.is_plain:
                write(line)
            else:
                self._write_formatted(line)
        except Exception as failure:
            try:
                _log_anyway(level, message, failure)
            except Exception:  # at the end of the stack, or of the memory, not even this can be done
                return

    def _is_told(self, here: Place, number: int, where: str | None, fields: dict[str, Any]) -> bool:
        """Tell whether a line of a durable execution is written: a new one, or a replayed one with a mark.

        Failures of the run, and warnings of the kit about it, are always new.
        """
        own = where is not None and number >= WARNING and fields.get("logger", _OWN) == _OWN
        if own or not here.is_replaying():
            return True
        if self.settings.marks_replays:
            fields["replayed"] = True
            return True
        return False

    def log_record(self, number: int, message: Any, args: Any, fields: dict[str, Any], where: str) -> None:
        """Write a record of `logging`, if its level is high enough."""
        if number >= self.settings.threshold:
            self.log(number, spelling(number), message, args, fields, escape(where))

    def write_kept(self, log: InvocationLog) -> None:
        """Write the lines that were kept in an invocation."""

        def tell_dropped(count: int) -> None:
            note = escape(f"{count} older lines did not fit into the buffer of {log.limit} bytes")
            common, _ = self.common.current(current.get(None), context.chain.top())
            stamp = f'{{"timestamp":"{timestamp()}","level":"WARN","message":{note}'
            self._write_formatted(f'{stamp},"location":"lambda_kit.logger"{common}}}\n')

        log.write_to(self._write_formatted, tell_dropped)

    def _line(  # noqa: C901  # it runs for each line: what the usual one needs stands in it
        self, level: str, message: Any, args: Any, fields: dict[str, Any], where: str, invocation: Invocation | None
    ) -> str:
        encoder = self.settings.encoder
        if args:
            try:
                message = guarded(_formatted, message, args)
                for one in args:
                    if isinstance(one, BaseException):
                        message = _without_passwords(message, encoder)
                        break
            except Exception as error:
                fields = {**fields, "loggingError": describe(error), "messageArgs": args}
        text = escape(message) if type(message) is str else _message_text(encoder, message)
        common = self.common
        rest, special, link = common.static, common.special, chain_get()
        if rest is None or link is not None:
            rest, special = common.current(invocation, link and context.chain.top())
        elif invocation is not None:
            rest += self.settings.names.text(invocation)
        if len(fields) > _FEW or not special.isdisjoint(fields):
            return self._special(level, text, where, rest, special, fields)
        shown = encoder.shown.get
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
            return self._cut(level, text, where, context.texts(encoder, fields))
        return line

    def _special(
        self, level: str, text: str, where: str, common: str, special: frozenset[str], fields: dict[str, Any]
    ) -> str:
        """Make a line with an exception or a stack, with many fields, or with fields that have the name of others."""
        encoder = self.settings.encoder
        extra: dict[str, str] = {}
        if not context.ARGUMENTS.isdisjoint(fields):
            from lambda_kit.logger import _arguments

            fields, extra = _arguments.taken(fields, encoder, powertools=self.settings.names.powertools)
        own = {**context.texts(encoder, fields), **extra}
        if (special - context.ARGUMENTS).isdisjoint(own):
            line = (
                f'{{"timestamp":"{timestamp()}","level":"{level}","message":{text},"location":{where}{common}'
                f"{context.joined(own)}}}\n"
            )
            if len(line) <= SAFE or size_of(line) <= LIMIT:
                return line
        return self._cut(level, text, where, own)

    def _cut(self, level: str, text: str, where: str, own: dict[str, str]) -> str:
        """Make a line in which names come twice, or which has to be cut."""
        members = {"timestamp": f'"{timestamp()}"', "level": f'"{level}"', "message": text, "location": where}
        members.update(self.common.members(current.get(None)))
        members.update(own)
        return join({escape(name): value for name, value in members.items()})

    def _write_formatted(self, line: str) -> None:
        """Write a line as text for people, or as the function of the user formats it."""
        settings = self.settings
        if settings.format is not None:
            import json

            write(f"{settings.format(json.loads(line))}\n")
            return
        terminal = settings.pretty is not False and is_terminal()
        if settings.pretty or terminal:
            from lambda_kit.logger._pretty import prettify

            colour = terminal and not os.environ.get("NO_COLOR")
            line = prettify(line, self.common.members(current.get(None)), colour=colour)
        write(line)


def _depth(fields: dict[str, Any]) -> int:
    """Return how many frames up the code is that tells a line: past the SDK's logger, which passes `extra` on."""
    return 4 if "extra" in fields and sys._getframe(3).f_globals.get("__name__") == _SDK_LOGGER else 2


def _log_of(invocation: Invocation | None) -> InvocationLog | None:
    from lambda_kit.logger._buffer import log_of

    return log_of(invocation)


def _formatted(message: Any, args: Any) -> str:
    only: Any = args[0] if type_of(args) is tuple and len(args) == 1 else None
    if type_of(only) is dict and only:
        args = only  # as the standard library has it: "%(name)s", {"name": ...}
    text: str = (message if isinstance(message, str) else str(message)) % args
    return text


def _without_passwords(message: str, encoder: Encoder) -> str:
    from lambda_kit._kernel.messages import shown

    return shown(message, encoder.hides)


def _message_text(encoder: Encoder, message: Any) -> str:
    text = encoder.value(message)
    return text if text[0] in '"{[' else escape(str(message))


def _log_anyway(level: str, message: object, failure: Exception) -> None:
    """Write a line although putting it together failed, saying what failed."""
    text = escape(message[:1000] if type(message) is str else f"[{type(message).__qualname__}]")
    reason = escape(describe(failure))
    write(f'{{"timestamp":"{timestamp()}","level":"{level}","message":{text},"loggingError":{reason}}}\n')
