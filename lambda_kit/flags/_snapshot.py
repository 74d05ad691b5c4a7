"""The current flags: fetched through the init cache, compiled once for each version."""

from __future__ import annotations

import json

from lambda_kit._kernel import log, type_of
from lambda_kit._kernel.facts import operation, tell
from lambda_kit.errors import FlagSchemaError, FlagsUnavailable
from lambda_kit.init_cache import build_ahead, declare
from lambda_kit.init_cache._build import locked
from lambda_kit.init_cache._state import expire_at, is_discarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from lambda_kit.errors import FlagError
    from lambda_kit.flags._agent_variants import Variants
    from lambda_kit.flags._app_config import AppConfigAgent
    from lambda_kit.flags._model import Clock, Context, Decide, Flag, Outcome
    from lambda_kit.flags._sources import Fetched
    from lambda_kit.init_cache import Resource
    from lambda_kit.init_cache._entry import Entry

    _Base = dict[str, Decide]
else:
    _Base = dict

_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # seconds between two tries while there are no flags
_STAYS = "the version before stays in force"
_SLACK = 0.05  # seconds before the end of old flags in which they count as expired


class Snapshot(_Base):
    """The functions that decide each flag, by its name; empty if there are no usable flags.

    Attributes:
        content: the text or the bytes that it was compiled from.
        flags: the compiled flags, for explanations.
        failure: the reason why there are no flags; None if there are.
        failures: the number of times that the source has failed since it last answered, while there are no flags.
        good: the last usable flags; None if there were none.
        refused: the content of a later version that is wrong, so that this one stays in force.
        missed: whether the source has failed since.
        retry_at: the time at which a source that has failed is asked again, by the clock of the init cache.
    """

    __slots__ = ("content", "failure", "failures", "flags", "good", "missed", "refused", "retry_at")

    def __init__(self, content: bytes | str | None = None, failure: FlagSchemaError | FlagsUnavailable | None = None):
        super().__init__()
        self.content = content
        self.flags: dict[str, Flag] = {}
        self.failure = failure
        self.failures = 0
        self.good: Snapshot | None = None
        self.refused: bytes | str | None = None
        self.missed = False
        self.retry_at = 0.0


class Loader:
    """Makes the snapshots of one source.

    Args:
        fetch: asks the source.
        where: the name of the source, for messages.
        agent: the source, if it evaluates flags with variants; else None.
        find: finds the flags in the document; None if the document is the flags.
        cache: the options of the resource.
        record: whether each evaluation is announced as a fact.

    Attributes:
        entry: the entry of the init cache that holds the snapshot.
        resource: returns the snapshot.
        listeners: called on each event, on the thread that fetches the flags, while others wait for them and for all
            resources: they only note it. The events: `"changed"`, with the names of the flags; `"stale"`, with the
            reason; `"error"`, with the error, if there are no flags; and `"recovered"` after either of the two.
        trouble: the last event, if it was `"stale"` or `"error"`; else None.
    """

    def __init__(
        self,
        fetch: Callable[[], Fetched],
        where: str,
        *,
        agent: AppConfigAgent | None,
        find: Callable[[Any], Any] | None,
        cache: dict[str, Any],
        record: bool,
    ) -> None:
        self.listeners: list[Callable[[str, Any], object]] = []
        self.trouble: tuple[str, Any] | None = None
        self._fetch = fetch
        self._where = where
        self._find = find
        self._record = record
        self._agent = agent
        self._variants: Variants | None = None
        ttl: float | None = cache["ttl"]
        self._ttl = ttl

        def snapshot() -> Snapshot:
            return self._build()

        snapshot.__module__, snapshot.__qualname__ = "", f"feature flags of {where}"
        eager: bool | str = cache["eager"]
        # Checks the options. Nothing is fetched before all attributes are there.
        options: dict[str, Any] = {**cache, "eager": True if eager == "now" else eager}
        self.entry: Entry = declare(snapshot, **options)
        self.resource: Resource[Snapshot] = self.entry.resource
        self._usable = 0.0 if ttl is None else ttl + cache["stale_if_error"]
        if eager == "now":
            build_ahead(self.entry)

    def _build(self) -> Snapshot:
        held: Snapshot | None = None if self.entry.state.built is None else self.entry.state.built.value
        good = held if held is None or held.failure is None else held.good
        try:
            with operation("feature flags"):
                fetched = self._fetch()
        except Exception as error:
            return self._go_on(held, good, error)
        version = "" if fetched.version is None else f" in version {fetched.version}"
        if held is not None and (held.missed or held.failures):
            held.missed = False
            log.info("the feature flags of %s can be fetched again", self._where)
        content: bytes | str | None = None
        try:
            content = _text(fetched.content)
            if good is not None and content == good.refused:
                self._in_trouble("stale", f"the newest version is wrong; {_STAYS}")
                return good
            if good is not None and content == good.content:
                good.refused = None  # if it comes again after this one, it is reported again
                self._recovered()
                return good
            if held is not None and content == held.content:  # wrong as it was, and nothing before it
                return held
            made = self._compiled(content, self._find, self.decider)
        except FlagSchemaError as error:
            return self._refuse(held, good, str(error) if content is None else content, version, error)
        self._recovered()
        if good is not None and self.listeners:
            self._tell("changed", self._difference(good, made))
        return made

    def _recovered(self) -> None:
        if self.trouble is not None:
            self._tell("recovered", None)

    def _in_trouble(self, what: str, about: str | FlagError, *, anew: bool = False) -> None:
        """Announce trouble if it is new, or has a new reason."""
        if anew or self.trouble is None or self.trouble[0] != what:
            self._tell(what, about)

    @locked
    def _tell(self, what: str, about: Any) -> None:
        """Announce an event, unless the result of this build is discarded: the trouble is that of a later one then."""
        if is_discarded():
            return
        if what != "changed":
            self.trouble = None if what == "recovered" else (what, about)
        for listener in tuple(self.listeners):
            listener(what, about)

    def _difference(self, before: Snapshot, after: Snapshot) -> list[str]:
        """Return the names of the flags that were added, removed or changed."""
        old, new = self._definitions(before), self._definitions(after)
        names = {*before.flags, *after.flags}
        if old.get("$segments") != new.get("$segments"):
            return sorted(names)
        return sorted(name for name in names if old.get(name) != new.get(name))

    def _definitions(self, snapshot: Snapshot) -> dict[str, str]:
        """Return the definitions as JSON: there rules have an order, and true is not 1."""
        document = json.loads(snapshot.content or "{}")
        found: dict[str, Any] = document if self._find is None else self._find(document)
        return {name: json.dumps(definition) for name, definition in found.items()}

    def look_again(self, failed: Snapshot) -> Snapshot:
        """Return the present snapshot in place of one that failed, and that no time to live ends."""
        now = self.entry.now()
        if self._ttl is None and failed.failures and not failed.retry_at - _PAUSES[-1] <= now < failed.retry_at:
            return self.resource.refresh()
        return failed

    def of(self, flags: Mapping[str, Any]) -> Snapshot:
        """Return the snapshot of flags that are used in place of those of the source, and without its agent.

        Raises:
            FlagSchemaError: they are wrong.
        """
        return self._compiled(_text(flags), None, lambda flag: flag.decide)

    def decider(self, flag: Flag) -> Decide:
        """Return the function that decides a flag of the source."""
        if self._agent is None or not flag.varies:
            return flag.decide
        if self._variants is None:
            from lambda_kit.flags._agent_variants import Variants

            self._variants = Variants(self._agent, self._ttl)
        return self._variants.decider(flag)

    def _compiled(
        self, content: bytes | str, find: Callable[[Any], Any] | None, decider: Callable[[Flag], Decide]
    ) -> Snapshot:
        from lambda_kit.flags._schema import compile_flags, parse_json

        document = parse_json(content)
        if find is not None:
            document = find(document)
            if document is None:
                raise FlagSchemaError([("$", "has no flags where the envelope looks for them")])
        made = Snapshot(content)
        made.flags = compile_flags(document)
        for name, flag in made.flags.items():
            decide = decider(flag)
            made[name] = _announced(name, decide) if self._record else decide
        return made

    def _refuse(
        self, held: Snapshot | None, good: Snapshot | None, content: bytes | str, version: str, error: FlagSchemaError
    ) -> Snapshot:
        """Return the snapshot that is used in place of a document that is wrong."""
        known = held if good is None else good
        anew = known is None or content not in (known.content, known.refused)
        if anew:
            what = "there is no version before that could be in force" if good is None else _STAYS
            log.error("%s\nThis is about %s%s; %s.", error, self._where, version, what)
        if good is None:
            self._in_trouble("error", error, anew=anew)
            return Snapshot(content, error)
        self._in_trouble("stale", str(error), anew=anew)
        good.refused = content
        return good

    def _go_on(self, held: Snapshot | None, good: Snapshot | None, error: Exception) -> Snapshot:
        """Return the snapshot that is used while the source fails, or raise so that the init cache keeps its value."""
        age = self.entry.age
        if held is not None and held is good and age is not None and age + _SLACK < self._usable:
            held.missed = True
            self._in_trouble("stale", f"{type(error).__name__}: {error}")
            raise error
        failures = 0 if held is None else held.failures
        told = f"{type(error).__name__}: {error}"
        cause: BaseException = error
        if isinstance(error, FlagsUnavailable):  # from a source that words its own errors
            told, cause = str(error), error.__cause__ or error
        if not failures:
            log.warning(
                "the feature flags of %s could not be fetched (%s); defaults are used where calls give them",
                self._where,
                told,
            )
        failure = FlagsUnavailable(
            f"the feature flags of {self._where} could not be fetched: {told}; pass default=... to go on without them"
        )
        failure.__cause__ = cause
        self._in_trouble("error", failure)
        failed = Snapshot(None, failure)
        failed.good = good
        failed.failures = failures + 1
        failed.retry_at = self.entry.now() + _PAUSES[min(failures, len(_PAUSES) - 1)]
        expire_at(failed.retry_at)
        return failed


def _announced(name: str, decide: Decide) -> Decide:
    """Return a function that decides a flag and announces the outcome; the rule stands for a variant without a name."""

    def decide_and_announce(context: Context, now: Clock) -> Outcome:
        outcome = decide(context, now)
        variant = outcome.variant or outcome.rule or "default"
        tell("flags.evaluated", flag=name, variant=variant, reason=outcome.reason)
        return outcome

    return decide_and_announce


def _text(content: bytes | str | Mapping[str, Any]) -> bytes | str:
    """Return the content as text or bytes, which can be compared, and which nobody can change.

    Raises:
        FlagSchemaError: it cannot be written as JSON.
    """
    if isinstance(content, bytes | str):
        return content
    given: Any = content
    if not hasattr(given, "keys"):  # a list of pairs would pass for a dict, and an empty list for no flags
        kind = type(given).__name__
        told = f"must be an object with one member for each flag; the source returned a value of type {kind}"
        raise FlagSchemaError([("$", told)])
    try:
        return json.dumps(dict(given), ensure_ascii=False, allow_nan=False, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise FlagSchemaError([("$", f"cannot be written as JSON: {error}")]) from None


def _plain(value: Any) -> Any:
    """Return a value that JSON has: for numbers of DynamoDB and of numpy, and for mappings that are no dict.

    Raises:
        TypeError: there is no such value.
    """
    if hasattr(value, "keys"):
        return dict(value)
    if hasattr(value, "__index__"):
        return value.__index__()
    if type_of(value).__name__ == "Decimal" or hasattr(value, "__float__"):
        number = float(value)
        return int(value) if number.is_integer() else number
    raise TypeError(f"a value of type {type(value).__name__} has no counterpart in JSON")
