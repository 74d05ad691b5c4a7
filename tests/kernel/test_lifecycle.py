"""Callbacks of the process run once each, whoever registers others meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit._kernel import lifecycle
from tests.stepping import visit_each_step

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("run", "register", "registered"),
    [(lifecycle._restored, lifecycle.on_restore, "_restores"), (lifecycle.reset, lifecycle.on_reset, "_resets")],
)
def test_a_callback_may_be_registered_while_others_run(
    run: Callable[[], None], register: Any, registered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare() -> list[str]:
        ran: list[str] = []
        monkeypatch.setattr(lifecycle, registered, [lambda: ran.append("a"), lambda: ran.append("b")])
        return ran

    def check(ran: list[str], _: str) -> None:
        assert sorted(ran) in (["a", "b"], ["a", "b", "c"])

    visit_each_step(
        lambda _: run(), lambda ran: register(lambda: ran.append("c"), base=True), prepare=prepare, check=check
    )
