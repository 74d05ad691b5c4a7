"""SnapStart under test: the runtime client runs the hooks around a snapshot, and then the invocations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vouchers import issue

if TYPE_CHECKING:
    from lambda_kit.testing import Invoke, StartFunction


def test_after_a_restore_the_prefix_and_the_connection_are_new_and_the_table_is_kept(
    lambda_runtime: StartFunction,
) -> None:
    function = lambda_runtime(
        "vouchers.issue", cwd=Path(__file__).parent, init_type="snap-start", memory=512, timeout=20
    )
    first, second = (function.invoke({"value": 20}) for _ in range(2))
    snapshot, restored = (line["prefix"] for line in first.logs.find_all(message="drawing a prefix"))
    assert snapshot != restored
    assert first.unwrap() == {"voucher": f"{restored}-1", "days": 180}
    assert second.unwrap()["voucher"] == f"{restored}-2"
    first.logs.one(message="reading the table of values")
    assert len(first.logs.find_all(message="connecting")) == 2
    assert first.outcome.restore_ms is not None


def test_two_environments_issue_different_vouchers(lambda_invoke: Invoke) -> None:
    issued = [lambda_invoke(issue, {"value": 10}, cold=cold).unwrap()["voucher"] for cold in (True, False, True)]
    assert len(set(issued)) == 3
    assert [one[-2:] for one in issued] == ["-1", "-2", "-1"]
