"""`FeatureFlags`: the flags of one source."""

from __future__ import annotations

from lambda_kit._kernel import callables, refuse_probe, type_of, wall_clock
from lambda_kit.errors import (
    ConfigurationError,
    FlagError,
    FlagSchemaError,
    FlagsUnavailable,
    ResourceBuildError,
    UnknownFlag,
)
from lambda_kit.flags._app_config import AppConfigAgent
from lambda_kit.flags._snapshot import Loader
from lambda_kit.flags._sources import Fetched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from typing import Any, Literal, TypeVar, overload

    from lambda_kit.flags._explain import Explanation
    from lambda_kit.flags._model import Decide, Outcome
    from lambda_kit.flags._snapshot import Snapshot
    from lambda_kit.flags._sources import Source

    T = TypeVar("T")

_UNSET: Any = object()
_TTL = 60.0  # seconds, for sources that do not say
_OPTIONS = ("envelope", "ttl", "stale_if_error", "refresh", "eager", "record", "clock")
_THEIR_OPTIONS = {  # of Powertools
    "store": "pass the source as the first argument: FeatureFlags(AppConfigAgent(...))",
    "max_age": "it is called ttl here",
    "logger": "the kit logs to the logger 'lambda_kit'",
    "jmespath_options": "the envelope is an expression of JMESPath with the functions of the kit",
}
_THEIR_METHODS = {
    "get_enabled_features": "use all(context), which returns the values of all flags by name",
    "get_configuration": "use all(context) for values, or explain(name) for one flag and its rules",
    "validation_exception_handler": "pass default=... for flags that could not be fetched; wrong documents are logged",
    "store": "FeatureFlags keeps its source to itself; keep a name for it where you make it",
}


class FeatureFlags:
    """The flags of one source. Declare it at module level. Threads share it; the first call fetches the flags.

    Flags live in the init cache: they are fetched once in each time to live, and compiled once for each version. If the
    source fails, the old flags stay in force; if a new version is wrong, the version before stays in force. Each is
    logged once.

    The context of a call is a mapping, keywords, or both; a keyword has priority over a key of the mapping.

    Args:
        source: `AppConfigAgent`, `AppConfigData`, `FlagFile`, `StaticFlags`, a `Source` of your own, or a function that
            returns the document as a dict.
        envelope: JMESPath expression that finds the flags in the document; None, the default, for the whole document.
        ttl: seconds after which the source is asked again; None for the life of the environment. The default is that of
            the source: 30 for `AppConfigAgent`, the interval of `AppConfigData`, 1 for `FlagFile`, None for
            `StaticFlags`, 60 for others.
        stale_if_error: seconds beyond the time to live in which old flags are used while the source fails; 86,400 by
            default. It cannot be combined with `ttl=None`.
        refresh: `"block"`, the default: the first call after the time to live waits for the source. `"background"`: a
            call in the last fifth of the time to live asks the source beside the invocation.
        eager: True: `@handler` fetches the flags in the init phase on Lambda. `"now"`: they are fetched at once, on a
            thread, while the module goes on importing; the first call waits for the rest. False, the default: the first
            call fetches them. Not for `AppConfigAgent`, which may be asked from the first invocation on.
        record: whether the tracer annotates and metrics count each evaluation; False by default.
        clock: returns the time in seconds since the epoch, for rules about the time; tests pass their own.
        **unknown: misspelt options, which are refused.

    Raises:
        ConfigurationError: an option is unknown or wrong.

    Example:
        ```python
        from lambda_kit.flags import StaticFlags

        rule = {
            "when_match": True,
            "conditions": [{"action": "EQUALS", "key": "tier", "value": "premium"}],
        }
        flags = FeatureFlags(
            StaticFlags({"early": {"default": False, "rules": {"premium": rule}}})
        )
        assert flags.enabled("early", tier="premium")
        assert not flags.enabled("early", {"tier": "standard"})
        ```
    """

    __slots__ = ("__weakref__", "_clock", "_loader", "_snapshot", "_where")

    def __init__(
        self,
        source: Source | Callable[[], Mapping[str, Any]],
        *,
        envelope: str | None = None,
        ttl: float | None = _UNSET,
        stale_if_error: float = _UNSET,
        refresh: Literal["block", "background"] = "block",
        eager: bool | Literal["now"] = False,
        record: bool = False,
        clock: Callable[[], float] = wall_clock,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise _unknown_option(next(iter(unknown)))
        fetch = _fetcher(source)
        if eager and isinstance(source, AppConfigAgent):
            raise ConfigurationError(
                f"FeatureFlags(eager={eager!r}): AppConfigAgent is an extension, which may be asked from the first "
                "invocation on; use AppConfigData, or leave eager out"
            )
        if ttl is _UNSET:
            ttl = getattr(source, "ttl", _TTL)
        if stale_if_error is _UNSET:
            stale_if_error = 0.0 if ttl is None else 86_400.0
        self._where = callables.name_of(source)
        self._clock = clock
        find = _finder(envelope)
        try:
            self._loader = Loader(
                fetch,
                self._where,
                agent=source if isinstance(source, AppConfigAgent) else None,
                find=find,
                cache={"ttl": ttl, "stale_if_error": stale_if_error, "refresh": refresh, "eager": eager},
                record=callables.check_flag("record=...", record),
            )
        except ConfigurationError as error:  # of the init cache
            raise ConfigurationError(f"FeatureFlags({self._where}): {error}") from None
        self._snapshot = self._loader.resource

    def enabled(
        self, name: str, /, context: Mapping[str, Any] | None = None, *, default: bool = _UNSET, **more: Any
    ) -> bool:
        """Tell whether a flag is on: its value if that is a boolean; for a native flag of AppConfig, its `enabled`.

        Args:
            name: the name of the flag.
            context: the values that rules compare, by key.
            default: returned if the flag does not exist, or if no flags could be fetched.
            **more: more of the context.

        Raises:
            UnknownFlag: the flag does not exist, and there is no default.
            FlagsUnavailable: the source fails, there are no old flags, and there is no default.
            FlagSchemaError: the first version that was fetched is wrong.
            FlagError: the value is not a boolean.
        """
        if context is None:
            context = more
        elif more or type_of(context) is not dict:
            context = _merged(context, more)
        try:
            decide = self._snapshot()[name]
        except (KeyError, ResourceBuildError):
            found = self._look_up(name, default)
            if found is None:
                return callables.check_flag(f"enabled({name!r}, default=...)", default)
            decide = found
        on = decide(context, self._clock).enabled
        if on is None:
            raise FlagError(f"the feature flag {name!r} of {self._where} is not a boolean; use evaluate({name!r})")
        return on

    if TYPE_CHECKING:

        @overload
        def evaluate(
            self, name: str, /, context: Mapping[str, Any] | None = None, *, default: None, **more: Any
        ) -> Any: ...
        @overload
        def evaluate(self, name: str, /, context: Mapping[str, Any] | None = None, *, default: T, **more: Any) -> T: ...
        @overload
        def evaluate(self, name: str, /, context: Mapping[str, Any] | None, default: None, **more: Any) -> Any: ...
        @overload
        def evaluate(self, name: str, /, context: Mapping[str, Any] | None, default: T, **more: Any) -> T: ...
        @overload
        def evaluate(self, name: str, /, context: Mapping[str, Any] | None = None, **more: Any) -> Any: ...

    def evaluate(
        self, name: str, /, context: Mapping[str, Any] | None = None, default: Any = _UNSET, **more: Any
    ) -> Any:
        """Return the value of a flag; for a native flag of AppConfig, a dict of `enabled` and the attributes.

        A dict or a list is the caller's own copy.

        Args:
            name: the name of the flag.
            context: the values that rules compare, by key.
            default: returned if the flag does not exist, or if no flags could be fetched. Type checkers use its type as
                the type of the value.
            **more: more of the context.

        Raises:
            UnknownFlag: the flag does not exist, and there is no default.
            FlagsUnavailable: the source fails, there are no old flags, and there is no default.
            FlagSchemaError: the first version that was fetched is wrong.
        """
        if context is None:
            context = more
        elif more or type_of(context) is not dict:
            context = _merged(context, more)
        try:
            decide = self._snapshot()[name]
        except (KeyError, ResourceBuildError):
            found = self._look_up(name, default)
            if found is None:
                return default
            decide = found
        outcome = decide(context, self._clock)
        copy = outcome.copy
        return outcome.value if copy is None else copy()

    def all(self, /, context: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """Return the values of all flags by name, each as `evaluate` returns it.

        Args:
            context: the values that rules compare, by key.
            **more: more of the context.

        Raises:
            FlagsUnavailable: the source fails, and there are no old flags.
            FlagSchemaError: the first version that was fetched is wrong.
        """
        given, clock = _merged(context, more), self._clock
        found: dict[str, Any] = {}
        for name, decide in self._usable().items():
            outcome = decide(given, clock)
            found[name] = outcome.value if outcome.copy is None else outcome.copy()
        return found

    def explain(self, name: str, /, context: Mapping[str, Any] | None = None, **more: Any) -> Explanation:
        """Return the value of a flag and the reason for it. Print the result to get a text for people.

        It is not recorded, even with `record=True`.

        Args:
            name: the name of the flag.
            context: the values that rules compare, by key. The text hides values of keys that look like secrets.
            **more: more of the context.

        Raises:
            UnknownFlag: the flag does not exist.
            FlagsUnavailable: the source fails, and there are no old flags.
            FlagSchemaError: the first version that was fetched is wrong.
        """
        from lambda_kit.flags._explain import Explanation, explain

        _check_name(name)
        given, snapshot = _merged(context, more), self._usable()
        flag = snapshot.flags.get(name)
        if flag is None:
            raise self._unknown(name, snapshot)
        now = self._clock()  # one moment for the decision and the reasons
        outcome = self._loader.decider(flag)(given, lambda: now)
        return Explanation(name, outcome, _own(outcome), explain(flag, given, lambda: now, outcome))

    def override(self, flags: Mapping[str, Any], /) -> AbstractContextManager[None]:
        """Return a context manager in which every call, on any thread, uses these flags. For tests; it nests.

        Args:
            flags: the document, without an envelope.

        Raises:
            FlagSchemaError: the document is wrong.
        """
        return self._snapshot.override(self._loader.of(flags))

    def __repr__(self) -> str:
        return f"FeatureFlags({self._where})"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            refuse_probe(self, name)
            from lambda_kit._kernel import hints

            raise hints.missing_attribute(self, name, _THEIR_METHODS)

    # The less frequent cases, and the entry point of the provider for OpenFeature

    def _resolve(self, name: str, context: Mapping[str, Any]) -> tuple[Outcome, Snapshot]:
        """Return the outcome of a flag for a context, and the snapshot that it is of.

        Raises:
            UnknownFlag: the flag does not exist.
            FlagsUnavailable: the source fails, and there are no old flags.
            FlagSchemaError: the first version that was fetched is wrong.
        """
        snapshot = self._usable()
        decide = snapshot.get(name)
        if decide is None:
            raise self._unknown(name, snapshot)
        return decide(context, self._clock), snapshot

    def _look_up(self, name: str, default: Any) -> Decide | None:
        """Look up a flag that was not found at first; return None if the default is to be returned."""
        _check_name(name)
        try:
            snapshot = self._usable()
        except FlagsUnavailable:
            if default is _UNSET:
                raise
            return None
        if name not in snapshot and default is _UNSET:
            raise self._unknown(name, snapshot)
        return snapshot.get(name)

    def _usable(self) -> Snapshot:
        try:
            snapshot = self._loader.look_again(self._snapshot())
        except ResourceBuildError as error:  # the old flags expired while the source was being asked
            raise FlagsUnavailable(f"the feature flags of {self._where} could not be fetched") from error.__cause__
        failure = snapshot.failure
        if isinstance(failure, FlagSchemaError):  # each call raises its own error, with its own traceback
            raise FlagSchemaError(failure.problems)
        if failure is not None:
            raise FlagsUnavailable(str(failure)) from failure.__cause__
        return snapshot

    def _unknown(self, name: str, snapshot: Snapshot) -> UnknownFlag:
        hint = callables.closest(name, snapshot) or "; pass default=... to go on without it"
        return UnknownFlag(f"there is no feature flag {name!r} in {self._where}{hint}", flag=name)


# Type checkers see no default for the name. `evaluate(name="x")`, as Powertools has it, gets as far as `_check_name`.
FeatureFlags.enabled.__defaults__ = FeatureFlags.explain.__defaults__ = (_UNSET, None)
FeatureFlags.evaluate.__defaults__ = (_UNSET, None, _UNSET)


def _check_name(name: str) -> None:
    if name is _UNSET:
        raise ConfigurationError(
            "the name of the flag is missing; pass it as the first argument, and not by keyword, for instance "
            "evaluate('early', context). A keyword is a key of the context, name=... included"
        )
    given: Any = name
    if not isinstance(given, str):
        raise ConfigurationError(f"the name of the flag is {given!r}; pass it as text")


def _unknown_option(name: str) -> ConfigurationError:
    said = _THEIR_OPTIONS.get(name)
    hint = f"; {said}" if said else callables.closest(name, _OPTIONS)
    return ConfigurationError(f"FeatureFlags has no option {name!r}{hint}; it takes {', '.join(_OPTIONS)}")


def _merged(context: Mapping[str, Any] | None, more: dict[str, Any]) -> dict[str, Any]:
    try:
        return {**context, **more} if context is not None else more
    except TypeError:
        raise FlagError(
            f"the context is a {type(context).__name__}; pass a mapping, or keywords of other names than context"
        ) from None


def _own(outcome: Outcome) -> Any:
    return outcome.value if outcome.copy is None else outcome.copy()


def _fetcher(source: Any) -> Callable[[], Fetched]:
    fetch: Any = getattr(source, "fetch", None)
    asked: Any = source if fetch is None else fetch
    signature = callables.signature_of(asked)
    if not (signature is None or signature.takes(0)) or not callable(asked) or callables.is_coroutine_function(asked):
        raise ConfigurationError(
            f"FeatureFlags was given a {type(source).__name__} as its source; pass a source, or a plain function "
            "without arguments that returns the flags as a dict"
        )
    if fetch is None:
        return lambda: Fetched(source())
    found: Callable[[], Fetched] = fetch
    return found


def _finder(envelope: str | None) -> Callable[[Any], Any] | None:
    if envelope is None:
        return None
    from lambda_kit._kernel.expressions import compiled

    return compiled(envelope, "the envelope of FeatureFlags")
