"""One cache with several resources against a plain model of its rules, over whatever hypothesis thinks of.

The model knows no points in time: it counts the seconds that the calls have seen to pass, so that it has no way to be
misled by a clock that is set back.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from lambda_kit import handler
from lambda_kit._kernel import event_loop
from lambda_kit.errors import ResourceBuildError
from lambda_kit.init_cache import InitCache
from lambda_kit.testing import FakeClock
from tests.patience import PATIENCE

PAUSES = [1, 2, 4, 8, 16, 30]
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "timed": {"ttl": 10.0},
    "stale": {"ttl": 10.0, "stale_if_error": 20.0},
    "background": {"ttl": 10.0, "refresh": "background"},
    "both": {"ttl": 5.0, "refresh": "background", "stale_if_error": 40.0},
}
RAISED = "raised"
names = st.sampled_from(sorted(CONFIGURATIONS))


@dataclass
class Model:
    """What one resource should do."""

    ttl: float = float("inf")
    stale_if_error: float = 0.0
    refresh: str = "block"
    up: bool = True
    next_value: int = 0
    value: int | None = None
    age: float = 0.0
    failures: int = 0
    pause: float = 0.0
    builds: int = 0
    hits: int = 0
    last_seen: float | None = None
    overrides: list[str] = field(default_factory=list[str])
    open_values: set[int] = field(default_factory=set[int])
    closed_values: set[int] = field(default_factory=set[int])

    def see(self, now: float) -> None:
        """Let as much time pass as a clock that never goes back would have shown since it was read last."""
        passed = max(now - self.last_seen, 0.0) if self.last_seen is not None else 0.0
        self.age += passed
        self.pause -= passed
        self.last_seen = now

    def usable(self) -> bool:
        fresh = self.age < self.ttl
        stale = self.pause > 0 and self.age < self.ttl + self.stale_if_error
        return self.value is not None and (fresh or stale)

    def build(self) -> bool:
        self.next_value += 1
        if not self.up:
            self.pause = PAUSES[min(self.failures, 5)]
            self.failures += 1
            return False
        self.value, self.age = self.next_value, 0.0
        self.open_values.add(self.value)
        self.builds += 1
        self.failures, self.pause = 0, 0.0
        return True

    def call(self, now: float) -> object:
        self.see(now)
        if self.overrides:
            return self.overrides[-1]
        if self.usable():
            old = self.value
            self.hits += 1
            if self.refresh == "background" and self.age >= 0.8 * self.ttl and self.pause <= 0:
                self.build()
            return old
        if self.build() or self.usable():
            return self.value
        return RAISED

    def call_refresh(self, now: float) -> object:
        self.see(now)
        if self.overrides:
            return self.overrides[-1]
        return self.value if self.build() else RAISED

    def invalidate(self) -> None:
        self.value = None
        self.failures, self.pause = 0, 0.0

    def reset(self) -> None:
        self.invalidate()
        self.builds = self.hits = 0
        self.close_unused()

    def close_unused(self) -> None:
        unused = self.open_values - {self.value}
        self.closed_values |= unused
        self.open_values -= unused


class Machine(RuleBasedStateMachine):
    waits = False

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.cache = InitCache(clock=self.clock)
        self.models = {name: Model(**options) for name, options in CONFIGURATIONS.items()}
        self.closed: dict[str, list[int]] = {name: [] for name in CONFIGURATIONS}
        self.calls = dict.fromkeys(CONFIGURATIONS, 0)
        self.resources = {name: self.declare(name, options) for name, options in CONFIGURATIONS.items()}
        self.entered: list[tuple[str, str, Any]] = []

    def declare(self, name: str, options: dict[str, Any]) -> Any:
        def build() -> int:
            self.calls[name] += 1
            value = self.calls[name]
            if not up():
                raise OSError("down")
            return value

        async def build_async() -> int:
            await asyncio.sleep(0)
            return build()

        def up() -> bool:
            return self.models[name].up

        return self.cache.resource(close=self.closed[name].append, **options)(build_async if self.waits else build)

    def outcome(self, name: str, call: Any) -> object:
        """Call, and let a refresh that it started come to its end."""
        entry = self.resources[name].info._entry

        async def call_async() -> object:
            try:
                return await call()
            finally:
                while (build := entry.state.pending) is not None:
                    await build.done.wait_async()

        try:
            if self.waits:
                return event_loop.run(call_async())
            value = call()
            while (build := entry.state.pending) is not None:
                assert build.done.wait(PATIENCE)
            return value
        except ResourceBuildError:
            return RAISED

    @rule(name=names)
    def call(self, name: str) -> None:
        assert self.outcome(name, self.resources[name]) == self.models[name].call(self.clock())

    @rule()
    def call_all(self) -> None:
        for name in CONFIGURATIONS:
            self.call(name)

    @rule(name=names)
    def refresh(self, name: str) -> None:
        assert self.outcome(name, self.resources[name].refresh) == self.models[name].call_refresh(self.clock())

    @rule(name=names)
    def invalidate(self, name: str) -> None:
        self.resources[name].invalidate()
        self.models[name].invalidate()

    @rule(seconds=st.integers(1, 12))
    def advance(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.integers(1, 12) | st.integers(1_000, 1_000_000))
    def set_back(self, seconds: int) -> None:
        self.clock.advance(-seconds)

    @rule(seconds=st.integers(1_000, 1_000_000))
    def jump_ahead(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(name=names, up=st.booleans())
    def factory_is(self, name: str, up: bool) -> None:
        self.models[name].up = up

    @rule(name=names, value=st.text(max_size=3))
    def enter_override(self, name: str, value: str) -> None:
        override = self.resources[name].override(value)
        override.__enter__()
        self.entered.append((name, value, override))
        self.models[name].overrides.append(value)

    @precondition(lambda self: self.entered)
    @rule(data=st.data())
    def leave_override(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.entered) - 1))
        name, _, override = self.entered.pop(index)
        override.__exit__(None, None, None)
        self.models[name].overrides = [value for other, value, _ in self.entered if other == name]

    @rule()
    def end_invocation(self) -> None:
        handler(lambda event, context: None)({}, None)
        for model in self.models.values():
            model.close_unused()

    @rule()
    def reset(self) -> None:
        self.cache.reset()
        for model in self.models.values():
            model.reset()

    @invariant()
    def counts_and_closings_agree(self) -> None:
        for name, model in self.models.items():
            info = self.resources[name].info
            assert info.builds == model.builds
            assert (info.age is None) == (model.value is None)
            assert len(self.closed[name]) == len(set(self.closed[name])), "closed twice"
            assert set(self.closed[name]) == model.closed_values
            if not self.entered:
                assert info.hits >= model.hits

    def teardown(self) -> None:
        self.cache.reset()
        for name, model in self.models.items():
            assert len(self.closed[name]) == len(model.open_values | model.closed_values)


class AsyncMachine(Machine):
    waits = True


@pytest.mark.parametrize("machine", [Machine, AsyncMachine])
def test_the_cache_does_what_the_model_does(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=settings(stateful_step_count=40))
