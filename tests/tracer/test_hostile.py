"""Nothing that is said about a span raises, on any backend: the result or the exception of the user is unchanged."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import Sampler

import lambda_kit.testing
from lambda_kit import Tracer, handler
from lambda_kit.testing import FakeXRayDaemon
from tests.effort import skip_in_the_middle
from tests.tracer.otel import Recorded, installed
from tests.tracer.sdk import recording

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

skip_in_the_middle()


@contextlib.contextmanager
def backend(name: str) -> Generator[Tracer]:
    """A tracer with this backend, in a sampled invocation."""
    lambda_kit.testing.reset()
    with FakeXRayDaemon() as daemon, pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        for variable, value in daemon.environ.items():
            patch.setenv(variable, value)
        if name == "xray-sdk":
            stack.enter_context(recording(daemon.port))
        if name == "otel":
            stack.enter_context(installed(Recorded().provider))
        chosen: Any = name
        yield Tracer(backend=chosen)
        daemon.tree()


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class Liar:
    """Claims to be text, and fails at everything that is asked of it."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        raise RuntimeError("no class")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    def __hash__(self) -> int:
        raise RuntimeError("no hash")

    def __bool__(self) -> bool:
        raise RuntimeError("no truth")

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


class OddText(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def partition(self, *args: Any) -> Any:
        raise RuntimeError("no parts")

    def encode(self, encoding: str = "", errors: str = "") -> bytes:
        raise RuntimeError("no bytes")


class OddMeta(type):
    def __getattribute__(cls, name: str) -> Any:
        if name in ("__qualname__", "__name__", "__module__"):
            raise RuntimeError("no name")
        return super().__getattribute__(name)


class Nameless(Exception, metaclass=OddMeta):
    pass


class Members(Exception):
    def __init__(self, members: Any) -> None:
        super().__init__("members")
        self.exceptions = members


class BrokenMembers(Exception):
    @property
    def exceptions(self) -> Any:
        raise RuntimeError("no members")


class BrokenChain(Exception):
    @property
    def __cause__(self) -> Any:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        raise RuntimeError("no cause")

    @property
    def __traceback__(self) -> Any:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        raise RuntimeError("no traceback")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


class Frozen(Exception):
    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class WrongText(Exception):
    def __str__(self) -> Any:
        wrong: Any = 5
        return wrong


def deep() -> Exception:
    error = ValueError("0")
    for number in range(200):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following
    return error


def circular() -> Exception:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    return one


def nested_group() -> Exception:
    return ExceptionGroup(
        "outer", [ExceptionGroup("inner", [Silent(), deep()]), *map(ValueError, "abcdefghijklmnopqrst")]
    )


ERRORS: list[Callable[[], Exception]] = [
    lambda: Members(()),
    lambda: Members(("text",)),
    lambda: Members((ValueError(),)),
    lambda: Members([ValueError()]),
    lambda: Members(5),
    BrokenMembers,
    BrokenChain,
    Frozen,
    Silent,
    WrongText,
    Nameless,
    deep,
    circular,
    nested_group,
    lambda: ValueError("\ud800", b"\xff", Unprintable()),
    lambda: ValueError("x" * 1_000_000),
    lambda: OSError(2, "missing", OddText("file")),
]
VALUES: list[Any] = [
    None, True, 0, -1, 10**400, 10**5000, float("nan"), float("inf"), "", "text", "\ud800", "x" * 100_000, b"\xff", (),
    [], {}, {1: 2}, {"a": Unprintable()}, object(), Unprintable(), Liar(), OddText("odd"), Nameless, OddMeta,
    ValueError("x"), len, Ellipsis, "404", "https://user:pass@host/a?b#c", 404, 500.5,
]  # fmt: skip


class Drawn:
    """A value that hypothesis can show: it asks some of these for their `repr`, which fails."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        numbers = [number for number, one in enumerate(VALUES) if one is self.value]
        return f"VALUES[{numbers[0]}]" if numbers else repr(self.value)


def plain_values() -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    )


values = st.integers(0, len(VALUES) - 1).map(lambda number: Drawn(VALUES[number])) | plain_values().map(Drawn)


def say(span: Any, said: list[tuple[str, Any, Any]]) -> None:
    for what, one, other in said:
        if what == "annotate":
            span.annotate(a=one, key=other)
        elif what == "metadata":
            span.metadata(**{"a": one, "": other})
        elif what == "error":
            span.record_error(one)
        elif what == "http":
            span.http(method=one, url=other, status=other, length=one)
        else:
            span.aws(operation=one, region=other, queue_url=one, table_names=other, made_up=one)


statements = st.lists(
    st.tuples(st.sampled_from(["annotate", "metadata", "error", "http", "aws"]), values, values), max_size=4
)


@pytest.mark.parametrize("name", ["xray", "xray-sdk", "otel", "none"])
@given(
    title=values,
    kind=st.sampled_from(["local", "aws", "remote"]),
    said=statements,
    error=st.sampled_from([None, *ERRORS]),
)
def test_the_result_or_exception_is_that_of_the_user_whatever_is_said(
    name: str, title: Drawn, kind: Any, said: list[tuple[str, Drawn, Drawn]], error: Callable[[], Exception] | None
) -> None:
    raised = None if error is None else error()
    result = object()
    with backend(name) as tracer:

        @tracer.span(title.value, kind=kind, capture_response=True)
        def call() -> object:
            with tracer.span(title.value, kind=kind) as span:
                say(span, [(what, one.value, other.value) for what, one, other in said])
                if raised is not None:
                    raise raised
                return result

        if raised is None:
            assert call() is result
        else:
            with pytest.raises(BaseException) as caught:  # noqa: PT011
                call()
            assert caught.value is raised
        assert not tracer.current().recording


@pytest.mark.parametrize("name", ["xray", "xray-sdk"])
@pytest.mark.parametrize("errors", [1, 2, 30])
@pytest.mark.parametrize("metadata", ["x" * 100_000, "x" * 62_000, [0] * 40_000], ids=["long", "nearly", "many"])
def test_an_exception_that_spans_around_refer_to_is_kept_when_a_document_is_cut(
    name: str, errors: int, metadata: Any
) -> None:
    error = ValueError("x" * 4_000)
    error.__cause__ = KeyError("y" * 4_000)
    with backend(name) as tracer, contextlib.suppress(ValueError), tracer.span("outer"), tracer.span("inner") as span:
        span.metadata(large=metadata)
        for number in range(errors):
            span.record_error(OSError(f"{number} {'z' * 3_000}"))
        raise error


@pytest.mark.parametrize("name", ["xray", "xray-sdk", "otel", "none"])
@pytest.mark.parametrize("value", range(len(VALUES)))
def test_a_value_of_any_type_can_be_said_in_any_place(name: str, value: int) -> None:
    one = VALUES[value]
    with backend(name) as tracer:
        with tracer.span(one) as span:
            say(span, [(what, one, one) for what in ("annotate", "metadata", "error", "http", "aws")])
        assert isinstance(tracer.headers(), dict)


class BrokenContext:
    """A Lambda context, or a context of the X-Ray SDK, that fails at whatever it is asked."""

    def __getattr__(self, name: str) -> Any:
        def fail(*args: Any, **kwargs: Any) -> Any:
            raise RuntimeError(name)

        return fail


@pytest.mark.parametrize("name", ["xray", "xray-sdk", "otel"])
def test_a_context_that_fails_is_no_reason_for_the_tracer_to_fail(name: str) -> None:
    with backend(name):
        chosen: Any = name
        tracer = Tracer(backend=chosen, w3c=True)

        @handler(tracer)
        def place(event: Any, context: Any) -> dict[str, str]:
            return tracer.headers()

        assert "X-Amzn-Trace-Id" in place({"headers": {"traceparent": Liar(), "a": 5}}, BrokenContext())


def test_a_context_of_the_x_ray_sdk_that_fails_is_no_reason_for_the_tracer_to_fail() -> None:
    with FakeXRayDaemon() as daemon, recording(daemon.port, BrokenContext()):
        tracer = Tracer(backend="xray-sdk")
        with tracer.span("span") as span:
            span.annotate(a=1)
        assert tracer.headers() == {}


class BrokenSampler(Sampler):
    def should_sample(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("no sampling")

    def get_description(self) -> str:
        return "broken"


class BrokenProcessor(SpanProcessor):
    def on_start(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no start")

    def on_end(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no end")


@pytest.mark.parametrize("broken", ["sampler", "processor"])
def test_a_sampler_and_a_processor_of_opentelemetry_that_fail_change_no_result(broken: str) -> None:
    provider = TracerProvider(sampler=BrokenSampler() if broken == "sampler" else None, shutdown_on_exit=False)
    if broken == "processor":
        provider.add_span_processor(BrokenProcessor())
    with installed(provider):
        tracer = Tracer(backend="otel")

        @tracer
        def call() -> str:
            with tracer.span("span"):
                return "done"

        assert call() == "done"
        assert not tracer.current().recording
