from __future__ import annotations

import pytest

from lambda_kit.metrics import Metrics


@pytest.fixture
def metrics() -> Metrics:
    """Metrics without a service, whose only dimension set is empty."""
    return Metrics("Shop")
