"""What all tests share: a clean environment, and hypothesis profiles."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

_PREFIXES = ("AWS_", "_AWS_", "LAMBDA_", "_LAMBDA_", "_X_AMZN_", "POWERTOOLS_")
_OURS = ("LAMBDA_KIT_RIE",)

# `HYPOTHESIS_PROFILE=thorough make test` looks longer; `ci` is the default, and never fails for a slow machine.
settings.register_profile("ci", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("ci"), max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of the machine that it runs on."""
    for name in list(os.environ):
        if name.startswith(_PREFIXES) and name not in _OURS:
            monkeypatch.delenv(name)
