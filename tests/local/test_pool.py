from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from lambda_kit.errors import LambdaKitError
from lambda_kit.local._pool import Pool
from lambda_kit.local._watch import Sources
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from lambda_kit.local import Environment


class Fake:
    """An environment that does nothing."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Made:
    """A pool, the environments that it has made, and the changes that it will see."""

    def __init__(self, size: int) -> None:
        self.environments: list[Fake] = []
        self.changes: list[str] = []
        self.reloads: list[list[str]] = []
        self.pool = Pool(size, self._make, self._changed, self.reloads.append)

    def _make(self, number: int) -> Environment:
        self.environments.append(Fake(number))
        return cast("Environment", self.environments[-1])

    def _changed(self) -> list[str]:
        changes, self.changes = self.changes, []
        return changes

    def numbers(self) -> list[int]:
        return [one.number for one in self.environments]


def number_of(environment: Any) -> int:
    return int(environment.number)


def test_environments_are_made_when_they_are_needed_and_used_again() -> None:
    made = Made(3)
    for _ in range(3):
        with made.pool.environment() as one:
            assert number_of(one) == 1
    with made.pool.environment(), made.pool.environment() as two:
        assert number_of(two) == 2
    assert made.numbers() == [1, 2]


def test_those_that_wait_are_served_in_their_order() -> None:
    made = Made(1)
    order: list[int] = []

    def work(number: int) -> None:
        with made.pool.environment():
            order.append(number)

    threads: list[threading.Thread] = []
    with made.pool.environment():
        for number in range(5):
            threads.append(threading.Thread(target=work, args=(number,), daemon=True))
            threads[-1].start()
            while len(made.pool._waiting) <= number:
                threading.Event().wait(0.001)
    for thread in threads:
        thread.join(PATIENCE)
    assert order == list(range(5))
    assert made.numbers() == [1]


def test_a_change_ends_idle_environments_at_once_and_busy_ones_when_they_are_used_next() -> None:
    made = Made(2)
    with made.pool.environment() as first:
        with made.pool.environment():
            pass
        made.changes = ["a.py"]
        with made.pool.environment():
            pass
        busy, idle = made.environments[:2]
        assert (busy.closed, idle.closed) == (False, True)
        assert number_of(first) == 1
    with made.pool.environment(), made.pool.environment():
        pass
    assert busy.closed
    assert made.reloads == [["a.py"]]
    assert [one.closed for one in made.environments[2:]] == [False, False]


def test_an_environment_that_cannot_be_made_leaves_its_place_free() -> None:
    def fail(number: int) -> Environment:
        raise LambdaKitError("no")

    pool = Pool(1, fail, list, lambda _: None)
    for _ in range(2):
        with pytest.raises(LambdaKitError, match="no"), pool.environment():
            pass


def test_closing_wakes_those_that_wait_and_refuses_others() -> None:
    made = Made(1)
    errors: list[LambdaKitError] = []

    def work() -> None:
        try:
            with made.pool.environment():
                pass
        except LambdaKitError as error:
            errors.append(error)

    with made.pool.environment():
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        while not made.pool._waiting:
            threading.Event().wait(0.001)
        made.pool.close()
        thread.join(PATIENCE)
    work()
    assert list(map(str, errors)) == ["the server was closed"] * 2
    assert made.environments[0].closed


def test_sources_that_were_written_added_or_removed_have_changed(tmp_path: Path) -> None:
    for name in ("a.py", "b.py", "data.json", "deep/c.py", ".hidden/d.py", "venv/pyvenv.cfg", "venv/e.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    sources = Sources(os.fspath(tmp_path))

    def changed() -> list[str]:
        sources._next_scan = 0.0
        return sources.changed()

    assert changed() == []
    (tmp_path / "a.py").write_text("12")
    (tmp_path / "b.py").unlink()
    (tmp_path / "deep" / "new.py").touch()
    (tmp_path / "data.json").write_text("12")
    (tmp_path / ".hidden" / "d.py").write_text("12")
    (tmp_path / "venv" / "e.py").write_text("12")
    assert changed() == ["a.py", "b.py", os.path.join("deep", "new.py")]  # noqa: PTH118
    assert changed() == []


def test_sources_are_not_scanned_again_and_again(tmp_path: Path) -> None:
    sources = Sources(os.fspath(tmp_path))
    sources._next_scan = float("inf")
    (tmp_path / "a.py").touch()
    assert sources.changed() == []
