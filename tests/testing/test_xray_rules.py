"""Each thing that AWS does not take in a subsegment document is a problem that says where it stands."""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.testing.xray_sender import HEADER, Sender, new_id, running, span

if TYPE_CHECKING:
    from lambda_kit.testing import FakeXRayDaemon


def full(sender: Sender) -> dict[str, Any]:
    """Return a document that has all that there is."""
    return sender.document(
        "Zahlung 1/2 _.:%&#=+\\-@ 日本²",
        namespace="remote",
        in_progress=False,
        error=True,
        throttle=False,
        fault=True,
        traced=False,
        precursor_ids=[new_id()],
        annotations={"text": "x" * 1_000, "k" * 500: 1, "share": 0.5, "Good_1": True},
        metadata={"default": {"anything": [None, {"a": 1}]}, "": {}},
        http={
            "request": {
                "method": "GET",
                "url": "https://x/" + "y" * 240,
                "user_agent": "u",
                "client_ip": "127.0.0.1",
                "traced": True,
            },
            "response": {"status": 429, "content_length": -1},
        },
        aws={"operation": "Query", "table_name": "orders", "resource_names": ["orders"], "retries": 2},
        sql={"url": "u", "preparation": "statement", "sanitized_query": "select " * 100, "user": "me"},
        cause={
            "working_directory": "/var/task",
            "paths": ["app.py"],
            "exceptions": [
                {
                    "id": "00000000000000a1",
                    "type": "KeyError",
                    "message": "m" * 300,
                    "remote": False,
                    "truncated": 3,
                    "skipped": 0,
                    "cause": "00000000000000a2",
                    "stack": [{"path": "app.py", "line": 3, "label": "handler"}],
                },
                {"id": "00000000000000a2"},
            ],
        },
        subsegments=[
            span("inner", subsegments=[span("innermost", end_time=1_700_000_000.25)]),
            running("alone"),
        ],
    )


def test_a_document_with_all_that_there_is_has_no_problems(daemon: FakeXRayDaemon, sender: Sender) -> None:
    document = full(sender)
    sender.send(document)
    sender.send_bytes(b'{"format": "json", "version": 1}\n' + json.dumps(sender.document()).encode())
    assert daemon.problems == []
    assert daemon.documents[0] == document
    assert daemon.datagrams[0] == HEADER + json.dumps(document).encode()
    node = daemon.tree()[0]
    assert (node.namespace, node.error, node.throttle, node.fault) == ("remote", True, False, True)
    assert (node.annotations, node.metadata) == (document["annotations"], document["metadata"])
    assert (node.aws, node.http) == (document["aws"], document["http"])
    assert (node.start, node.end) == (1_700_000_000.25, 1_700_000_000.5)
    assert (node.trace_id, node.parent_id, node.id) == (daemon.trace_id, sender.segment, document["id"])
    assert [(one.id, one.type, one.message, one.remote, one.stack) for one in node.exceptions] == [
        ("00000000000000a1", "KeyError", "m" * 300, False, [("app.py", 3, "handler")]),
        ("00000000000000a2", "", "", False, []),
    ]
    assert node.names() == (document["name"], ("inner", "innermost"), "alone")
    assert node.find("alone").end is None


# Where in the document of `full` something is put or taken away, and what is then said of it.
class Change(enum.Enum):
    REMOVED = "removed"


REMOVED: Any = Change.REMOVED
EXCEPTION = ("cause", "exceptions", 0)
REQUEST = ("http", "request")
BROKEN: list[tuple[tuple[str | int, ...], Any, str]] = [
    (("id",), REMOVED, "id is missing"),
    (("name",), REMOVED, "name is missing"),
    (("start_time",), REMOVED, "start_time is missing"),
    (("trace_id",), REMOVED, "trace_id is missing"),
    (("parent_id",), REMOVED, "parent_id is missing"),
    (("type",), REMOVED, "it is a segment"),
    (("end_time",), REMOVED, "must have one of the two"),
    (("in_progress",), True, "must have one of the two"),
    (("type",), "segment", "type is 'segment'; it must be 'subsegment'"),
    (("id",), "0123456789abcdeg", "id is '0123456789abcdeg'; it must be 16 hexadecimal digits"),
    (("id",), "0123456789abcdef0", "it must be 16 hexadecimal digits"),
    (("id",), 1, "id is a number; it must be 16"),
    (("parent_id",), "", "parent_id is ''; it must be 16"),
    (("trace_id",), "1-00000000-0000", "trace_id is '1-00000000-0000'; it must be 1, 8 and 24"),
    (("trace_id",), "0" * 32, "trace_id is '0000"),
    (("name",), "", "name is ''; it must be 1 to 200"),
    (("name",), "n" * 201, "it must be 1 to 200"),
    (("name",), "what?", "name is 'what?'"),
    (("name",), "a\nb", r"name is 'a\nb'"),
    (("name",), None, "name is null"),
    (("start_time",), "now", "start_time is a string; it must be a number"),
    (("start_time",), True, "start_time is a boolean"),
    (("end_time",), None, "end_time is null"),
    (("end_time",), 1_700_000_000, "end_time 1700000000 is before start_time 1700000000.25"),
    (("in_progress",), "no", "in_progress is a string; it must be a boolean"),
    (("namespace",), "AWS", "namespace is 'AWS'; it must be 'aws' or 'remote'"),
    (("error",), 1, "error is a number; it must be a boolean"),
    (("fault",), None, "fault is null; it must be a boolean"),
    (("throttle",), "true", "throttle is a string; it must be a boolean"),
    (("traced",), 0, "traced is a number; it must be a boolean"),
    (("anotations",), {}, "anotations is not documented by AWS; did you mean 'annotations'"),
    (("user",), "me", "user is not documented by AWS"),
    (("precursor_ids",), "x", "precursor_ids is a string; it must be an array"),
    (("precursor_ids", 0), "x", "precursor_ids[0] is 'x'; it must be 16"),
    (("annotations",), [], "annotations is an array; it must be an object"),
    (("annotations", "a-b"), 1, "annotations has the key 'a-b'"),
    (("annotations", "ä"), 1, "annotations has the key 'ä'"),
    (("annotations", "k" * 501), 1, "it must be 1 to 500 of"),
    (("annotations", "text"), "x" * 1_001, "annotations.text has 1001 characters; X-Ray accepts 1000"),
    (("annotations", "text"), None, "annotations.text is null; it must be a string, a number or a boolean"),
    (("annotations", "text"), [], "annotations.text is an array"),
    (("metadata",), [], "metadata is an array; it must be an object"),
    (("metadata", "default"), "x", "metadata.default is a string; it must be an object"),
    (("metadata", "AWS.x"), {}, "the namespace 'AWS.x'; names that begin with AWS. are reserved"),
    (("http",), "x", "http is a string; it must be an object"),
    (("http", "headers"), {}, "http.headers is not documented by AWS"),
    (REQUEST, [], "http.request is an array; it must be an object"),
    ((*REQUEST, "uri"), "x", "http.request.uri is not documented by AWS; did you mean 'url'"),
    ((*REQUEST, "url"), "x" * 251, "http.request.url has 251 characters; X-Ray accepts 250"),
    ((*REQUEST, "method"), 1, "http.request.method is a number; it must be a string"),
    ((*REQUEST, "method"), "x" * 251, "http.request.method has 251"),
    ((*REQUEST, "user_agent"), "x" * 251, "http.request.user_agent has 251"),
    ((*REQUEST, "client_ip"), "x" * 251, "http.request.client_ip has 251"),
    ((*REQUEST, "traced"), "x", "http.request.traced is a string"),
    (("http", "response", "status"), "200", "http.response.status is a string; it must be a number"),
    (("http", "response", "content_length"), None, "http.response.content_length is null"),
    (("http", "response", "body"), "x", "http.response.body is not documented by AWS"),
    (("aws",), "x", "aws is a string; it must be an object"),
    (("aws", "operation"), 1, "aws.operation is a number; it must be a string"),
    (("aws", "account_id"), 123456789012, "aws.account_id is a number"),
    (("aws", "region"), None, "aws.region is null"),
    (("aws", "request_id"), None, "aws.request_id is null"),
    (("aws", "queue_url"), [], "aws.queue_url is an array"),
    (("aws", "table_name"), {}, "aws.table_name is an object"),
    (("sql", "query"), "x", "sql.query is not documented by AWS"),
    (("sql", "user"), "x" * 251, "sql.user has 251"),
    (("sql", "url"), 1, "sql.url is a number"),
    (("cause",), "boom", "cause is 'boom'; it must be 16 hexadecimal digits"),
    (("cause",), [], "cause is an array; it must be an object"),
    (("cause", "message"), "x", "cause.message is not documented by AWS"),
    (("cause", "working_directory"), 1, "cause.working_directory is a number"),
    (("cause", "paths"), "x", "cause.paths is a string; it must be an array"),
    (("cause", "exceptions"), {}, "cause.exceptions is an object; it must be an array"),
    (("cause", "exceptions", 1), "x", "cause.exceptions[1] is a string; it must be an object"),
    ((*EXCEPTION, "id"), REMOVED, "cause.exceptions[0].id is missing"),
    ((*EXCEPTION, "id"), "x", "cause.exceptions[0].id is 'x'"),
    ((*EXCEPTION, "type"), None, "cause.exceptions[0].type is null; it must be a string"),
    ((*EXCEPTION, "message"), 1, "cause.exceptions[0].message is a number"),
    ((*EXCEPTION, "remote"), 1, "cause.exceptions[0].remote is a number"),
    ((*EXCEPTION, "truncated"), 0.5, "cause.exceptions[0].truncated is a number; it must be a whole number"),
    ((*EXCEPTION, "skipped"), True, "cause.exceptions[0].skipped is a boolean"),
    ((*EXCEPTION, "cause"), "x", "cause.exceptions[0].cause is 'x'"),
    ((*EXCEPTION, "stack"), "x", "cause.exceptions[0].stack is a string; it must be an array"),
    ((*EXCEPTION, "stack", 0, "path"), 1, "cause.exceptions[0].stack[0].path is a number"),
    ((*EXCEPTION, "stack", 0, "line"), "3", "cause.exceptions[0].stack[0].line is a string"),
    ((*EXCEPTION, "stack", 0, "label"), None, "cause.exceptions[0].stack[0].label is null"),
    ((*EXCEPTION, "stack", 0, "file"), "x", "cause.exceptions[0].stack[0].file is not documented by AWS"),
    ((*EXCEPTION, "trace"), "x", "cause.exceptions[0].trace is not documented by AWS"),
    (("subsegments",), {}, "subsegments is an object; it must be an array"),
    (("subsegments", 0), "x", "subsegments[0] is a string; it must be an object"),
    (("subsegments", 0, "id"), REMOVED, "subsegments[0].id is missing"),
    (("subsegments", 1, "in_progress"), False, "subsegments[1].in_progress: true: it must have one of the two"),
    (("subsegments", 0, "trace_id"), "1-00000000-" + "0" * 24, "subsegments[0].trace_id is '1-00000000-000"),
    (("subsegments", 0, "parent_id"), "0" * 16, "subsegments[0].parent_id is '0000000000000000', but it stands where"),
    (("subsegments", 0, "subsegments", 0, "name"), "", "subsegments[0].subsegments[0].name is ''"),
    (("subsegments", 0, "subsegments", 0, "end_time"), 0, "subsegments[0].subsegments[0].end_time 0 is before"),
]


@pytest.mark.parametrize(("path", "value", "expected"), BROKEN, ids=lambda one: str(one)[:60])
def test_what_is_wrong_in_one_place_is_one_problem_that_names_it(
    daemon: FakeXRayDaemon, sender: Sender, path: tuple[str | int, ...], value: Any, expected: str
) -> None:
    document = full(sender)
    *outer, last = path
    place: Any = document
    for step in outer:
        place = place[step]
    if value is REMOVED:
        del place[last]
    else:
        place[last] = value
    sender.send(document)
    [problem] = daemon.problems
    assert problem.startswith("datagrams[0] (")
    assert expected in problem
    with pytest.raises(AssertionError, match=r"the documents sent to X-Ray are invalid:\n- datagrams\[0\]"):
        daemon.tree()


@pytest.mark.parametrize(
    ("datagram", "expected"),
    [
        (b"", "does not begin with a line"),
        (b'{"format":"json","version":1}', "does not begin with a line"),
        (b'{"format":"json","version":2}\n{}', "does not begin with a line"),
        (b'{"format":"xml","version":1}\n{}', "does not begin with a line"),
        (b"hello\n{}", "does not begin with a line"),
        (b"\xff\n{}", "does not begin with a line"),
        (HEADER, "the document is not JSON: Expecting value"),
        (HEADER + b"{'a': 1}", "the document is not JSON"),
        (HEADER + b'{"a": "\xff"}', "the document is not JSON"),
        (HEADER + b'{"a": NaN}', "the document is not JSON: NaN is not a JSON number"),
        (HEADER + b'{"a": {"b": 1, "b": 2}}', "an object has the member 'b' twice"),
        (HEADER + b"[]", "the document is an array; it must be an object"),
        (HEADER + b'{"type":"subsegment","subsegments":[' * 1_700 + b"]}" * 1_700, "the document is nested too deeply"),
    ],
    ids=lambda one: str(one)[:60],
)
def test_a_datagram_that_has_no_document_is_a_problem(
    daemon: FakeXRayDaemon, sender: Sender, datagram: bytes, expected: str
) -> None:
    sender.send_bytes(datagram)
    [problem] = daemon.problems
    assert problem.startswith("datagrams[0]: ")
    assert expected in problem
    assert (daemon.documents, daemon.datagrams) == ([], [datagram])


def test_a_document_has_at_most_64_kb(daemon: FakeXRayDaemon, sender: Sender) -> None:
    document = sender.document(metadata={"default": {"filler": ""}})
    document["metadata"]["default"]["filler"] = "x" * (64_000 - len(json.dumps(document)))
    sender.send(document)
    assert daemon.problems == []
    document["metadata"]["default"]["filler"] += "x"
    document["id"] = new_id()
    sender.send(document)
    assert daemon.problems == ["datagrams[1] ('charge'): the document has 64001 bytes; X-Ray accepts 64000"]
