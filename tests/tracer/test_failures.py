"""What spans tell of exceptions: no passwords, on any backend, and never nothing because there is too much."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import Tracer
from lambda_kit.testing import FakeXRayDaemon, reset
from tests.tracer.otel import Recorded, installed
from tests.tracer.sdk import recording

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 64_000  # bytes of a document, as AWS documents it


def sent(name: Any, fail: Callable[[], object]) -> str:
    """Return what a backend sends of a span in which a function fails, and of the span around it."""
    reset()
    recorded = Recorded()
    with FakeXRayDaemon() as daemon, pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        for variable, value in daemon.environ.items():
            patch.setenv(variable, value)
        if name == "xray-sdk":
            stack.enter_context(recording(daemon.port))
        if name == "otel":
            stack.enter_context(installed(recorded.provider))
        tracer = Tracer(backend=name)
        with contextlib.suppress(Exception), tracer.span("outer"), tracer.span("inner"):
            fail()
        if name != "otel":
            daemon.tree()
            return b"\n".join(daemon.datagrams).decode()
    return "\n".join(span.to_json() for span in recorded.spans)


def unreachable() -> None:
    try:
        raise OSError("redis://:hid hidden@db:6379/0")
    except OSError as error:
        group = ExceptionGroup("Pwd=hidden;", [ValueError("{'token': 'hidden'}")])
        group.add_note("password=hidden")
        raise group from error


@pytest.mark.parametrize("name", ["xray", "xray-sdk", "otel"])
def test_no_backend_sends_a_password_of_an_exception_its_causes_or_its_members(name: str) -> None:
    text = sent(name, unreachable)
    assert "hidden" not in text
    assert "Pwd=[redacted]" in text
    assert "redis://db:6379/0" in text


@given(
    st.integers(1, 40),
    st.sampled_from(["я" * 9_000, "\x01" * 9_000, "\ud800" * 9_000, "x" * 9_000, "short"]),
    st.sampled_from([0, 20_000, 70_000]),
    st.sampled_from([0, 30]),
)
def test_exceptions_of_any_number_and_size_are_sent_within_the_limit(
    count: int, message: str, metadata: int, annotations: int
) -> None:
    reset()
    Odd: Any = type("\x02" * 400, (Exception,), {})
    error: Any = ExceptionGroup("all", [*(Odd(message) for _ in range(count)), *map(ValueError, "ab")])
    with FakeXRayDaemon() as daemon, pytest.MonkeyPatch.context() as patch:
        for name, value in daemon.environ.items():
            patch.setenv(name, value)
        with contextlib.suppress(ExceptionGroup), Tracer().span("span") as span:
            span.metadata(**{f"m{i}": "é" * metadata for i in range(3)})
            span.annotate(**{f"a{i}": "ü" * 900 for i in range(annotations)})
            raise error
        (node,) = daemon.tree()
        (datagram,) = daemon.datagrams
    assert len(datagram) <= LIMIT + 30
    assert [one.type for one in node.exceptions][:1] == ["ExceptionGroup"]
    assert len(node.exceptions) == min(count + 3, 16)
