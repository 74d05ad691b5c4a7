"""`lambda-kit invoke --durable`: the whole execution of a durable function, with each run and each checkpoint."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.local import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PARCELS = """
from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import Duration

from lambda_kit import handler


@durable_execution
@handler
def ship(event, context):
    print("shipping", event["id"])
    parcel = context.step(lambda _: f"parcel of {event['id']}", name="pack")
    context.wait(Duration.from_days(2), name="rest")
    if event["id"] == "none":
        raise ValueError("sold out")
    return [parcel, context.create_callback("signature").result()]


@handler
def plain(event, context):
    return event
"""


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Run the command in the directory of the function."""
    (tmp_path / "durable_parcels.py").write_text(PARCELS)
    monkeypatch.chdir(tmp_path)

    def run(function: str, *arguments: str) -> tuple[int, str, str]:
        status = main(["invoke", f"durable_parcels.{function}", *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    yield run
    sys.modules.pop("durable_parcels", None)


def test_each_run_is_shown_with_its_output_and_its_checkpoints(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = run("ship", "--durable", "--event", '{"id": "o-1"}', "--answer", "signature=Ada")
    assert (status, err) == (0, "")
    assert out == (
        "run 1\n  shipping o-1\n  * STEP START pack\n  * STEP SUCCEED pack\n  * WAIT START rest\n  = PENDING\n"
        "run 2 (replay)\n  shipping o-1\n  * CALLBACK START signature\n  = PENDING\n"
        "run 3 (replay)\n  shipping o-1\n  = SUCCEEDED\n"
        '\n[\n  "parcel of o-1",\n  "Ada"\n]\n'
    )


def test_a_failure_is_shown_and_is_the_exit_status(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = run("ship", "--durable", "--event", '{"id": "none"}')
    assert status == 1
    assert out.endswith("  = FAILED\n\nValueError: sold out\n")


def test_one_json_document_has_the_result_and_the_runs(run: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = run("ship", "--durable", "--json", "--event", '{"id": "none"}')
    document: dict[str, Any] = json.loads(out)
    assert (document["status"], document["payload"]) == ("error", None)
    assert document["error"] == {"type": "ValueError", "message": "sold out"}
    assert [one["status"] for one in document["runs"]] == ["PENDING", "FAILED"]
    assert document["runs"][0]["checkpoints"][2] == {"kind": "WAIT", "action": "START", "name": "rest"}


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("plain", ["--durable"], "durable_parcels.plain is not under @durable_execution"),
        ("ship", ["--durable", "--repeat", "2"], "--repeat does not go with --durable"),
        ("ship", ["--durable", "--client-context", "{}"], "--client-context does not go with --durable"),
        ("ship", ["--durable", "--answer", "yes"], "--answer 'yes' is not NAME=VALUE"),
        ("ship", ["--real-waits"], "--real-waits needs --durable"),
        ("ship", ["--answer", "a=b"], "--answer needs --durable"),
        ("missing", ["--durable"], "Handler 'missing' missing on module"),
        ("ship", ["--durable", "--patience", "0.5", "--event", '{"id": 1}'], "--answer signature=VALUE"),
    ],
    ids=["plain", "repeat", "client context", "answer", "real waits", "answer alone", "missing", "no answer"],
)
def test_what_cannot_be_done_is_an_error_that_says_so(
    function: str, arguments: list[str], message: str, run: Callable[..., tuple[int, str, str]]
) -> None:
    status, _, err = run(function, *arguments)
    assert status == 2
    assert re.search(re.escape(message), err), err


def test_a_durable_function_that_is_invoked_once_gets_the_advice_to_run_it_whole(
    run: Callable[..., tuple[int, str, str]],
) -> None:
    status, out, err = run("ship", "--timeout", "60")
    assert status == 1
    assert "durable_parcels.ship is a durable function; add --durable to run its whole execution" in out + err
