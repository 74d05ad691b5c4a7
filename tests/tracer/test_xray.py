"""Spans as X-Ray gets them: what is said about them, limits, errors, headers, and whatever may be wrong around them."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import time
import warnings
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import Logger, Tracer, handler
from lambda_kit.errors import ConfigurationError
from lambda_kit.testing import FakeXRayDaemon, invoke, make_context, reset
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_kit.testing import SpanNode

PREFIX = b'{"format":"json","version":1}\n'
LIMIT = 64_000  # bytes of a document, as AWS documents it
HEADER = "_X_AMZN_TRACE_ID"
ADDRESS = "AWS_XRAY_DAEMON_ADDRESS"
TRACE = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"


@pytest.fixture
def tracer(xray_daemon: FakeXRayDaemon) -> Tracer:
    return Tracer()


def only(daemon: FakeXRayDaemon) -> SpanNode:
    (node,) = daemon.tree()
    return node


# What is said about a span


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


ENDLESS: dict[str, Any] = {}
ENDLESS["self"] = ENDLESS
VALUES: list[Any] = [
    "text", "", "x" * 5_000, "größe 🙂", "\ud800", 1, -(10**30), 1.5, float("nan"), float("inf"), True, Decimal("1.50"),
    [1, [2]], {"a": {1: 2}}, {1, 2}, b"\xff\x00", object(), Unprintable(), ENDLESS, ValueError("x"), len,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_any_value_makes_a_document_that_x_ray_takes(tracer: Tracer, xray_daemon: FakeXRayDaemon, value: Any) -> None:
    with tracer.span("span") as span:
        span.annotate(value=value, plain="there")
        span.metadata(value=value, plain="there")
        span.aws(operation="Do", value=value)
        span.http(method="GET", url="https://example.com/a?secret=1#x", status=200, length=3)
    node = only(xray_daemon)
    assert node.annotations["plain"] == node.metadata["default"]["plain"] == "there"
    assert len(str(node.annotations["value"])) <= 1_000
    assert node.http == {
        "request": {"method": "GET", "url": "https://example.com/a"},
        "response": {"status": 200, "content_length": 3},
    }


def test_what_is_said_before_a_span_begins_or_after_it_ends_is_lost(
    tracer: Tracer, xray_daemon: FakeXRayDaemon
) -> None:
    span = tracer.span("span")
    for _ in range(2):
        span.annotate(a=1)
        span.metadata(a=1)
        span.http(status=500)
        span.aws(operation="Do")
        span.record_error(ValueError())
        span.end()
        assert not span.recording
        with span:
            pass  # the second time it stays ended
    node = only(xray_daemon)
    assert (node.annotations, node.metadata, node.http, node.aws, node.fault) == ({}, {}, {}, {}, False)


def test_a_later_value_replaces_an_earlier_one_and_none_is_left_out(
    tracer: Tracer, xray_daemon: FakeXRayDaemon
) -> None:
    none: Any = None
    with tracer.span("span") as span:
        span.annotate(a=1, b=none)
        span.annotate(a=2, **{"c d": 3})
        span.metadata(a=1)
        span.metadata(a=None)
        tracer.current().annotate(e=4)
    node = only(xray_daemon)
    assert (node.annotations, node.metadata) == ({"a": 2, "c_d": 3, "e": 4}, {"default": {"a": None}})


def test_there_are_at_most_fifty_annotations(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    with tracer.span("span") as span:
        span.annotate(**{f"key_{i}": i for i in range(80)})
    assert len(only(xray_daemon).annotations) == 50


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("card", "card"),
        ("## POST /orders?id=1", "## POST /ordersid=1"),
        ("a" * 300, "a" * 200),
        ("größe", "größe"),
        ("", "span"),
        ("🙂!?", "span"),
        (" a\n\tb  ", "a b"),
        ('"quoted\\"', "quoted\\"),
    ],
)
def test_names_are_made_to_fit(tracer: Tracer, xray_daemon: FakeXRayDaemon, given: str, kept: str) -> None:
    with tracer.span(given):
        pass
    assert (
        only(xray_daemon).name
        == (kept if not given.startswith("##") else "# POST /ordersid=1".replace("# ", "## ")).strip()
    )


@pytest.mark.parametrize(
    ("status", "flags"),
    [
        (None, (False, False, False)),
        (399, (False, False, False)),
        (404, (True, False, False)),
        (429, (True, False, True)),
        (503, (False, True, False)),
    ],
)
def test_the_status_of_an_answer_says_whose_fault_it_was(
    tracer: Tracer, xray_daemon: FakeXRayDaemon, status: int | None, flags: tuple[bool, bool, bool]
) -> None:
    with tracer.span("api", kind="remote") as span:
        span.http(status=status)
    node = only(xray_daemon)
    assert (node.namespace, (node.error, node.fault, node.throttle)) == ("remote", flags)


def test_secrets_are_hidden_wherever_they_stand(xray_daemon: FakeXRayDaemon) -> None:
    import pydantic

    tracer = Tracer(redact=("pin", "api_key"))
    with tracer.span("span") as span:
        span.annotate(pin="1234", order="o-1")
        span.metadata(card={"PIN": 1, "deep": [{"Api-Key": "s"}]}, token=pydantic.SecretStr("s3cret"))
        span.aws(operation="Do", api_key="s")
    node = only(xray_daemon)
    assert node.annotations == {"pin": "[redacted]", "order": "o-1"}
    assert node.metadata["default"]["card"] == {"PIN": "[redacted]", "deep": [{"Api-Key": "[redacted]"}]}
    assert node.aws == {"operation": "Do", "api_key": "[redacted]"}
    assert b"s3cret" not in xray_daemon.datagrams[0]


@given(
    st.lists(st.integers(0, 90_000), max_size=6),
    st.integers(0, 60),
    st.integers(0, 3_000),
    st.booleans(),
)
def test_no_document_is_larger_than_x_ray_takes_and_what_is_cut_says_so(
    sizes: list[int], annotations: int, many: int, failing: bool
) -> None:
    with FakeXRayDaemon() as daemon, pytest.MonkeyPatch.context() as patch:
        for name, text in daemon.environ.items():
            patch.setenv(name, text)
        reset()
        with pytest.raises(ValueError, match="x") if failing else warnings.catch_warnings(), Tracer().span("s") as span:
            span.annotate(**{f"a{i}": "ü" * 2_000 for i in range(annotations)})
            span.metadata(**{f"m{i}": "é" * size for i, size in enumerate(sizes)}, **{f"n{i}": i for i in range(many)})
            if failing:
                raise ValueError("x" * 100_000)
        (node,) = daemon.tree()
        (datagram,) = daemon.datagrams
    assert len(datagram) <= len(PREFIX) + LIMIT
    assert node.fault is failing
    kept = node.metadata.get("default", {})
    for i, size in enumerate(sizes):
        value: Any = kept.get(f"m{i}")
        assert value is None or value == "é" * size or value.startswith("[cut: ")
    if len(datagram) < 60_000 and not kept.get("[cut]"):
        assert all(kept[f"n{i}"] == i for i in range(many))


# Errors


def chained() -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise ValueError("middle") from error
    except ValueError:
        raise RuntimeError("outer")  # noqa: B904  # the context is what is tested


def suppressed() -> None:
    try:
        raise KeyError("hidden")
    except KeyError:
        raise RuntimeError("outer") from None


def grouped() -> None:
    raise ExceptionGroup("several", [ValueError("first"), KeyError("second")])


def circular() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    raise one


def unprintable() -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    raise Odd


@pytest.mark.parametrize(
    ("fail", "types"),
    [
        (chained, ["RuntimeError", "ValueError", "KeyError"]),
        (suppressed, ["RuntimeError"]),
        (grouped, ["ExceptionGroup", "ValueError", "KeyError"]),
        (circular, ["ValueError", "ValueError"]),
        (unprintable, [f"{__name__}.unprintable.<locals>.Odd"]),
    ],
)
def test_an_exception_is_followed_by_what_has_caused_it(
    tracer: Tracer, xray_daemon: FakeXRayDaemon, fail: Any, types: list[str]
) -> None:
    with pytest.raises(Exception), tracer.span("span"):  # noqa: B017, PT011
        fail()
    node = only(xray_daemon)
    assert [one.type for one in node.exceptions] == types
    path, line, label = node.exceptions[0].stack[0]
    assert (path, label) == (__file__, fail.__name__)
    assert line > 0


def test_all_members_of_an_exception_group_are_kept_with_their_causes(
    tracer: Tracer, xray_daemon: FakeXRayDaemon
) -> None:
    caused = ValueError("caused")
    caused.__cause__ = KeyError("cause")
    inner = ExceptionGroup("inner", [TypeError("a"), OSError("b")])
    with pytest.raises(ExceptionGroup), tracer.span("span"):
        raise ExceptionGroup("outer", [caused, inner])
    messages = [(one.type, one.message.split(" (")[0]) for one in only(xray_daemon).exceptions]
    assert messages == [
        ("ExceptionGroup", "outer"), ("ValueError", "caused"), ("KeyError", "'cause'"),
        ("ExceptionGroup", "inner"), ("TypeError", "a"), ("OSError", "b"),
    ]  # fmt: skip


def test_of_a_large_group_sixteen_exceptions_are_kept(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    with pytest.raises(ExceptionGroup), tracer.span("span"):
        raise ExceptionGroup("many", [ValueError(str(number)) for number in range(100)])
    assert [one.message for one in only(xray_daemon).exceptions][1:] == [str(number) for number in range(15)]


def test_the_stack_begins_with_a_frame_of_the_user(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    @tracer
    def charge() -> None:
        raise ValueError("declined")

    @handler(tracer)
    def place(event: object, context: object) -> None:
        charge()

    with pytest.raises(ValueError, match="declined"):
        place({}, None)
    root = only(xray_daemon)
    (error,) = root.find("charge").exceptions
    assert [path for path, _, _ in error.stack] == [__file__]
    sent: list[Any] = [one["cause"] for one in xray_daemon.documents]
    assert isinstance(sent[1], str)  # the outer span refers to the exception of the inner one


def test_of_a_deep_recursion_the_frames_next_to_the_error_are_kept(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    def dig(depth: int) -> None:
        if depth == 0:
            raise ValueError("deep")
        dig(depth - 1)

    with pytest.raises(ValueError, match="deep"), tracer.span("span"):
        dig(200)
    (error,) = only(xray_daemon).exceptions
    assert len(error.stack) == 30
    assert error.stack[0][2].endswith("dig")
    cause: Any = xray_daemon.documents[0]["cause"]
    assert cause["exceptions"][0]["truncated"] == 172


def test_an_error_that_was_caught_can_be_told_and_several_are_kept(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    first, second = ValueError("first"), KeyError("second")
    with tracer.span("span") as span:
        span.record_error(first)
        span.record_error(second)
        span.record_error(first)
    node = only(xray_daemon)
    assert (node.fault, [one.type for one in node.exceptions]) == (True, ["ValueError", "KeyError"])


def test_locals_are_never_told(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    def fail(password: str) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), tracer.span("span"):
        fail("s3cret")
    assert b"s3cret" not in xray_daemon.datagrams[0]


# The header


def header(sampled: str = "1", **more: str) -> str:
    return ";".join([f"Root={TRACE}", f"Parent={PARENT}", f"Sampled={sampled}", *(f"{k}={v}" for k, v in more.items())])


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "x", ";;;", "Root=", f"Root={TRACE}", f"Root={TRACE};Parent={PARENT}", f"Root={TRACE};Sampled=1",
        header("?"), header(""), header("2"), header().replace("1-5", "2-5"), header().replace("-", "_"),
        header().replace(PARENT, "zz" * 8), header().replace(PARENT, "ab" * 7), header().replace("Root", "root"),
        header().replace(TRACE[-4:], " abc"), header().replace(TRACE[-4:], "٣٣٣٣"), "\x00" * 100,
    ],
)  # fmt: skip
def test_a_header_that_is_malformed_is_as_none(
    tracer: Tracer, xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, HEADER: text})  # putenv would not take all of them
    with tracer.span("span") as span:
        assert not span.recording
    assert (tracer.headers(), xray_daemon.datagrams) == ({}, [])


@pytest.mark.parametrize(
    "text",
    [
        header(),
        header(Lineage="a:1|b:2"),
        header(Lineage="25:a87bd80c:1", Other="x"),
        f"Self=1-1-1;Sampled=1; Parent={PARENT} ;Root={TRACE}",
        f"Root={TRACE.upper().replace('X', 'x')};Parent={PARENT.upper()};Sampled=1",
    ],
)
def test_a_header_in_any_order_is_read_and_what_else_it_has_goes_on(
    xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv(HEADER, text)
    tracer = Tracer()
    outside = tracer.headers()["X-Amzn-Trace-Id"]
    with tracer.span("span"):
        inside = tracer.headers()["X-Amzn-Trace-Id"]
    fields = dict(part.strip().split("=", 1) for part in text.split(";"))
    assert (fields["Root"].lower(), fields["Parent"].lower()) == (TRACE, PARENT)
    (node,) = xray_daemon.tree(fields["Root"])
    assert inside == outside.replace(fields["Parent"], node.id)
    assert ("Lineage" in inside, "Self" in inside) == ("Lineage" in text, False)


def test_headers_of_an_invocation_that_is_not_sampled_pass_the_decision_on(
    xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HEADER, header("0"))
    tracer = Tracer(w3c=True)
    with tracer.span("span") as span:
        assert not span.recording
        trace = TRACE[2:].replace("-", "")
        assert tracer.headers() == {"X-Amzn-Trace-Id": header("0"), "traceparent": f"00-{trace}-{PARENT}-00"}
    assert xray_daemon.datagrams == []


def test_nothing_is_opened_for_an_invocation_that_is_not_sampled(
    xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []

    def note(*args: object) -> None:
        opened.append(args)

    monkeypatch.setattr("_socket.socket", note)
    monkeypatch.setenv(HEADER, xray_daemon.next_invocation(sampled=False))
    tracer = Tracer()

    @handler(tracer)
    def place(event: object, context: object) -> None:
        with tracer.span("card"):
            pass

    place({}, make_context())
    assert opened == []
    assert xray_daemon.datagrams == []


W3C = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_callers_w3c_context_is_kept_and_passed_on_where_it_is_asked_for(xray_daemon: FakeXRayDaemon) -> None:
    found: list[dict[str, str]] = []
    event = {"headers": {"Traceparent": W3C, "tracestate": "a=b", "other": "x"}}
    for w3c in (True, False):
        tracer = Tracer(w3c=w3c)

        @handler(tracer)
        def place(event: object, context: object, tracer: Tracer = tracer) -> None:
            found.append(tracer.headers())

        place(event, make_context())
    with_w3c, without = xray_daemon.tree()
    assert with_w3c.metadata == {"default": {"traceparent": W3C, "tracestate": "a=b"}}
    assert without.metadata == {}
    trace = xray_daemon.trace_id[2:].replace("-", "")
    assert found[0]["traceparent"] == f"00-{trace}-{with_w3c.id}-01"
    assert (found[0]["tracestate"], set(found[1])) == ("a=b", {"X-Amzn-Trace-Id"})


# Where it goes


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        ({}, "NoTracing"),
        ({ADDRESS: "127.0.0.1:2000"}, "XRay"),
        ({ADDRESS: "127.0.0.1:2000", "POWERTOOLS_TRACE_DISABLED": "true"}, "NoTracing"),
        ({ADDRESS: "127.0.0.1:2000", "POWERTOOLS_TRACE_DISABLED": "false"}, "XRay"),
        ({ADDRESS: "127.0.0.1:2000", "AWS_XRAY_SDK_ENABLED": "false"}, "NoTracing"),
        ({ADDRESS: "127.0.0.1:2000", "LAMBDA_KIT_TRACER": "none"}, "NoTracing"),
        ({"LAMBDA_KIT_TRACER": "xray"}, "XRay"),
        ({"LAMBDA_KIT_TRACER": "xray", "AWS_XRAY_SDK_ENABLED": "false"}, "XRay"),
        ({"LAMBDA_KIT_TRACER": "otel"}, "OpenTelemetry"),
        ({"LAMBDA_KIT_TRACER": "auto"}, "NoTracing"),
    ],
)
def test_the_environment_decides_where_spans_go(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], kind: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert type(Tracer()._options.backend()).__name__ == kind
    assert type(Tracer(backend="none")._options.backend()).__name__ == "NoTracing"


def test_settings_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong: Any = Tracer
    with pytest.raises(ConfigurationError, match=r"backend='xrai'.*did you mean 'xray'"):
        wrong(backend="xrai")
    with pytest.raises(ConfigurationError, match="pass names of fields"):
        wrong(redact="pin")
    with pytest.raises(ConfigurationError, match=r"kind='awss'\): pass local, aws or remote; did you mean 'aws'"):
        wrong().span("a", kind="awss")
    reset()
    monkeypatch.setenv("LAMBDA_KIT_TRACER", "open-telemetry")
    with pytest.raises(ConfigurationError, match="LAMBDA_KIT_TRACER is 'open-telemetry'; set it to auto, xray"):
        Tracer()


@pytest.mark.parametrize(
    "form", ["127.0.0.1:{}", "tcp:127.0.0.1:1 udp:127.0.0.1:{}", "udp:127.0.0.1:{} tcp:127.0.0.1:1", "localhost:{}"]
)
def test_the_address_of_the_daemon_has_several_forms(
    xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv(ADDRESS, form.format(xray_daemon.port))
    with Tracer().span("span"):
        pass
    assert only(xray_daemon).name == "span"


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_the_daemon_may_listen_on_ipv6(xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as listening:
        listening.bind(("::1", 0))
        listening.settimeout(PATIENCE)
        monkeypatch.setenv(ADDRESS, f"[::1]:{listening.getsockname()[1]}")
        with Tracer().span("span"):
            pass
        assert json.loads(listening.recv(65_536).split(b"\n")[1])["name"] == "span"


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999", ":2000", "tcp:a:1"])
def test_an_address_that_cannot_be_is_told_and_nothing_is_traced(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    monkeypatch.setenv(ADDRESS, address)
    monkeypatch.setenv(HEADER, header())
    with Tracer().span("span") as span:
        assert not span.recording
    if address != "tcp:a:1":
        assert f"the tracer records nothing: {ADDRESS}={address!r} is not host:port" in caplog.text


def test_a_daemon_that_cannot_be_reached_is_told_once_and_disturbs_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(ADDRESS, "no-such-host.invalid:2000")
    monkeypatch.setenv(HEADER, header())
    tracer = Tracer()
    for _ in range(3):
        with tracer.span("span") as span:
            assert span.recording
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.getMessage().startswith("spans cannot be sent to the X-Ray daemon at no-such-host.invalid:2000: ")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_child_traces_too(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    with tracer.span("parent"), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the daemon's thread is not needed there
        child = os.fork()
        if child == 0:
            with tracer.span("child"):
                pass
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    assert only(xray_daemon).names() == ("parent", "child")


def test_log_lines_have_the_id_of_the_trace(xray_daemon: FakeXRayDaemon) -> None:
    log, tracer = Logger(service="shop"), Tracer()

    @handler(log, tracer)
    def place(event: object, context: object) -> None:
        with tracer.span("card"):
            log.info("placing")

    (line,) = invoke(place).logs
    assert line["xrayTraceId"] == only(xray_daemon).trace_id == xray_daemon.trace_id


PROBE = """
import sys
before = set(sys.modules)
from lambda_kit import Tracer, handler
tracer = Tracer()

@handler(tracer)
def place(event, context):
    with tracer.span("card") as span:
        span.annotate(a=1)
    return tracer.headers()

assert place({}, None) == {}
heavy = {"socket", "_socket", "ssl", "asyncio", "logging", "inspect", "datetime", "aws_xray_sdk", "opentelemetry"}
print(sorted(heavy & (set(sys.modules) - before)))
"""


def test_outside_of_lambda_a_tracer_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROBE],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


# What is left behind


def test_nothing_is_kept_from_one_invocation_to_the_next(
    xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracer = Tracer()
    left: list[Any] = []

    def half_consumed() -> Iterator[int]:
        with tracer.span("never left"):
            yield 1
            yield 2

    @handler(tracer)
    def place(event: int, context: object) -> None:
        assert tracer.current().recording
        if event == 1:
            span = tracer.span("never ended")
            span.__enter__()
            running = tracer(half_consumed)()
            next(running)
            left.extend([span, running])
        with tracer.span(f"card {event}"):
            pass

    for number in (1, 2):
        monkeypatch.setenv(HEADER, xray_daemon.next_invocation())
        place(number, make_context())
        assert not tracer.current().recording
    first, second = xray_daemon.tree()
    assert first.names() == ("place", ("never ended", "card 1"))
    assert second.names() == ("place", "card 2")
    span, running = left
    assert not span.recording
    running.close()
    assert not tracer.current().recording
    first, second = xray_daemon.tree()
    assert first.names() == ("place", ("never ended", ("half_consumed", "never left"), "card 1"))
    assert second.names() == ("place", "card 2")


def test_times_are_those_of_the_clock(tracer: Tracer, xray_daemon: FakeXRayDaemon) -> None:
    before = time.time()
    with tracer.span("span"):
        pass
    node = only(xray_daemon)
    assert node.end is not None
    assert before - 0.001 <= node.start <= node.end <= time.time() + 0.001
