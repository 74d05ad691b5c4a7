"""Flags whose variants AppConfig's agent chooses: its answers for each context, kept for a time to live."""

from __future__ import annotations

import re

from lambda_kit._kernel import log, type_of
from lambda_kit.flags._rollout import unit_of
from lambda_kit.init_cache import declare
from lambda_kit.init_cache._build import locked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.flags._app_config import AppConfigAgent
    from lambda_kit.flags._model import Clock, Context, Decide, Flag, Outcome
    from lambda_kit.init_cache import Resource

    Pairs = tuple[tuple[str, str], ...]

_MAX_ANSWERS = 1_000
_MAX_WARNED = 100  # keys that are warned of; more would be data
_PAUSE = 10.0  # seconds in which an agent that has failed is not asked for variants
# The agent takes `Context: key=value`, several of them separated by commas. AWS documents letters, digits and `_` for
# both, shows e-mail addresses as values, and documents no encoding for anything else.
_KEY = re.compile(r"[A-Za-z0-9_]+")
_VALUE = re.compile(r"[!-+\--<>-~](?:[ -+\--<>-~]*[!-+\--<>-~])?")  # printable ASCII without `,` and `=`


class _Answer:
    """An answer of the agent: the outcome, the version of the flag, and the time by the clock of the init cache."""

    __slots__ = ("asked_at", "flag", "outcome")

    def __init__(self, outcome: Outcome, flag: Flag, asked_at: float) -> None:
        self.outcome = outcome
        self.flag = flag
        self.asked_at = asked_at


class _Answers:
    """The answers that this process keeps, the most recently used at the end.

    Attributes:
        warned: the keys of contexts that were warned of.
        paused_until: the end of the pause after a failure; None if the agent answered last.
    """

    __slots__ = ("_found", "paused_until", "warned")

    def __init__(self) -> None:
        self._found: dict[tuple[str, Pairs], _Answer] = {}
        self.warned: set[str] = set()
        self.paused_until: float | None = None

    @locked
    def find(self, key: tuple[str, Pairs]) -> _Answer | None:
        found = self._found.pop(key, None)
        if found is not None:
            self._found[key] = found
        return found

    @locked
    def keep(self, key: tuple[str, Pairs], answer: _Answer, now: float) -> None:
        """Keep an answer, unless one was asked for later, and the clock was not set back since."""
        found = self._found.pop(key, None)
        if found is not None and answer.asked_at < found.asked_at <= now:
            answer = found
        self._found[key] = answer
        if len(self._found) > _MAX_ANSWERS:
            del self._found[next(iter(self._found))]


class Variants:
    """Asks the agent for flags with variants, once in each time to live for each flag and context.

    Args:
        source: the agent.
        ttl: seconds that an answer may be used for; None for the life of the environment.
    """

    def __init__(self, source: AppConfigAgent, ttl: float | None) -> None:
        def answers() -> _Answers:
            return _Answers()

        answers.__module__, answers.__qualname__ = "", f"variants of {source!r}"
        # In the init cache, so that a fork, a restore and a reset leave nothing behind.
        entry = declare(answers)
        self._answers: Resource[_Answers] = entry.resource
        self._now = entry.now
        self._source = source
        self._ttl = float("inf") if ttl is None else ttl

    def decider(self, flag: Flag) -> Decide:
        """Return a function that decides a flag by asking the agent, or as it was fetched for an empty context."""

        def decide(context: Context, now: Clock) -> Outcome:
            return self._decide(flag, context) if context else flag.decide(context, now)

        return decide

    def _decide(self, flag: Flag, context: Context) -> Outcome:
        answers = self._answers()
        pairs = _pairs(context, answers.warned)
        key = (flag.name, pairs)
        now = self._now()
        found = answers.find(key)
        if found is not None and found.flag is flag and found.asked_at <= now < found.asked_at + self._ttl:
            return found.outcome
        paused_until = answers.paused_until
        if paused_until is None or not paused_until - _PAUSE <= now < paused_until:
            try:
                outcome = self._ask(flag, pairs)
            except Exception as error:
                answers.paused_until = self._now() + _PAUSE
                if paused_until is None:
                    log.warning(
                        "the variants of feature flags from %r could not be fetched (%s); each flag keeps its last "
                        "value for the context, or has its value for an empty context",
                        self._source,
                        error,
                    )
            else:
                if paused_until is not None:
                    answers.paused_until = None
                    log.info("the variants of feature flags from %r can be fetched again", self._source)
                answers.keep(key, _Answer(outcome, flag, now), self._now())
                return outcome
        return flag.default if found is None else found.outcome

    def _ask(self, flag: Flag, pairs: Pairs) -> Outcome:
        from lambda_kit.flags._schema import compile_flags, parse_json

        content: Any = self._source.fetch_flag(flag.name, pairs).content
        answer = parse_json(content)
        # The answer for one flag is its value, without its name; AWS documents no example.
        own = answer.get(flag.name) if type_of(answer) is dict else None
        return compile_flags({flag.name: own if type_of(own) is dict else answer})[flag.name].default


def _pairs(context: Context, warned: set[str]) -> Pairs:
    """Return the pairs of a context for headers, in a fixed order; those that no header can have are warned of."""
    pairs: list[tuple[str, str]] = []
    for key, value in context.items():
        if value is None:
            continue  # as if it were missing
        text = _text(value)
        if text is not None and type_of(key) is str and _KEY.fullmatch(key) and _VALUE.fullmatch(text):
            pairs.append((key, text))
        elif (name := str(key)) not in warned and len(warned) < _MAX_WARNED:
            warned.add(name)
            log.warning(
                "the key %r of the context was not sent to the AppConfig agent: a key may have letters, digits and _; "
                "a value may be a string, number or boolean, in printable ASCII without commas and =",
                name[:100],
            )
    return tuple(sorted(pairs))


def _text(value: Any) -> str | None:
    cls = type_of(value)
    if cls is bool:
        return "true" if value else "false"
    if cls is float:
        return repr(value)
    if cls.__name__ == "Decimal":
        return str(value)
    return unit_of(value)
