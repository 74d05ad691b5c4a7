"""A provider for OpenFeature, the vendor-neutral interface to feature flags: <https://openfeature.dev>.

It needs the extra `openfeature`, and is a module of its own, so that other users do not load it.
"""

from __future__ import annotations

from collections import deque

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import ConfigurationError, FlagError, FlagSchemaError, FlagsUnavailable, UnknownFlag
from lambda_kit.flags._feature_flags import FeatureFlags

try:
    from openfeature.event import ProviderEventDetails
    from openfeature.exception import (
        FlagNotFoundError,
        InvalidContextError,
        OpenFeatureError,
        ParseError,
        ProviderNotReadyError,
        TypeMismatchError,
    )
    from openfeature.flag_evaluation import FlagResolutionDetails, Reason
    from openfeature.provider import AbstractProvider, Metadata
except ImportError as error:
    from lambda_kit._kernel import extras

    raise extras.missing("lambda_kit.flags.openfeature", "openfeature-sdk", "openfeature") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, TypeVar

    from openfeature.evaluation_context import EvaluationContext
    from openfeature.flag_evaluation import FlagValueType

    from lambda_kit.flags._model import Outcome

    Object = Sequence[FlagValueType] | Mapping[str, FlagValueType]
    T = TypeVar("T")

__all__ = ["Provider"]

_MAX_EVENTS = 100  # events that wait to be sent; older ones are dropped


class Provider(AbstractProvider):
    """Evaluates the flags of a `FeatureFlags` for OpenFeature. Threads share it.

    Rules see the attributes of the evaluation context, and its targeting key as `targetingKey`. The error codes:
    `TYPE_MISMATCH` if the value has another type than was asked for, `FLAG_NOT_FOUND` if the flag does not exist,
    `PARSE_ERROR` if the first version is wrong, and `PROVIDER_NOT_READY` if there are no flags. OpenFeature then
    returns the default. A native flag of AppConfig is a boolean, its `enabled`, and an object.

    Events are sent with the first evaluation after they happened: `PROVIDER_CONFIGURATION_CHANGED` with the names of
    the changed flags; `PROVIDER_STALE` when the source fails, or has a wrong version, and old flags are in force;
    `PROVIDER_ERROR` when there are no flags to use; and `PROVIDER_READY` when either is over.

    Args:
        flags: the flags.
        targeting_key: a key of the context under which rules find the targeting key, besides `targetingKey`; None, the
            default, for no other.

    Raises:
        ConfigurationError: an argument is wrong.

    Example:
        ```python
        from lambda_kit.flags import StaticFlags
        from lambda_kit.flags.openfeature import Provider
        from openfeature import api

        flags = FeatureFlags(StaticFlags({"early": {"default": True}}))
        api.set_provider_and_wait(Provider(flags))
        assert api.get_client().get_boolean_value("early", False)
        ```
    """

    def __init__(self, flags: FeatureFlags, *, targeting_key: str | None = None) -> None:
        super().__init__()
        given: Any = flags
        if not isinstance(given, FeatureFlags):
            raise ConfigurationError(f"Provider({callables.name_of(flags)}): pass a FeatureFlags")
        if targeting_key is not None and (type_of(targeting_key) is not str or not targeting_key):
            raise ConfigurationError(f"Provider(targeting_key={targeting_key!r}): pass the name of a key")
        self._flags = flags
        self._targeting_key = targeting_key
        self._noticed: deque[tuple[str, Any]] = deque(maxlen=_MAX_EVENTS)
        self._is_shut_down = False
        self._sender: dict[str, object] = {}  # the token of the call that sends events, if there is one

    def get_metadata(self) -> Metadata:
        """Return the name of the provider."""
        return Metadata(name="lambda_kit")

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Fetch the flags.

        Raises:
            OpenFeatureError: there are no usable flags.
        """
        loader = self._flags._loader
        self._is_shut_down = False
        if self._notice not in loader.listeners:
            loader.listeners.append(self._notice)
        try:
            self._flags._usable()
        except FlagError as error:
            raise _translated(error) from error
        finally:
            self._noticed.clear()  # the first flags are no change, and the caller reports a failure
        if loader.trouble is not None:
            self._noticed.append(loader.trouble)

    def shutdown(self) -> None:
        """Stop listening to the flags, and resolve no more of them. They stay usable without the provider."""
        self._is_shut_down = True
        loader = self._flags._loader
        if self._notice in loader.listeners:
            loader.listeners.remove(self._notice)
        self._noticed.clear()

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """Return whether a flag is on.

        Raises:
            OpenFeatureError: the flag cannot be resolved.
        """
        return self._resolve(flag_key, evaluation_context, _boolean)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """Return the value of a flag that is a string.

        Raises:
            OpenFeatureError: the flag cannot be resolved.
        """
        return self._resolve(flag_key, evaluation_context, _string)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """Return the value of a flag that is an integer.

        Raises:
            OpenFeatureError: the flag cannot be resolved.
        """
        return self._resolve(flag_key, evaluation_context, _integer)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """Return the value of a flag that is a number.

        Raises:
            OpenFeatureError: the flag cannot be resolved.
        """
        return self._resolve(flag_key, evaluation_context, _float)

    def resolve_object_details(
        self, flag_key: str, default_value: Object, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[Object]:
        """Return the value of a flag that is an object or a list; the caller's own copy.

        Raises:
            OpenFeatureError: the flag cannot be resolved.
        """
        return self._resolve(flag_key, evaluation_context, _object)

    async def resolve_boolean_details_async(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """Do what `resolve_boolean_details` does, and fetch in a thread."""
        return await self._resolve_async(flag_key, evaluation_context, _boolean)

    async def resolve_string_details_async(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """Do what `resolve_string_details` does, and fetch in a thread."""
        return await self._resolve_async(flag_key, evaluation_context, _string)

    async def resolve_integer_details_async(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """Do what `resolve_integer_details` does, and fetch in a thread."""
        return await self._resolve_async(flag_key, evaluation_context, _integer)

    async def resolve_float_details_async(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """Do what `resolve_float_details` does, and fetch in a thread."""
        return await self._resolve_async(flag_key, evaluation_context, _float)

    async def resolve_object_details_async(
        self, flag_key: str, default_value: Object, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[Object]:
        """Do what `resolve_object_details` does, and fetch in a thread."""
        return await self._resolve_async(flag_key, evaluation_context, _object)

    async def _resolve_async(
        self, name: str, context: EvaluationContext | None, read: Callable[[Outcome], T]
    ) -> FlagResolutionDetails[T]:
        if self._is_local(name):
            return self._resolve(name, context, read)
        import asyncio

        return await asyncio.to_thread(self._resolve, name, context, read)

    def _is_local(self, name: str) -> bool:
        """Tell whether a flag can be resolved without a request to its source, or to the agent for the variant."""
        if self._is_shut_down:
            return True
        loader = self._flags._loader
        if not loader.entry.is_ready():
            return False
        flag = loader.resource().flags.get(name)
        return flag is None or loader._agent is None or not flag.varies

    def _resolve(
        self, name: str, context: EvaluationContext | None, read: Callable[[Outcome], T]
    ) -> FlagResolutionDetails[T]:
        if self._is_shut_down:
            raise ProviderNotReadyError("the provider was shut down")
        try:
            outcome, snapshot = self._flags._resolve(name, self._context(context))
        except FlagError as error:
            raise _translated(error) from error
        finally:
            if self._noticed:
                self._send()
        try:
            value = read(outcome)
        except TypeError:
            what = type_of(outcome.value).__name__
            raise TypeMismatchError(f"the feature flag {name!r} is a {what}, not a {read.__name__[1:]}") from None
        except (ValueError, OverflowError):
            raise TypeMismatchError(f"the feature flag {name!r} is a number that no float holds exactly") from None
        flag = snapshot.flags.get(name)
        metadata: dict[str, str | float | bool] = {} if flag is None else dict(flag.metadata)
        if outcome.rule is not None:
            metadata["rule"] = outcome.rule
        trouble = self._flags._loader.trouble
        return FlagResolutionDetails(
            value=value,
            reason=Reason.STALE if trouble is not None and trouble[0] == "stale" else Reason(outcome.reason),
            variant=outcome.variant or outcome.rule or "default",
            flag_metadata=metadata,
        )

    def _context(self, given: EvaluationContext | None) -> dict[str, Any]:
        if given is None:
            return {}
        context: dict[str, Any] = dict(given.attributes)
        if given.targeting_key is not None:
            context["targetingKey"] = given.targeting_key
            if self._targeting_key is not None:
                context[self._targeting_key] = given.targeting_key
        return context

    # Events

    def _notice(self, what: str, about: Any) -> None:
        """Keep an event until after the fetch: a handler of events may evaluate flags, and would wait for the fetch."""
        self._noticed.append((what, about))

    def _send(self) -> None:
        """Send the events that wait, in their order, one thread at a time."""
        while self._noticed and self._send_next():
            pass

    def _send_next(self) -> bool:
        """Send an event, and return whether this call may send the next one."""
        token = object()
        try:  # in place of a lock, which an interrupt could leave locked
            if self._sender.setdefault("", token) is not token:
                return False
            self._emit_next()
            self._sender.clear()
            return True
        finally:
            if self._sender.get("") is token:
                self._sender.clear()

    def _emit_next(self) -> None:
        try:
            what, about = self._noticed.popleft()
        except IndexError:  # sent by another thread in the meantime
            return
        if what == "changed":
            self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=about))
        elif what == "stale":
            self.emit_provider_stale(ProviderEventDetails(message=about))
        elif what == "error":
            error = _translated(about)
            details = ProviderEventDetails(message=error.error_message, error_code=error.error_code)
            self.emit_provider_error(details)
        else:
            self.emit_provider_ready(ProviderEventDetails(message="the flags can be fetched again"))


def _boolean(outcome: Outcome) -> bool:
    if outcome.enabled is None:
        raise TypeError
    return outcome.enabled


def _string(outcome: Outcome) -> str:
    if type_of(outcome.value) is not str:
        raise TypeError
    text: str = outcome.value
    return text


def _integer(outcome: Outcome) -> int:
    if type_of(outcome.value) is not int:
        raise TypeError
    number: int = outcome.value
    return number


def _float(outcome: Outcome) -> float:
    if type_of(outcome.value) not in (int, float):
        raise TypeError
    number = float(outcome.value)
    if number != outcome.value:
        raise ValueError
    return number


def _object(outcome: Outcome) -> Object:
    if outcome.copy is None:
        raise TypeError
    found: Object = outcome.copy()
    return found


def _translated(error: FlagError) -> OpenFeatureError:
    message = str(error)
    if isinstance(error, UnknownFlag):
        return FlagNotFoundError(message)
    if isinstance(error, FlagSchemaError):
        return ParseError(message)
    if isinstance(error, FlagsUnavailable):
        return ProviderNotReadyError(message)
    return InvalidContextError(message)
