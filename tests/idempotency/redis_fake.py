"""A fake of Redis that runs Lua."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import fakeredis
import pytest


def fake_redis(**options: Any) -> fakeredis.FakeRedis:
    """Return a client of a fake server; skip the test where the Lua of fakeredis has no wheel for this Python."""
    if find_spec("lupa") is None:
        pytest.skip("fakeredis needs lupa, which has no wheel for this Python")
    return fakeredis.FakeRedis(**options)
