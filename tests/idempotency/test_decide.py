"""The state machine, against the rules as they are written down."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.idempotency import Claim, Record, decide

NOW = 1_000_000.0
times = st.none() | st.floats(NOW - 100, NOW + 100)
owners = st.none() | st.sampled_from(["mine", "other"])
payloads = st.none() | st.sampled_from(["", "p", "q"])


@given(st.sampled_from(["INPROGRESS", "COMPLETED"]), owners, st.floats(NOW - 100, NOW + 100), times, payloads, payloads)
def test_every_record_leads_to_what_the_rules_say(
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


def test_without_a_record_the_call_runs() -> None:
    assert decide(None, Claim("k", "mine", now=NOW, lease=1.0, ttl=1.0, payload=None)) == "run"


@given(st.floats(0.001, 1e6), st.floats(0.001, 1e6))
def test_a_claim_never_expires_before_its_lease_ends(lease: float, ttl: float) -> None:
    claim = Claim("k", "mine", now=NOW, lease=lease, ttl=ttl, payload=None)
    assert claim.expires >= claim.leased_until
    assert claim.expires >= NOW + ttl
    assert claim.expires == int(claim.expires)
