"""Flags whose variants AppConfig's agent chooses: what it has answered for each context, for a while."""

from __future__ import annotations

import re
import threading

from lambda_kit._kernel import log, type_of
from lambda_kit.init_cache import declare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.flags._app_config import AppConfigAgent
    from lambda_kit.flags._model import Clock, Context, Decide, Flag, Outcome
    from lambda_kit.init_cache import Resource

    Pairs = tuple[tuple[str, str], ...]

_MAX_ANSWERS = 1_000
_MAX_NAMED = 100  # keys that are warned of; more would be data
_REST = 10.0  # seconds in which an agent that failed is not asked for variants
# The agent takes `Context: key=value`, several of them apart by commas. AWS documents letters, digits and `_` for both,
# shows addresses of e-mail as values, and documents no way to encode anything else.
_KEY = re.compile(r"[A-Za-z0-9_]+")
_VALUE = re.compile(r"[!-+\--<>-~](?:[ -+\--<>-~]*[!-+\--<>-~])?")  # printable ASCII without `,` and `=`


class _Answer:
    """What the agent said: for which version of the flag, and when by the clock of the init cache."""

    __slots__ = ("born", "flag", "outcome")

    def __init__(self, outcome: Outcome, flag: Flag, born: float) -> None:
        self.outcome = outcome
        self.flag = flag
        self.born = born


class _Answers:
    """The answers that this process keeps, the one that was needed last at the end."""

    __slots__ = ("_found", "_lock", "named", "rests_until")

    def __init__(self) -> None:
        self._found: dict[tuple[str, Pairs], _Answer] = {}
        self._lock = threading.Lock()
        self.named: set[str] = set()
        self.rests_until: float | None = None  # while it has failed last

    def find(self, key: tuple[str, Pairs]) -> _Answer | None:
        with self._lock:
            found = self._found.pop(key, None)
            if found is not None:
                self._found[key] = found
            return found

    def keep(self, key: tuple[str, Pairs], answer: _Answer) -> None:
        with self._lock:
            self._found.pop(key, None)
            self._found[key] = answer
            if len(self._found) > _MAX_ANSWERS:
                del self._found[next(iter(self._found))]


class Variants:
    """Asks the agent for flags with variants, once in a time to live for each flag and context.

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
        """Return what decides a flag by asking the agent; without a context the flag is as it was fetched."""

        def decide(context: Context, now: Clock) -> Outcome:
            return self._decide(flag, context) if context else flag.decide(context, now)

        return decide

    def _decide(self, flag: Flag, context: Context) -> Outcome:
        answers = self._answers()
        pairs = _pairs(context, answers.named)
        key = (flag.name, pairs)
        now = self._now()
        found = answers.find(key)
        if found is not None and found.flag is flag and found.born <= now < found.born + self._ttl:
            return found.outcome
        rests_until = answers.rests_until
        if rests_until is None or not rests_until - _REST <= now < rests_until:
            try:
                outcome = self._ask(flag, pairs)
            except Exception as error:
                answers.rests_until = self._now() + _REST
                if rests_until is None:
                    log.warning(
                        "the variants of feature flags from %r could not be asked for (%s); flags are as they were "
                        "last for the context, or as they are without one",
                        self._source,
                        error,
                    )
            else:
                if rests_until is not None:
                    answers.rests_until = None
                    log.info("the variants of feature flags from %r can be asked for again", self._source)
                answers.keep(key, _Answer(outcome, flag, now))
                return outcome
        return flag.default if found is None else found.outcome

    def _ask(self, flag: Flag, pairs: Pairs) -> Outcome:
        from lambda_kit.flags._schema import compile_flags, parse_json

        content: Any = self._source.fetch_flag(flag.name, pairs).content
        said = parse_json(content)
        # One flag comes without its name; AWS documents no example of it.
        own = said.get(flag.name) if type_of(said) is dict else None
        return compile_flags({flag.name: own if type_of(own) is dict else said})[flag.name].default


def _pairs(context: Context, named: set[str]) -> Pairs:
    """Return what a context is in headers, in a fixed order; what cannot stand there is left out with a warning."""
    pairs: list[tuple[str, str]] = []
    for key, value in context.items():
        if value is None:
            continue  # as if it were missing
        text = _text(value)
        if text is not None and type_of(key) is str and _KEY.fullmatch(key) and _VALUE.fullmatch(text):
            pairs.append((key, text))
        elif (name := str(key)) not in named and len(named) < _MAX_NAMED:
            named.add(name)
            log.warning(
                "the key %r of the context was not told to the AppConfig agent: keys are letters, digits and _, and "
                "values text, numbers or booleans in printable ASCII without commas and =",
                name[:100],
            )
    return tuple(sorted(pairs))


def _text(value: Any) -> str | None:
    cls = type_of(value)
    if cls is str:
        text: str = value
        return text
    if cls is bool:
        return "true" if value else "false"
    return repr(value) if cls in (int, float) else None
