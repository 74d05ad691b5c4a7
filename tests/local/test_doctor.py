from __future__ import annotations

import json
import shutil
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from lambda_kit.local import _doctor, _doctor_bytecode, _doctor_managed
from lambda_kit.local._arguments import parse
from lambda_kit.local._cli import main
from lambda_kit.local._doctor_runs import EVERY_IMPORT, Function
from tests.effort import skip_in_the_middle
from tests.local.conftest import FUNCTIONS
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from lambda_kit.local._doctor_report import Report

skip_in_the_middle()


pytest.importorskip("awslambdaric")


class _Answers(BaseHTTPRequestHandler):
    """Answers as SSM and SQS do."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        known = {"Parameter": {"Name": "/shop/name", "Type": "String", "Value": "Shop", "Version": 1}}
        is_sqs = "SQS" in self.headers.get("X-Amz-Target", "")
        body = json.dumps(
            {"MessageId": "1", "MD5OfMessageBody": "9dd4e461268c8034f5c8564e155c67a6"} if is_sqs else known
        )
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def _aws() -> Generator[dict[str, str]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
                "AWS_ACCESS_KEY_ID": "key",
                "AWS_SECRET_ACCESS_KEY": "secret",
                "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:9",
            }
        finally:
            server.shutdown()


@pytest.fixture(scope="module")
def aws() -> Iterator[dict[str, str]]:
    with _aws() as env:
        yield env


@pytest.fixture(scope="module")
def report(aws: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    env = {**aws, "PYTHONDONTWRITEBYTECODE": "1"}
    given = [f"--env={name}={value}" for name, value in env.items()]
    options = parse(
        ["doctor", "doctored.work", "-e", '{"id": 1}', "--timeout=30", "--rounds=1", "--memory=512", *given]
    )
    shutil.copy(FUNCTIONS / "doctored.py", folder := tmp_path_factory.mktemp("function"))
    functions = "".join(f"def f{number}(x):\n    return [x, {number}]\n" for number in range(300))
    (folder / "doctored_helper.py").write_text(f"import wave\nwave.open\n{functions}")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(FUNCTIONS)  # in a new environment, what the function imports has no bytecode before its first run
        writing = {**aws, "PYTHONDONTWRITEBYTECODE": ""}
        Function("doctored.work", {"timeout": 30.0, "memory": 512, "env": writing}, [{"id": 1}], []).record()
        patch.chdir(folder)
        with pytest.MonkeyPatch.context() as certain:
            # One round on a busy machine decides by chance. What rounds decide is tested below, with given times.
            certain.setattr(_doctor_bytecode, "is_longer", mock.Mock(return_value=True))
            found = _doctor.examine(options, lambda _: None)
        yield found


def rules(report: Report) -> set[str]:
    return {one.rule for one in report.findings}


def test_imports_are_a_tree_with_times_and_memory(report: Report) -> None:
    document = report.document()
    (function,) = (one for one in document["imports"]["function"] if one["module"] == "doctored")
    names = [one["module"] for one in function["imports"]]
    assert {"wave", "colorsys", "lambda_kit"} <= set(names)
    assert function["ms"] >= sum(one["ms"] for one in function["imports"]) - 0.01
    assert function["imported_by"].partition(":")[0].endswith("bootstrap.py")
    wave = function["imports"][names.index("wave")]
    assert wave["imported_by"] == f"{report.root}/doctored.py:8"
    assert "awslambdaric.bootstrap" in {one["module"] for one in document["imports"]["runtime_client"]}


def test_an_import_is_unused_if_neither_the_init_phase_nor_an_event_uses_it(report: Report) -> None:
    unused = [one.rpartition(":")[2] for one in report.document()["imports"]["unused"]]
    assert {"5", "8"} <= set(unused)  # colorsys and wave; some versions of Python load `typing`, too
    assert not {"7", "13", "14", "15"} & set(unused)


def test_layers_and_resources_are_read_in_the_process(report: Report) -> None:
    layers = {one["layer"]: one for one in report.recording.at_start["layers"]}
    assert layers["idempotent"] == {"layer": "idempotent", "lease": 2.0, "ttl": 3600.0, "store": "MemoryStore"}
    assert layers["time_limit"]["margin"] == 40.0
    assert set(layers) == {"idempotent", "time_limit", "logger", "tracer"}
    (resource,) = (one for one in report.recording.at_end["resources"] if one["name"] == "doctored.settings")
    assert resource["builds"] == 1
    assert resource["eager"] is True


def test_contradictions_are_found(report: Report) -> None:
    assert {"settings.lease-too-short", "settings.time-limit-margin", "resources.eager-unused"} <= rules(report)


def test_the_policy_is_that_of_the_calls_that_were_seen(report: Report) -> None:
    statements = report.policy.document()["Statement"]
    granted = {action: tuple(one["Resource"]) for one in statements for action in one["Action"]}
    assert granted["ssm:GetParameter"] == ("arn:aws:ssm:${AWS::Region}:${AWS::AccountId}:parameter/shop/name",)
    assert granted["xray:PutTraceSegments"] == ("*",)
    assert {one.partition(":")[0] for one in granted} == {"ssm", "logs", "xray"}


def test_the_report_is_text_and_json(report: Report) -> None:
    text = report.text(colour=False)
    assert "\033" not in text
    for finding in report.findings:
        assert finding.text in text
        assert finding.basis in text
    document = json.loads(report.json())
    assert document["version"] == 1
    assert document["timing"]["runs"] == 1
    assert {one["rule"] for one in document["findings"]} == rules(report)
    assert document["findings"][0]["level"] == "error"


def test_calls_of_botocore_and_presigned_urls_are_seen(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FUNCTIONS)
    function = Function(
        "doctored.work", {"timeout": 20.0 * PATIENCE, "memory": 512, "env": aws}, [{"id": 2, "boto": 1}], []
    )
    recording = function.record()
    assert recording.failure is None
    seen = [(one.client, one.service, one.operation, one.phase) for one in recording.calls]
    assert seen == [
        ("botocore", "sqs", "SendMessage", "first"),
        ("presigned URL", "s3", "GetObject", "first"),
        ("lambda_kit", "ssm", "GetParameter", "first"),
    ]
    assert "boto3" in {one.name for one in recording.all_imports() if one.phase == "first"}
    assert all("key" not in json.dumps(dict(one.names)).lower() for one in recording.calls)


def test_a_deferred_import_runs_at_the_first_use_of_its_name(
    aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FUNCTIONS)
    settings = {"timeout": 20.0 * PATIENCE, "memory": 512, "env": aws}
    recording = Function("doctored.work", settings, [{"id": 3, "colour": 1}], []).record(defer=EVERY_IMPORT)
    assert recording.failure is None
    phases = {place.line: phase for place, phase in recording.resolved.items()}
    assert phases[5] == "first"  # colorsys
    assert phases[13] == "init"  # lambda_kit
    assert 8 not in phases  # wave


def test_a_function_that_fails_is_a_finding_and_the_status_is_1(
    aws: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(FUNCTIONS)
    given = [f"--env={name}={value}" for name, value in aws.items()]
    status = main(["doctor", "doctored.work", "-e", '{"id": 4, "fail": 1}', "--timeout=50", "--json", *given])
    document = json.loads(capsys.readouterr().out)
    assert status == 1
    (failed,) = (one for one in document["findings"] if one["rule"] == "function.failed")
    assert "ValueError: as asked" in failed["text"]
    assert document["timing"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--resource", "Orders"], "--resource needs --template"),
        (["--init-type", "lambda-managed-instances"], "pass --concurrency"),
        (["--invocations", "many"], "'many' is not a number such as 250000, 250k or 5M"),
        (["--cold-share", "200%"], "'200%' is not a share such as 0.02 or 2%"),
        (["--package", "nowhere"], "'nowhere' is neither a folder nor a zip file"),
        (["--memory", "1"], "--memory is 1; it is a number of MB"),
    ],
)
def test_a_wrong_option_is_named(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(FUNCTIONS)
    assert main(["doctor", "doctored.work", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_imports_of_a_module_that_was_not_executed_say_nothing(report: Report) -> None:
    unused = report.document()["imports"]["unused"]
    assert [one for one in unused if "doctored_helper.py" in one] == []
    assert any(one.endswith("doctored.py:11") for one in unused)  # the import of that module


def test_missing_bytecode_is_found(report: Report) -> None:
    (found,) = (one for one in report.findings if one.rule == "imports.bytecode")
    assert "doctored_helper 1" in found.text


@pytest.mark.parametrize(("with_it", "told"), [([50.0, 51.0], 1), ([79.5, 80.5], 0), ([90.0, 91.0], 0)])
def test_missing_bytecode_is_told_only_if_runs_without_it_took_longer(
    report: Report, with_it: list[float], told: int
) -> None:
    modules = _doctor_bytecode.compiled(report.recording)
    assert "doctored_helper" in {one.name for one in modules}
    found = list(_doctor_bytecode.findings(modules, with_it, [80.0, 81.0]))
    assert len(found) == told
    assert [one.cold_ms for one in found] == [30.0] * told


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--strict"], 1)])
def test_only_strict_fails_on_an_error(
    report: Report,
    arguments: list[str],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def examine(options: object, step: object) -> Report:
        return report

    monkeypatch.setattr(_doctor, "examine", examine)
    assert main(["doctor", "doctored.work", *arguments]) == status
    assert capsys.readouterr().out == report.text(colour=False)


def test_a_managed_instance_is_measured_with_one_process_and_with_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "entry.py").write_text("LARGE = b'x' * (50 << 20)\n\n\ndef handle(event, context):\n    return 1\n")
    monkeypatch.chdir(tmp_path)
    one, many, count = _doctor_managed.measure("entry.handle", {"timeout": PATIENCE}, {}, 16)
    assert count == 4
    assert one > 50
    assert many > 4 * 50


def test_an_answer_that_refuses_the_event_is_a_finding(report: Report) -> None:
    (outcome, *_) = report.recording.outcomes
    answers: list[tuple[dict[str, object], str]] = [
        ({"statusCode": 404}, "its status is 404"),
        ({"batchItemFailures": [{}]}, "1 records failed"),
    ]
    for payload, words in answers:
        recording = replace(report.recording, outcomes=[outcome, replace(outcome, payload=payload)])
        (found,) = _doctor._refused(recording)
        assert words in found.text
    assert list(_doctor._refused(report.recording)) == []
