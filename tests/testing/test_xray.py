"""The X-Ray daemon for tests gives back the trees that were sent to it, and finds what does not fit together."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.errors import ConfigurationError
from lambda_kit.testing import FakeXRayDaemon, SpanNode
from tests.effort import skip_in_the_middle
from tests.patience import PATIENCE
from tests.testing.xray_sender import Sender, new_id, running, span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

skip_in_the_middle()


def test_independent_and_embedded_spans_look_the_same(daemon: FakeXRayDaemon, sender: Sender) -> None:
    parent = sender.document("handler")
    inherited = {"type": "subsegment", "trace_id": daemon.trace_id, "parent_id": parent["id"]}
    embedded = span("embedded", fault=True, start_time=3.0, end_time=4.0, namespace="local")
    likewise = {**span("likewise", start_time=1.0), **inherited}
    sender.send(sender.document("alone", parent_id=parent["id"], fault=True, start_time=2.0, end_time=3.0))
    sender.send({**parent, "subsegments": [embedded, likewise]})
    [root] = daemon.tree()
    assert root.names() == ("handler", "likewise", "alone", "embedded")
    for name in ("alone", "embedded"):
        node = root.find(name)
        assert (node.parent_id, node.trace_id, node.fault, node.namespace) == (root.id, daemon.trace_id, True, None)
        assert (node.annotations, node.metadata, node.http, node.aws, node.exceptions) == ({}, {}, {}, {}, [])


def test_a_complete_document_replaces_the_one_in_progress_and_all_inside_of_it(
    daemon: FakeXRayDaemon, sender: Sender
) -> None:
    running = sender.document("running", end_time=None, in_progress=True)
    kept, gone = span("kept"), span("gone", subsegments=[span("also gone")])
    sender.send({**running, "subsegments": [kept, gone]})
    [root] = daemon.tree()
    assert root.names() == ("running", "kept", ("gone", "also gone"))
    complete = sender.document("done", id=running["id"], subsegments=[kept])
    sender.send(complete)
    [root] = daemon.tree()
    assert root.names() == ("done", "kept")
    assert root.end == complete["end_time"]


def again(**members: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: {key: value for key, value in {**document, **members}.items() if value is not None}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (again(), again()),
        (again(), again(name="another")),
        (again(), again(end_time=None, in_progress=True)),
        (again(end_time=None, in_progress=True), again(end_time=None, in_progress=True)),
        (again(end_time=None, in_progress=True), again(start_time=1_700_000_000.3)),
        (again(end_time=None, in_progress=True), again(subsegments=[span("inner", id="00000000000000aa")])),
    ],
    ids=["the same", "another name", "in progress after", "in progress twice", "another start", "an inner span"],
)
def test_an_id_belongs_to_one_span(
    daemon: FakeXRayDaemon, sender: Sender, first: Callable[..., dict[str, Any]], second: Callable[..., dict[str, Any]]
) -> None:
    document = sender.document(id="00000000000000aa")
    sender.send(first(document), second(document))
    assert any("datagrams[1]" in one and "has the same id 00000000000000aa" in one for one in daemon.problems)


def test_the_id_of_the_functions_own_segment_is_taken(daemon: FakeXRayDaemon, sender: Sender) -> None:
    sender.send(sender.document(id=sender.segment, parent_id=new_id()))
    assert f"its id {sender.segment} is the id of the function's own segment" in daemon.problems[0]


def test_a_span_whose_parent_never_comes_is_a_problem_until_it_does(daemon: FakeXRayDaemon, sender: Sender) -> None:
    parent = sender.document("parent")
    sender.send(sender.document("child", parent_id=parent["id"]))
    assert daemon.problems == [
        f"datagrams[0] ('child'): its parent {parent['id']} is neither a span of the trace nor the function's segment"
    ]
    sender.send(parent)
    assert [root.names() for root in daemon.tree()] == [("parent", "child")]


def test_parents_that_go_round_in_a_circle_are_a_problem(daemon: FakeXRayDaemon, sender: Sender) -> None:
    one, two = sender.document("one"), sender.document("two")
    sender.send({**one, "parent_id": two["id"]}, {**two, "parent_id": one["id"]})
    assert daemon.problems == [
        f"datagrams[{number}] ({name!r}): its parents form a circle" for number, name in enumerate(("one", "two"))
    ]


def test_what_one_document_names_is_not_missed_while_another_cannot_be_read(
    daemon: FakeXRayDaemon, sender: Sender
) -> None:
    parent = sender.document("parent", fault=1)
    sender.send(parent, sender.document("child", parent_id=parent["id"], cause=new_id()))
    assert daemon.problems == ["datagrams[0] ('parent'): fault is a number; it must be a boolean"]


def test_traces_are_kept_apart(daemon: FakeXRayDaemon, sender: Sender) -> None:
    first = sender.document("first", start_time=2.0)
    first_trace = daemon.trace_id
    header = daemon.next_invocation()
    assert header == daemon.environ["_X_AMZN_TRACE_ID"] == f"Root={daemon.trace_id};Parent={sender.segment};Sampled=1"
    assert daemon.trace_id != first_trace
    second = sender.document("second", id=first["id"], start_time=1.0)
    sender.send(first, second, sender.document("inner", parent_id=second["id"]))
    assert [node.names() for node in daemon.tree()] == [("second", "inner"), "first"]
    assert [node.names() for node in daemon.tree(first_trace)] == ["first"]
    assert [node.names() for node in daemon.tree(daemon.trace_id)] == [("second", "inner")]
    daemon.next_invocation()
    assert daemon.tree(daemon.trace_id) == []
    with pytest.raises(ConfigurationError, match="there is no such trace; did you mean '1-"):
        daemon.tree(first_trace[:-1])


def test_of_a_trace_that_is_not_sampled_nothing_may_come(daemon: FakeXRayDaemon, sender: Sender) -> None:
    assert daemon.next_invocation(sampled=False).endswith(";Sampled=0")
    assert FakeXRayDaemon(sampled=False).environ["_X_AMZN_TRACE_ID"].endswith(";Sampled=0")
    sender.send(sender.document(subsegments=[span("inner")]))
    assert daemon.problems == [
        f"datagrams[0] ('charge'): its trace {daemon.trace_id} is not sampled; no span of it may be sent"
    ]


def test_in_a_trace_from_elsewhere_the_functions_segment_is_the_one_parent_that_no_document_brings(
    daemon: FakeXRayDaemon, sender: Sender
) -> None:
    trace_id, segment = "1-00000000-" + "0" * 24, new_id()
    parent = sender.document("parent", trace_id=trace_id, parent_id=segment)
    sender.send(parent, sender.document("child", trace_id=trace_id, parent_id=parent["id"]))
    sender.send(sender.document("beside", trace_id=trace_id, parent_id=segment))
    assert [node.names() for node in daemon.tree(trace_id)] == [("parent", "child"), "beside"]
    sender.send(sender.document("elsewhere", trace_id=trace_id, parent_id=new_id()))
    assert len(daemon.problems) == 3  # of two parents neither is known


def test_exceptions_are_followed_through_the_spans_of_a_trace(daemon: FakeXRayDaemon, sender: Sender) -> None:
    outer = sender.document("outer", cause="00000000000000a1")
    exceptions = [
        {"id": "00000000000000a3", "type": "OSError"},
        {"id": "00000000000000a2", "type": "KeyError", "cause": "00000000000000a3"},
        {"id": "00000000000000a1", "type": "OrderError", "message": "no order", "cause": "00000000000000a2"},
    ]
    inner = sender.document("inner", parent_id=outer["id"], cause={"exceptions": exceptions})
    sender.send(inner, outer)
    [root] = daemon.tree()
    for node in (root, *root.children):
        assert [one.type for one in node.exceptions] == ["OrderError", "KeyError", "OSError"]
    assert repr(root.exceptions[0]) == "<SpanException OrderError: no order>"


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("00000000000000a1", "its cause 00000000000000a1 is not an exception of the trace"),
        (
            {"exceptions": [{"id": new_id(), "cause": "00000000000000a1"}]},
            "its cause 00000000000000a1 is not an exception",
        ),
        ({"exceptions": [{"id": "00000000000000a1"}] * 2}, "id 00000000000000a1 occurs twice in the trace"),
    ],
)
def test_an_exception_is_there_once(daemon: FakeXRayDaemon, sender: Sender, cause: Any, expected: str) -> None:
    sender.send(sender.document(cause=cause))
    [problem] = daemon.problems
    assert expected in problem


def test_exceptions_that_cause_each_other_are_each_shown_once(daemon: FakeXRayDaemon, sender: Sender) -> None:
    one, two = new_id(), new_id()
    sender.send(sender.document(cause={"exceptions": [{"id": one, "cause": two}, {"id": two, "cause": one}]}))
    [root] = daemon.tree()
    assert [exception.id for exception in root.exceptions] == [one, two]


def test_a_tree_is_shown_as_one_and_searched_by_name(daemon: FakeXRayDaemon, sender: Sender) -> None:
    query = span("query", namespace="aws", throttle=True, error=True)
    failed = span("failed", fault=True, cause={"exceptions": [{"id": new_id(), "type": "KeyError", "message": "'x'"}]})
    sender.send(sender.document("handler", subsegments=[{**query, "subsegments": [failed]}, running("waiting")]))
    [root] = daemon.tree()
    assert repr(root).splitlines() == [
        "handler  250.0 ms",
        "  query  250.0 ms  aws  error  throttle",
        "    failed  250.0 ms  fault  KeyError: 'x'",
        "  waiting  in progress",
    ]
    assert root.find("handler") is root
    assert root.find("failed") is root.children[0].children[0]
    with pytest.raises(AssertionError, match=r"no span has the name 'nothing' in\nhandler"):
        root.find("nothing")


def test_of_spans_with_the_same_name_the_first_is_found(daemon: FakeXRayDaemon, sender: Sender) -> None:
    deep = span("first", start_time=1.0, subsegments=[span("query", annotations={"number": 1})])
    sender.send(sender.document("handler", subsegments=[span("query", start_time=2.0), deep]))
    [root] = daemon.tree()
    assert root.find("query").annotations == {"number": 1}


def test_what_was_sent_before_it_is_asked_is_there_and_stays_there(daemon: FakeXRayDaemon, sender: Sender) -> None:
    threads = [threading.Thread(target=lambda: sender.send(sender.document())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(daemon.tree()) == 20
    sender.send(sender.document())
    daemon.stop()
    daemon.stop()
    assert len(daemon.tree()) == len(daemon.documents) == len(daemon.datagrams) == 21


class Held(list[bytes]):
    """A list that takes nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()

    def append(self, datagram: bytes) -> None:
        self.release.wait()
        super().append(datagram)


def test_what_is_not_there_in_time_is_an_error(daemon: FakeXRayDaemon, sender: Sender) -> None:
    held = daemon._datagrams = Held()
    sender.send(sender.document())
    try:
        with pytest.raises(AssertionError, match=r"did not arrive within 0\.01 seconds"):
            daemon.tree(timeout=0.01)
    finally:
        held.release.set()
    assert len(daemon.tree()) == 1


def test_it_leaves_nothing_running() -> None:
    before = set(threading.enumerate())
    with FakeXRayDaemon() as daemon:
        assert daemon.environ["AWS_XRAY_DAEMON_ADDRESS"] == f"127.0.0.1:{daemon.port}"
        assert set(threading.enumerate()) != before
    assert set(threading.enumerate()) == before


def test_it_is_not_asked_before_it_runs() -> None:
    assert FakeXRayDaemon().tree() == []


# Trees: a name and children; each span is embedded in its parent's document, or sent alone.
Tree = tuple[str, bool, list[Any]]
TREES: st.SearchStrategy[list[Tree]] = st.lists(
    st.recursive(
        st.tuples(st.sampled_from("abc"), st.booleans(), st.just([])),
        lambda inner: st.tuples(st.sampled_from("abc"), st.booleans(), st.lists(inner, max_size=4)),
        max_leaves=12,
    ),
    max_size=3,
)


def documents_of(sender: Sender, trees: Iterable[Tree], parent_id: str) -> tuple[list[Any], list[Any]]:
    """Return those to embed, and those to send alone."""
    embedded: list[Any] = []
    alone: list[Any] = []
    for position, (name, inside, children) in enumerate(trees):
        times = {"start_time": 100.0 + position, "end_time": 200.0}
        document: dict[str, Any] = {**span(name), **times, "subsegments": []}
        document["subsegments"], below = documents_of(sender, children, document["id"])
        alone += below
        if inside and parent_id != sender.segment:
            embedded.append(document)
        else:
            alone.append(sender.document(**{**document, "parent_id": parent_id}))
    return embedded, alone


def names_of(trees: Iterable[Tree]) -> list[Any]:
    return [(name, *names_of(children)) if children else name for name, _, children in trees]


KEPT = ("type", "trace_id", "parent_id", "id", "start_time")


@given(trees=TREES, data=st.data())
def test_random_trees_come_back_whatever_is_embedded_and_comes_first(trees: list[Tree], data: st.DataObject) -> None:
    with FakeXRayDaemon() as daemon:
        sender = Sender(daemon)
        with sender.socket:
            _, alone = documents_of(sender, trees, sender.segment)
            for document in data.draw(st.permutations(alone)):
                if data.draw(st.booleans()):
                    sender.send({**running("begun"), **{name: document[name] for name in KEPT}})
                sender.send(document)
        assert [node.names() for node in daemon.tree()] == names_of(trees)


SDK_PROGRAM = """
from aws_xray_sdk.core import xray_recorder

with xray_recorder.in_subsegment("handler") as handler:
    handler.put_annotation("order", "o-1")
    handler.put_metadata("cart", {"items": 2}, "shop")
    with xray_recorder.in_subsegment("load"):
        pass
    try:
        with xray_recorder.in_subsegment("charge"):
            with xray_recorder.in_subsegment("call", namespace="remote") as call:
                call.put_http_meta("url", "https://example.com/")
                call.put_http_meta("method", "POST")
                call.put_http_meta("status", 503)
                raise ValueError("no money")
    except ValueError:
        pass
    with xray_recorder.in_subsegment("table", namespace="aws") as table:
        table.set_aws({"operation": "PutItem", "region": "eu-west-1", "table_name": "orders"})
    late = xray_recorder.begin_subsegment("late")
    xray_recorder.end_subsegment()
"""


def test_what_the_x_ray_sdk_records_comes_out_as_a_tree(daemon: FakeXRayDaemon) -> None:
    environ = {**os.environ, **daemon.environ, "LAMBDA_TASK_ROOT": "/var/task"}
    subprocess.run([sys.executable, "-c", SDK_PROGRAM], env=environ, check=True, timeout=PATIENCE)
    assert len(daemon.documents) > 1
    [root] = daemon.tree(daemon.trace_id)
    assert root.names() == ("handler", "load", ("charge", "call"), "table", "late")
    assert (root.annotations, root.metadata) == ({"order": "o-1"}, {"shop": {"cart": {"items": 2}}})
    call, table = root.find("call"), root.find("table")
    assert (call.namespace, call.fault, call.http["response"]) == ("remote", True, {"status": 503})
    assert (table.namespace, table.aws["table_name"], root.namespace) == ("aws", "orders", None)
    for node in (call, root.find("charge")):
        [exception] = node.exceptions
        assert (exception.type, exception.message, node.fault) == ("ValueError", "no money", True)
        assert exception.stack[0][2] == "<module>"


def test_the_fixture_leads_the_environment_to_a_daemon(xray_daemon: FakeXRayDaemon) -> None:
    assert {name: os.environ[name] for name in xray_daemon.environ} == xray_daemon.environ
    sender = Sender(xray_daemon)
    with sender.socket:
        sender.send(sender.document(start_time=time.time(), end_time=None, in_progress=True))
    [node] = xray_daemon.tree()
    assert isinstance(node, SpanNode)


def test_the_fixture_fails_the_test_if_what_was_sent_is_wrong(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import os
        import socket

        def send(text):
            host, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].split(":")
            with socket.socket(type=socket.SOCK_DGRAM) as sender:
                sender.sendto(text.encode(), (host, int(port)))

        def test_wrong(xray_daemon):
            send('{"format": "json", "version": 1}\\n{}')

        def test_nothing(xray_daemon):
            assert xray_daemon.tree() == []

        def test_afterwards():
            assert "AWS_XRAY_DAEMON_ADDRESS" not in os.environ
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*the documents sent to X-Ray are invalid:*", "*datagrams?0?*it is a segment*"])
