"""How deep conditions and segments may stand in one another, and what they may add up to."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_kit.errors import FlagSchemaError
from lambda_kit.flags._schema import compile_flags


def nested(kind: str, depth: int) -> dict[str, Any]:
    condition: dict[str, Any] = {"action": "EQUALS", "key": "a", "value": 1}
    for _ in range(depth):
        condition = {kind: [condition]}
    return {"f": {"default": False, "rules": {"r": {"when_match": True, "conditions": [condition]}}}}


@pytest.mark.parametrize("kind", ["any", "all"])
def test_groups_stand_sixteen_deep_at_the_most(kind: str) -> None:
    assert compile_flags(nested(kind, 15))["f"].decide({"a": 1}, lambda: 0.0).value is True
    for depth in (16, 20, 500):
        with pytest.raises(FlagSchemaError, match="nested more than 16 deep"):
            compile_flags(nested(kind, depth))


def chain(length: int, *, twice: bool) -> dict[str, Any]:
    """Segments of which each uses the one before."""
    document = nested("any", 0)
    segments: dict[str, Any] = {"s0": {"conditions": document["f"]["rules"]["r"]["conditions"]}}
    for i in range(1, length):
        one = {"segment": f"s{i - 1}"}
        segments[f"s{i}"] = {"conditions": [one, one] if twice else [one]}
    document["f"]["rules"]["r"]["conditions"] = [{"segment": f"s{length - 1}"}]
    return {"$segments": segments, **document}


def test_segments_within_segments_count() -> None:
    assert compile_flags(chain(10, twice=True))["f"].decide({"a": 1}, lambda: 0.0).value is True
    with pytest.raises(FlagSchemaError, match="there are 1024 conditions, with segments; 1000 are allowed"):
        compile_flags(chain(11, twice=True))
    with pytest.raises(FlagSchemaError, match="nested more than 16 deep, with segments"):
        compile_flags(chain(17, twice=False))
    for twice in (True, False):
        with pytest.raises(FlagSchemaError) as info:
            compile_flags(chain(400, twice=twice))
        assert len(info.value.problems) == 50 or len(info.value.problems) == 1
