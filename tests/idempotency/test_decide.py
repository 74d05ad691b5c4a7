"""The state machine, against the rules as they are written down."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.errors import UnreadableRecord
from lambda_kit.idempotency import Claim, Record, decide
from lambda_kit.idempotency._record import may_complete, may_release, record_of, renews

NOW = 1_000_000.0
ENDS = [NOW - 1, NOW, NOW + 1]
EVERY: Any = [
    *product(["INPROGRESS", "COMPLETED"], [None, "mine", "other"], ENDS, [None, *ENDS], *[[None, "", "p", "q"]] * 2)
]


def test_every_record_leads_to_what_the_rules_say() -> None:
    for case in EVERY:
        check(*case)


def check(
    status: str, owner: str | None, expires: float, leased_until: float | None, stored: str | None, given: str | None
) -> None:
    record = Record("k", status, owner=owner, expires=expires, leased_until=leased_until, payload=stored)
    claim = Claim("k", "mine", now=NOW, lease=10.0, ttl=60.0, payload=given)
    running = status == "INPROGRESS"
    expired = expires <= NOW
    lapsed = running and leased_until is not None and leased_until <= NOW
    differs = bool(stored and given and stored != given)
    decision = decide(record, claim)
    assert (decision == "run") == (expired or (running and (owner == "mine" or lapsed)))
    if decision != "run":
        assert (decision == "mismatch") == (differs and owner != "mine")
        assert decision in ({"mismatch", "in_progress"} if running else {"mismatch", "replay"})


def test_records_are_compared_by_what_they_hold_and_show_no_payload() -> None:
    one, same = (Record("key", "COMPLETED", owner="me", expires=9, payload="hash", result="7") for _ in range(2))
    assert (one == same, len({one, same})) == (True, 1)
    assert one != Record("key", "COMPLETED", owner="other", expires=9, payload="hash", result="7")
    assert one != "key"
    assert repr(one) == "<Record COMPLETED of me, expires 9>"


def test_without_a_record_the_call_runs() -> None:
    assert decide(None, Claim("k", "mine", now=NOW, lease=1.0, ttl=1.0, payload=None)) == "run"


@given(st.floats(0.001, 1e6), st.floats(0.001, 1e6))
def test_a_claim_never_expires_before_its_lease_ends(lease: float, ttl: float) -> None:
    claim = Claim("k", "mine", now=NOW, lease=lease, ttl=ttl, payload=None)
    assert claim.expires >= claim.leased_until
    assert claim.expires >= NOW + ttl
    assert claim.expires == int(claim.expires)


@pytest.mark.parametrize("status", ["INPROGRESS", "COMPLETED"])
def test_only_the_call_that_claimed_a_key_completes_releases_and_renews_it(status: str) -> None:
    running = status == "INPROGRESS"
    claim = Claim("k", "mine", now=NOW, lease=10.0, ttl=60.0, payload=None)
    mine = Record("k", status, owner="mine", expires=NOW, leased_until=NOW)
    other = Record("k", status, owner="other", expires=NOW, leased_until=NOW)
    assert [may_complete(one, "mine") for one in (mine, other, None)] == [True, False, False]
    assert [may_release(one, "mine") for one in (mine, other, None)] == [running, False, False]
    assert [renews(one, claim) for one in (mine, other, None)] == [running, False, False]
    mine.leased_until = claim.leased_until
    assert not renews(mine, claim)
    mine.leased_until = None
    assert renews(mine, claim) == running


VALUES: dict[str, Any] = {
    "status": "COMPLETED",
    "owner": "o",
    "expires": "5.5",
    "leased_until": "4",
    "payload": "p",
    "result": b"r",
}


def test_a_record_of_other_code_is_read_as_it_is() -> None:
    found = record_of("k", **VALUES)
    assert found == Record("k", "COMPLETED", owner="o", expires=5.5, leased_until=4.0, payload="p", result=b"r")
    without = {**VALUES, "owner": None, "leased_until": None, "payload": None, "result": None}
    assert record_of("k", **without) == Record("k", "COMPLETED", owner=None, expires=5.5)
    for name in Record.__slots__:
        changed = record_of("k", **VALUES)
        setattr(changed, name, "another")
        assert changed != found
    assert found.__eq__("k") is NotImplemented


WRONG: dict[str, list[Any]] = {
    "status": [None, 5],
    "owner": [5, b"o"],
    "payload": [5, b"p"],
    "result": [5, []],
    "expires": [None, "x", "nan", [], b"\xff"],
    "leased_until": ["x", "nan", [], b"\xff"],
}


@pytest.mark.parametrize("wrong", [{name: one} for name, values in WRONG.items() for one in values], ids=str)
def test_a_record_with_a_value_of_another_type_cannot_be_read(wrong: dict[str, Any]) -> None:
    with pytest.raises(UnreadableRecord, match="under the key k cannot be read") as info:
        record_of("k", **{**VALUES, **wrong})
    assert info.value.key == "k"
