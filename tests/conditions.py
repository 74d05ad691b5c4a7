"""Marks of tests that need something that is not there on every machine or Python."""

from __future__ import annotations

import sys

import pytest

_imports_are_lazy = getattr(sys, "get_lazy_imports", lambda: "normal")() == "all"

budget_of_eager_imports = pytest.mark.skipif(_imports_are_lazy, reason="lazy imports load other modules at other times")
needs_eager_opentelemetry = pytest.mark.skipif(
    _imports_are_lazy, reason="the protobuf modules of OpenTelemetry do not load lazily"
)
