from __future__ import annotations

import ast
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import ConfigurationError
from lambda_kit.local import _doctor_limits as limits
from lambda_kit.local import _doctor_package as packages
from lambda_kit.local import _doctor_policy as policies
from lambda_kit.local import _doctor_runs as runs
from lambda_kit.local import _doctor_settings as rules
from lambda_kit.local import _prices
from lambda_kit.local._doctor_config import Config, Source
from lambda_kit.local._doctor_findings import Finding, Use, ordered
from lambda_kit.local._doctor_imports import Deferral, Experiment, findings, shown
from lambda_kit.local._doctor_recorder import deferrable
from lambda_kit.local._doctor_runs import Call, Place
from lambda_kit.local._doctor_state import address

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PYTHON = (3, 13)
TEMPLATE = Config(timeout=30, template="t.yaml", resource="Fn", tracing=True)
IDEMPOTENT = {"layer": "idempotent", "lease": None, "ttl": 3600.0, "store": "DynamoDBStore"}
LOGGER = {"layer": "logger", "level": 20, "threshold": 20, "buffer": 0, "sample_rate": 0.0, "log_event": False}
QUEUE = Source("sqs", "Jobs", 10, 0, reports_failures=True, visibility=180, fifo=False, receives=5)


def levels(found: Iterable[Finding]) -> dict[str, str]:
    return {one.rule.removeprefix("settings."): one.level for one in found}


@pytest.mark.parametrize(
    ("layers", "config", "expected"),
    [
        ([IDEMPOTENT, LOGGER], TEMPLATE, {}),
        ([{**IDEMPOTENT, "lease": 29.0}], TEMPLATE, {"lease-too-short": "error"}),
        ([{**IDEMPOTENT, "lease": 30.0}], TEMPLATE, {}),
        ([{**IDEMPOTENT, "lease": 900.0}], TEMPLATE, {"lease-too-long": "info"}),
        ([{**IDEMPOTENT, "ttl": 899.0}], replace(TEMPLATE, sources=[QUEUE]), {"ttl-too-short": "warning"}),
        ([{**IDEMPOTENT, "ttl": 900.0}], replace(TEMPLATE, sources=[QUEUE]), {}),
        ([{"layer": "time_limit", "margin": 30.0}], TEMPLATE, {"time-limit-margin": "error"}),
        ([{"layer": "time_limit", "margin": 29.0}], TEMPLATE, {}),
        ([{"layer": "batch", "margin": 25.0}], TEMPLATE, {"batch-margin": "warning"}),
        (
            [{"layer": "batch", "margin": 1.0}, {"layer": "time_limit", "margin": 1.0}],
            TEMPLATE,
            {"limit-before-batch": "warning"},
        ),
        (
            [{"layer": "batch", "margin": 1.0}],
            replace(TEMPLATE, sources=[replace(QUEUE, reports_failures=False), Source("api", "Web")]),
            {"report-missing": "error"},
        ),
        ([{"layer": "tracer"}], replace(TEMPLATE, tracing=False), {"tracing-off": "warning"}),
        ([{"layer": "tracer"}], replace(TEMPLATE, tracing=None), {}),
        (
            [{**LOGGER, "threshold": 10, "buffer": 1000}],
            replace(TEMPLATE, log_format="json", log_level="INFO"),
            {"log-level": "warning"},
        ),
        ([{**LOGGER, "threshold": 10}], replace(TEMPLATE, log_format="text", log_level="INFO"), {}),
    ],
)
def test_layers_that_contradict_the_configuration(
    layers: list[dict[str, Any]], config: Config, expected: dict[str, str]
) -> None:
    assert levels(rules.of_layers(config, layers)) == expected


@pytest.mark.parametrize(
    ("source", "config", "expected"),
    [
        (QUEUE, TEMPLATE, {}),
        (replace(QUEUE, visibility=29), TEMPLATE, {"visibility-below-timeout": "error"}),
        (replace(QUEUE, visibility=179), TEMPLATE, {"visibility-short": "warning"}),
        (replace(QUEUE, window=1), TEMPLATE, {"visibility-short": "warning"}),
        (replace(QUEUE, visibility=None), TEMPLATE, {}),
        (replace(QUEUE, batch_size=11), TEMPLATE, {"batch-window": "error"}),
        (replace(QUEUE, batch_size=11, window=1, visibility=181), TEMPLATE, {}),
        (replace(QUEUE, fifo=True, batch_size=11), TEMPLATE, {"fifo-batch": "error"}),
        (replace(QUEUE, receives=0), TEMPLATE, {"no-dead-letter": "warning"}),
        (replace(QUEUE, receives=1), TEMPLATE, {"few-receives": "info"}),
        (replace(QUEUE, concurrency=10), replace(TEMPLATE, reserved=5), {"concurrency": "warning"}),
        (replace(QUEUE, concurrency=10), replace(TEMPLATE, reserved=10), {}),
        (Source("kinesis", "Feed"), TEMPLATE, {"stream-retries": "warning"}),
        (Source("dynamodb", "Feed", retries=-1), TEMPLATE, {"stream-retries": "warning"}),
        (Source("dynamodb", "Feed", retries=3), TEMPLATE, {"stream-destination": "warning"}),
        (Source("dynamodb", "Feed", retries=3, destination=True), TEMPLATE, {}),
        (Source("api", "Web"), TEMPLATE, {"api-timeout": "warning"}),
        (Source("http-api", "Web"), TEMPLATE, {}),
    ],
)
def test_event_sources_that_contradict_the_function(source: Source, config: Config, expected: dict[str, str]) -> None:
    found = list(rules.of_sources(replace(config, sources=[source])))
    assert levels(found) == expected
    assert all(one.page.startswith("https://docs.aws.amazon.com/") and one.advice for one in found)


@pytest.mark.parametrize(
    ("config", "given", "expected"),
    [
        (TEMPLATE, {}, {}),
        (TEMPLATE, {"init_ms": 6000.0}, {"limits.init": "warning"}),
        (TEMPLATE, {"init_ms": 10_001.0}, {"limits.init": "error"}),
        (replace(TEMPLATE, snap_start=True), {"init_ms": 10_001.0}, {}),
        (TEMPLATE, {"duration_ms": 25_000.0}, {"limits.timeout": "warning"}),
        (TEMPLATE, {"memory_mb": 120}, {"limits.memory": "warning"}),
        (replace(TEMPLATE, env={"A": "x" * 4096}), {}, {"limits.environment": "error"}),
        (replace(TEMPLATE, runtime="python3.12"), {}, {"limits.runtime": "info"}),
    ],
)
def test_limits_that_are_near(config: Config, given: dict[str, Any], expected: dict[str, str]) -> None:
    measured: dict[str, Any] = {"init_ms": 100.0, "duration_ms": 5.0, "memory_mb": 40, **given}
    assert levels(limits.of_limits(config, python=PYTHON, **measured)) == expected


def test_snap_start_tells_what_is_stale_and_what_it_does_not_support() -> None:
    config = replace(TEMPLATE, snap_start=True, file_system=True, storage=1024, image=True, provisioned=True)
    state: dict[str, Any] = {"connections": ["10.0.0.1:443"], "kept": ["app.table"], "calls": ["ssm:GetParameter"] * 2}
    found = list(limits.of_snap_start(config, python=(3, 11), **state))
    assert [one.rule for one in found].count("snapstart.unsupported") == 5
    texts = [one.text for one in found if one.rule == "snapstart.state"]
    assert [text.rpartition(": ")[2] for text in texts] == ["10.0.0.1:443", "app.table", "ssm:GetParameter"]
    assert list(limits.of_snap_start(TEMPLATE, python=(3, 11), **state)) == []


@pytest.mark.parametrize(("memory", "level"), [(500, "error"), (700, "warning"), (2048, "info")])
def test_processes_of_a_managed_instance_have_to_fit(memory: int, level: str) -> None:
    config = replace(TEMPLATE, memory=memory, processes=16)
    (found,) = limits.of_processes(config, 60.0, 180.0, 4)
    assert found.level == level
    assert found.text.startswith("16 processes take 660 MB")


# The policy


def grants(service: str, operation: str, **names: Any) -> dict[str, list[str]]:
    call = Call("botocore", service, operation, "us-east-1", names, "first")
    policy = policies.of_calls([call], "us-east-1")
    return {action: sorted(resources) for action, resources in policy.grants.items()}


HERE = "${AWS::Region}:${AWS::AccountId}"


@pytest.mark.parametrize(
    ("service", "operation", "names", "expected"),
    [
        ("s3", "ListObjectsV2", {"Bucket": "b"}, {"s3:ListBucket": ["arn:aws:s3:::b"]}),
        ("s3", "HeadObject", {"Bucket": "b"}, {"s3:GetObject": ["arn:aws:s3:::b/*"]}),
        ("s3", "GetObject", {"Bucket": "b", "VersionId": "v"}, {"s3:GetObjectVersion": ["arn:aws:s3:::b/*"]}),
        (
            "s3",
            "CopyObject",
            {"Bucket": "b", "CopySource": "from/key"},
            {"s3:PutObject": ["arn:aws:s3:::b/*"], "s3:GetObject": ["arn:aws:s3:::from/*"]},
        ),
        ("s3", "ListBuckets", {}, {"s3:ListAllMyBuckets": ["*"]}),
        ("dynamodb", "Query", {"TableName": "t"}, {"dynamodb:Query": [f"arn:aws:dynamodb:{HERE}:table/t"]}),
        (
            "dynamodb",
            "Query",
            {"TableName": "t", "IndexName": "i"},
            {"dynamodb:Query": [f"arn:aws:dynamodb:{HERE}:table/t/index/i"]},
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [("Put", "a"), ("ConditionCheck", "b")]},
            {
                "dynamodb:PutItem": [f"arn:aws:dynamodb:{HERE}:table/a"],
                "dynamodb:ConditionCheckItem": [f"arn:aws:dynamodb:{HERE}:table/b"],
            },
        ),
        (
            "dynamodb",
            "BatchGetItem",
            {"RequestItems": ["a", "b"]},
            {"dynamodb:BatchGetItem": [f"arn:aws:dynamodb:{HERE}:table/{one}" for one in "ab"]},
        ),
        (
            "dynamodb",
            "ExecuteStatement",
            {"Statement": 'SELECT * FROM "t"."i" WHERE id = ?'},
            {"dynamodb:PartiQLSelect": [f"arn:aws:dynamodb:{HERE}:table/t"]},
        ),
        (
            "sqs",
            "SendMessageBatch",
            {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q"},
            {"sqs:SendMessage": ["arn:aws:sqs:${AWS::Region}:123456789012:q"]},
        ),
        (
            "sqs",
            "SendMessage",
            {"QueueUrl": "http://localhost:4566/000000000000/q"},
            {"sqs:SendMessage": [f"arn:aws:sqs:{HERE}:q"]},
        ),
        ("sns", "Publish", {"TopicArn": "arn:aws:sns:eu-west-1:1:t"}, {"sns:Publish": ["arn:aws:sns:eu-west-1:1:t"]}),
        ("sns", "Publish", {"PhoneNumber": "+1"}, {"sns:Publish": ["*"]}),
        (
            "ssm",
            "GetParametersByPath",
            {"Path": "/a/b/"},
            {"ssm:GetParametersByPath": [f"arn:aws:ssm:{HERE}:parameter/a/b"]},
        ),
        (
            "ssm",
            "GetParameters",
            {"Names": ["/a", "b:3"]},
            {"ssm:GetParameters": [f"arn:aws:ssm:{HERE}:parameter/{one}" for one in "ab"]},
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": "shop/key"},
            {"secretsmanager:GetSecretValue": [f"arn:aws:secretsmanager:{HERE}:secret:shop/key-??????"]},
        ),
        (
            "secretsmanager",
            "BatchGetSecretValue",
            {"SecretIdList": ["k"]},
            {
                "secretsmanager:BatchGetSecretValue": ["*"],
                "secretsmanager:GetSecretValue": [f"arn:aws:secretsmanager:{HERE}:secret:k-??????"],
            },
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "f", "Qualifier": "live"},
            {"lambda:InvokeFunction": [f"arn:aws:lambda:{HERE}:function:f:live"]},
        ),
        (
            "events",
            "PutEvents",
            {"EventBusNames": ["shop"], "WithoutBus": True},
            {"events:PutEvents": [f"arn:aws:events:{HERE}:event-bus/{one}" for one in ("default", "shop")]},
        ),
        ("kms", "Decrypt", {"KeyId": "alias/x"}, {"kms:Decrypt": [f"arn:aws:kms:{HERE}:key/*"]}),
        ("kms", "Decrypt", {}, {"kms:Decrypt": ["*"]}),
        ("kinesis", "PutRecords", {"StreamName": "s"}, {"kinesis:PutRecords": [f"arn:aws:kinesis:{HERE}:stream/s"]}),
        (
            "stepfunctions",
            "StartExecution",
            {"stateMachineArn": "arn:aws:states:eu-west-1:1:stateMachine:m"},
            {"states:StartExecution": ["arn:aws:states:eu-west-1:1:stateMachine:m"]},
        ),
        ("stepfunctions", "SendTaskSuccess", {}, {"states:SendTaskSuccess": ["*"]}),
        (
            "appconfigdata",
            "GetLatestConfiguration",
            {},
            {
                "appconfig:GetLatestConfiguration": [
                    f"arn:aws:appconfig:{HERE}:application/*/environment/*/configuration/*"
                ]
            },
        ),
        (
            "bedrock-runtime",
            "Converse",
            {"modelId": "eu.vendor.model-v1:0"},
            {
                "bedrock:InvokeModel": [
                    "arn:aws:bedrock:${AWS::Region}:${AWS::AccountId}:inference-profile/eu.vendor.model-v1:0",
                    "arn:aws:bedrock:*::foundation-model/vendor.model-v1:0",
                ]
            },
        ),
    ],
)
def test_a_call_needs_these_actions_on_these_resources(
    service: str, operation: str, names: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    assert grants(service, operation, **names) == expected


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        (None, {}),
        (["dynamodb:PutItem", "s3:Get*"], {}),
        (["dynamodb:*", "s3:getobject", "*"], {}),
        (["dynamodb:PutItem"], {"policy.missing": "error"}),
        (["dynamodb:PutItem", "s3:Get*", "sqs:SendMessage"], {"policy.unused": "info"}),
    ],
)
def test_policies_of_the_template_are_compared_with_what_was_needed(
    allowed: list[str] | None, expected: dict[str, str]
) -> None:
    config = replace(TEMPLATE, allowed=allowed)
    assert levels(limits.of_policies(config, ["dynamodb:PutItem", "s3:GetObject"])) == expected


def test_an_operation_that_the_table_does_not_know_is_listed_and_not_guessed() -> None:
    calls = [
        Call("botocore", service, operation, "", {}, "first")
        for service, operation in (("quantum", "Run"), ("quantum", "Run"), ("s3", "PutBucketMetricsConfiguration"))
    ]
    policy = policies.of_calls(calls, "us-east-1")
    assert policy.unmapped == ["quantum:Run", "s3:PutBucketMetricsConfiguration"]
    assert policy.grants == {}


def test_a_statement_has_all_actions_on_the_same_resources() -> None:
    calls = [
        Call("lambda_kit", "dynamodb", one, "eu-west-1", {"TableName": "t"}, "first") for one in ("PutItem", "GetItem")
    ]
    policy = policies.of_calls(calls, "us-east-1")
    policies.of_source(policy, "sqs", "Jobs")
    policies.of_source(policy, "api", "Web")
    policies.of_tracing(policy)
    first, *others = policy.document()["Statement"]
    assert len(others) == 2
    by_action = {tuple(one["Action"]): one["Resource"] for one in [first, *others]}
    assert by_action["dynamodb:GetItem", "dynamodb:PutItem"] == ["arn:aws:dynamodb:eu-west-1:${AWS::AccountId}:table/t"]
    assert by_action["xray:PutTelemetryRecords", "xray:PutTraceSegments"] == ["*"]
    assert ["${Jobs.Arn}"] in by_action.values()


@pytest.mark.parametrize(
    ("service", "operation", "names", "expected"),
    [
        ("dynamodb", "PutItem", {"TableName": "Table"}, "${Table.Arn}"),
        ("dynamodb", "Query", {"TableName": "Table", "IndexName": "i"}, "${Table.Arn}/index/i"),
        ("dynamodb", "PutItem", {"TableName": "MyTable"}, f"arn:aws:dynamodb:{HERE}:table/MyTable"),
        ("s3", "GetObject", {"Bucket": "Table"}, "${Table.Arn}/*"),
        ("secretsmanager", "GetSecretValue", {"SecretId": "Table"}, "${Table}"),
        ("ssm", "GetParameter", {"Name": "Table"}, f"arn:aws:ssm:{HERE}:parameter/${{Table}}"),
    ],
)
def test_a_resource_of_the_template_is_referred_to(
    service: str, operation: str, names: dict[str, Any], expected: str
) -> None:
    call = Call("botocore", service, operation, "", names, "first")
    (resources,) = policies.of_calls([call], "us-east-1", ["Table"]).grants.values()
    assert resources == {expected}


# The package


def test_a_package_is_measured_by_its_parts(tmp_path: Path) -> None:
    files = {
        "app.py": 1000,
        "lib/__init__.py": 2_000_000,
        "lib/tests/test_all.py": 1_500_000,
        "lib-1.0.dist-info/RECORD": 10,
        "boto3/session.py": 200_000,
        ".venv/junk.py": 1_000_000,
        "tests/own.py": 10,
        "lib/__pycache__/__init__.cpython-313.pyc": 70_000,
        "__pycache__/app.cpython-313.pyc": 90,
    }
    for name, size in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"x" * size)
    folder = packages.measure(str(tmp_path))
    assert folder.parts == {"lib": 3_570_010, "boto3": 200_000, "app": 1090, "tests": 10}
    assert [*folder.droppable.values()] == [70_090, 1_500_000]
    assert folder.in_runtime == {"boto3": 200_000}
    assert {one.rule for one in packages.findings(folder)} == {"package.droppable", "package.in-runtime"}
    archive = tmp_path / "package.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        for name in sorted(set(files) - {".venv/junk.py"}):
            written.write(tmp_path / name, name)
    zipped = packages.measure(str(archive))
    assert (zipped.size, zipped.parts, zipped.is_zip) == (folder.size, folder.parts, True)
    assert abs(zipped.zipped - folder.zipped) < 0.1 * zipped.zipped


@pytest.mark.parametrize(
    ("size", "zipped", "image", "expected"),
    [
        (100, 40, False, {}),
        (230, 40, False, {"package.unzipped": "warning"}),
        (251, 51, False, {"package.unzipped": "error", "package.zipped": "warning"}),
        (251, 51, True, {}),
        (9500, 51, True, {"package.image": "warning"}),
        (10_500, 51, True, {"package.image": "error"}),
    ],
)
def test_limits_of_a_package(size: int, zipped: int, image: bool, expected: dict[str, str]) -> None:
    package = packages.Package(
        "x", is_zip=True, size=size << 20, zipped=zipped << 20, parts={}, droppable={}, in_runtime={}
    )
    assert levels(packages.findings(package, image=image)) == expected


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\5\6 no")
    with pytest.raises(ConfigurationError, match="is not a zip file that can be read"):
        packages.measure(str(tmp_path / "x.zip"))


def test_packages_that_were_installed_into_the_folder_are_not_the_users(tmp_path: Path) -> None:
    info = tmp_path / "six-1.0.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("six.py,sha256=x,1\nbig/__init__.py,,\n../../bin/six,,\nsix-1.0.dist-info/RECORD,,\n")
    assert packages.foreign(str(tmp_path)) == ["big", "lambda_kit", "six"]


# What findings are worth


def test_milliseconds_are_worth_money() -> None:
    prices = _prices.load()
    rates = prices.rates("us-east-1", "x86_64")
    use = Use(1_000_000, 0.02, 1024, rates, prices)
    cold = Finding("a", "warning", "", "", cold_ms=50.0)
    assert use.worth(cold) == pytest.approx(1_000_000 * 0.02 * 0.050 * rates.gb_second)
    assert use.worth(replace(cold, warm_ms=2.0)) == pytest.approx(1_000_000 * 0.003 * rates.gb_second)
    assert use.worth(Finding("a", "error", "", "")) is None
    assert use.record(cold)["worth_per_month"] == round(use.worth(cold) or 0, 6)


def test_findings_are_ordered_by_level_and_by_what_they_save() -> None:
    given = [
        Finding("a", "info", "", "", cold_ms=90.0),
        Finding("b", "warning", "", "", cold_ms=1.0),
        Finding("c", "warning", "", "", cold_ms=5.0),
        Finding("d", "error", "", ""),
    ]
    assert [one.rule for one in ordered(given)] == ["d", "c", "b", "a"]


@pytest.mark.parametrize(
    ("slow", "fast", "expected"),
    [
        ([10.0, 11.0, 12.0, 13.0, 14.0], [1.0, 2.0, 3.0, 4.0, 5.0], True),
        ([10.0, 11.0, 12.0, 13.0, 14.0], [1.0, 2.0, 3.0, 4.0, 11.5], True),  # 2 of 25 pairs are reversed
        ([10.0, 11.0, 12.0, 13.0, 14.0], [1.0, 2.0, 3.0, 4.0, 12.5], False),
        ([10.0, 11.0, 12.0], [1.0, 2.0, 10.0], False),
        ([1.9], [1.0], False),
        ([2.0], [1.0], True),
    ],
)
def test_runs_are_longer_if_nearly_all_pairs_say_so(slow: list[float], fast: list[float], expected: bool) -> None:
    assert runs.is_longer(slow, fast) is expected


def test_only_savings_that_no_run_contradicts_are_findings() -> None:
    one, other = Place("/f/app.py", 3), Place("/f/app.py", 4)

    def saving(*places: Place, certain: bool = True) -> Deferral:
        return Deferral(places, "import x", 30.0, 20.0, 1.5, certain, 3)

    found = findings(Experiment((one, other), (other,), (), (saving(one, certain=False), saving(other))), "/f")
    assert [(one.rule, one.cold_ms) for one in found] == [("imports.unreferenced", 10.0)]
    together = findings(Experiment((one, other), (), (one,), (saving(one), saving(one, other))), "/f")
    assert [one.rule for one in together] == ["imports.annotations", "imports.deferrable-together"]
    (unknown,) = findings(Experiment(failure="it failed"), "/f")
    assert unknown.rule == "imports.not-measured"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("/f/app.py", "app.py:3"),
        ("/f/.venv/lib/python3.13/site-packages/a/b.py", "a/b.py:3"),
        ("/usr/lib/python3.13/json/__init__.py", "json/__init__.py:3"),
        ("/elsewhere/x.py", "/elsewhere/x.py:3"),
    ],
)
def test_a_place_is_shown_by_its_path_in_the_function_or_its_package(file: str, expected: str) -> None:
    assert shown(Place(file, 3), "/f") == expected


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("import json", ["json"]),
        ("import a.b, c as d", ["a", "d"]),
        ("from a import b as c, d", ["c", "d"]),
        ("from . import a", ["a"]),
        ("from __future__ import annotations", []),
        ("from a import *", []),
        ("from a import open", []),
        ("import typing", []),
        ("from typing import Any", ["Any"]),
        ("from typing import ClassVar", []),
        ("x = 1", []),
    ],
)
def test_an_import_can_be_deferred_unless_something_else_looks_for_its_names(statement: str, names: list[str]) -> None:
    assert deferrable(ast.parse(statement).body[0]) == names


def test_a_record_that_was_cut_by_a_kill_is_left_out() -> None:
    whole = "('import', 1, 0, 'a', 1.0, 1.5, 100, 300, None, 'f.py', 1, True, 0.25, False)"
    text = f"{whole}\n('import', 2, 1, 'b', 1.1, 1.2, 1"
    recording = runs.read(text, [], [], [])
    (one,) = recording.imports
    assert (one.seconds, one.processor, one.memory, one.phase) == (0.5, 0.25, 200, "init")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0100007F:1F90", "127.0.0.1:8080"),
        ("0000000000000000FFFF00000100007F:0050", "127.0.0.1:80"),
        ("00000000000000000000000001000000:0050", "[0000:0000:0000:0000:0000:0000:0000:0001]:80"),
    ],
)
def test_an_address_of_the_kernel_is_read(text: str, expected: str) -> None:
    assert address(text) == expected
