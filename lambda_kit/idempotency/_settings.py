"""The options of `idempotent`, checked when the decorator is made."""

from __future__ import annotations

import os
import sys
import time

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency._codec import codec_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.idempotency._codec import Codec

_LONGEST = 3_155_760_000.0  # seconds: a hundred years; stores cannot hold times without limit
_CHOICES = {
    "on_in_progress": ("raise", "wait"),
    "on_claim_error": ("raise", "run"),
    "on_save_error": ("raise", "log"),
    "missing_key": ("raise", "run"),
}


class Settings:
    """The options of one `idempotent(...)` that say how a call goes.

    Raises:
        ConfigurationError: an option has a value that it cannot have.
    """

    __slots__ = (
        "blocks",
        "clock",
        "codec",
        "finish_codec",
        "lease",
        "max_bytes",
        "missing_key",
        "on_claim_error",
        "on_in_progress",
        "on_replay",
        "on_save_error",
        "random_bytes",
        "replay_errors",
        "sleep",
        "store",
        "ttl",
    )

    def __init__(self, store: Any, options: dict[str, Any]) -> None:
        _check_store(store)
        for name, known in _CHOICES.items():
            if options[name] not in known:
                hint = callables.closest(options[name], known) if isinstance(options[name], str) else ""
                raise ConfigurationError(
                    f"idempotent({name}={options[name]!r}): pass {' or '.join(map(repr, known))}{hint}"
                )
        _check_seconds("ttl", options["ttl"])
        if options["lease"] is not None:
            _check_seconds("lease", options["lease"])
        errors: Any = options["replay_errors"]
        if not _are_exceptions(errors):
            raise ConfigurationError(
                f"idempotent(replay_errors={errors!r}): pass a tuple of exception classes, as in (OutOfStock,)"
            )
        for name in ("on_replay", "clock", "sleep", "random_bytes"):
            if options[name] is not None and not callable(options[name]):
                raise ConfigurationError(f"idempotent({name}={options[name]!r}): pass a function")
        self.store: Any = store
        self.max_bytes: int | None = getattr(store, "max_bytes", None)
        self.blocks: bool = getattr(store, "blocks", True)
        self.ttl: float = options["ttl"]
        self.lease: float | None = options["lease"]
        self.on_in_progress: str = options["on_in_progress"]
        self.on_claim_error: str = options["on_claim_error"]
        self.on_save_error: str = options["on_save_error"]
        self.missing_key: str = options["missing_key"]
        self.replay_errors: tuple[type[Exception], ...] = errors
        _check_type(options["codec"])
        self.codec: Codec | None = codec_of(options["codec"])
        self.finish_codec: Any = None if self.codec is options["codec"] else getattr(self.codec, "prepare", None)
        self.on_replay: Any = options["on_replay"]
        self.clock: Callable[[], float] = options["clock"] or _wall_clock
        self.sleep: Any = options["sleep"]
        self.random_bytes: Callable[[int], bytes] = options["random_bytes"] or os.urandom


def _wall_clock() -> float:
    return time.time()  # looked up at each call: libraries that freeze time replace it


def _check_store(store: Any) -> None:
    if isinstance(store, type):
        raise ConfigurationError(f"idempotent({store.__name__}): pass a store, not its class: {store.__name__}(...)")
    for name in ("claim", "complete", "release"):
        if not callable(getattr(store, name, None)):
            raise ConfigurationError(f"idempotent({store!r}): pass a store, which has a method {name}")


def _check_seconds(name: str, given: Any) -> None:
    if not callables.is_number(given) or not 0 < given <= _LONGEST:
        raise ConfigurationError(f"idempotent({name}={given!r}): pass seconds above 0, and at most {_LONGEST:.0f}")


def _check_type(codec: Any) -> None:
    """Raise for a class that pydantic cannot know, which would fail only after a run."""
    if not isinstance(codec, type) or codec.__mro__[1:] != (object,) or codec.__module__ in sys.stdlib_module_names:
        return
    if not any(hasattr(codec, name) for name in ("__dataclass_fields__", "__get_pydantic_core_schema__")):
        raise ConfigurationError(
            f"idempotent(codec={codec.__qualname__}): this class is no pydantic model, dataclass or TypedDict; make it "
            "one of these, or pass an object with encode and decode"
        )


def _are_exceptions(given: Any) -> bool:
    classes: list[Any] = [*given] if isinstance(given, tuple) else [None]
    return all(isinstance(one, type) and issubclass(one, Exception) for one in classes)
