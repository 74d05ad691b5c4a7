"""The pairs of files of the page "From Powertools": both sides get the same events, over the same services."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lambda_kit.testing import events
from tests.effort import is_full

ROOT = Path(__file__).parent.parent
HERE = ROOT / "examples" / "migrations"
PEER = ROOT / ".venvs" / "peer" / "bin" / "python"
PAGE = ROOT / "docs" / "migrate-from-powertools.md"
LINES = [{"price": 400, "count": 2}]
ORDERS: list[dict[str, Any]] = [
    {"order": "o-1", "customer": "ada", "request": "r-1", "lines": LINES},
    {"order": "o-1", "customer": "ada", "request": "r-2", "lines": LINES},  # again
    {"order": "o-1", "customer": "ada", "request": "r-3", "lines": LINES * 2},  # the same order, other lines
    {"order": "o-2", "customer": "eve", "request": "r-4", "lines": LINES},  # without the discount
    {"order": "o-3", "customer": "ada", "request": "r-5", "lines": LINES * 9},  # over the limit
    {"customer": "ada", "request": "r-6", "lines": LINES},  # without a key
]
FLAGS = {
    "discount": {
        "default": False,
        "rules": {
            "for ada": {"when_match": True, "conditions": [{"action": "EQUALS", "key": "customer", "value": "ada"}]}
        },
    }
}


def run(python: str, module: str, made: list[Any], environment: dict[str, str]) -> tuple[list[Any], list[Any]]:
    """Return the answers of a handler, in a process of its own, and the lines of JSON that it wrote."""
    done = subprocess.run(
        [python, "-W", "ignore", str(HERE / "answers.py"), module],
        input=json.dumps(made),
        capture_output=True,
        text=True,
        check=True,
        env={**environment, "PYTHONPATH": str(ROOT), "POWERTOOLS_TRACE_DISABLED": "true"},
        timeout=120,
    )
    return json.loads(done.stdout), [json.loads(one) for one in done.stderr.splitlines() if one.startswith("{")]


def values_of(lines: list[Any]) -> list[tuple[Any, ...]]:
    """Return the metrics that were written: name, value, dimensions."""
    found: list[tuple[Any, ...]] = []
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            names = [name for names in directive["Dimensions"] for name in names]
            for metric in directive["Metrics"]:
                dimensions = sorted((name, line[name]) for name in names)
                value = json.dumps(line[metric["Name"]]).strip("[]")  # one side writes a list for a single value
                found.append((directive["Namespace"], metric["Name"], float(value), dimensions))
    return found


@pytest.mark.skipif(not PEER.exists(), reason="the peers are not installed: make .venvs/peer/.installed")
@pytest.mark.skipif(not is_full(), reason="it starts AWS's services; it runs on the newest Python")
def test_a_function_with_six_features_does_the_same(aws: Any) -> None:
    _create_services(aws)
    kept = ("AWS_", "IDEMPOTENCY_", "PATH")
    environment = {name: value for name, value in os.environ.items() if name.startswith(kept)}
    environment |= {"AWS_LAMBDA_FUNCTION_NAME": "shop", "PATH": ""}
    results: dict[str, Any] = {}
    for side, python in (("powertools", str(PEER)), ("lambda_kit", sys.executable)):
        tables = {"IDEMPOTENCY_TABLE": f"idempotency-{side}", "ORDERS_TABLE": f"orders-{side}"}
        answers, lines = run(python, f"checkout_{side}", ORDERS, environment | tables)
        items = aws.boto3("dynamodb").scan(TableName=tables["ORDERS_TABLE"])["Items"]
        placed = [line for line in lines if line.get("message") == "placed"]
        results[side] = {
            "answers": answers[:2] + answers[3:4],
            "raised": [answers[2], answers[4], answers[5]],
            "orders": sorted(str(item) for item in items),
            "placed": [(line["total"], line["order"], line["level"], line["service"]) for line in placed],
            "correlated": [line.get("correlation_id", line.get("correlationId")) for line in placed],
            "metrics": sorted(values_of(lines)),
        }
    theirs, ours = results["powertools"], results["lambda_kit"]
    assert theirs.pop("raised") == [
        {"raised": "IdempotencyValidationError"},
        {"raised": "ValueError"},
        {"raised": "KeyError"},  # it runs without a key
    ]
    assert ours.pop("raised") == [
        {"raised": "PayloadMismatch"},
        {"raised": "ValueError"},
        {"raised": "MissingIdempotencyKey"},
    ]
    assert ours["answers"] == [{"order": "o-1", "total": 720, "currency": "CHF"}] * 2 + [
        {"order": "o-2", "total": 800, "currency": "CHF"}
    ]
    assert ("Shop", "OrderTotal", 720.0, [("currency", "CHF")]) in theirs["metrics"]
    assert ours == theirs


def _create_services(aws: Any) -> None:
    dynamodb = aws.boto3("dynamodb")
    for side in ("powertools", "lambda_kit"):
        for table in ("idempotency", "orders"):
            dynamodb.create_table(
                TableName=f"{table}-{side}",
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
            )
    aws.boto3("ssm").put_parameter(Name="/shop/currency", Value="CHF", Type="String")
    aws.boto3("secretsmanager").create_secret(Name="shop/limits", SecretString=json.dumps({"total": 5_000}))
    config = aws.boto3("appconfig")
    application = config.create_application(Name="shop")["Id"]
    environment = config.create_environment(ApplicationId=application, Name="prod")["Id"]
    profile = config.create_configuration_profile(ApplicationId=application, Name="flags", LocationUri="hosted")["Id"]
    version = config.create_hosted_configuration_version(
        ApplicationId=application,
        ConfigurationProfileId=profile,
        Content=json.dumps(FLAGS).encode(),
        ContentType="application/json",
    )
    strategy = config.create_deployment_strategy(
        Name="at-once", DeploymentDurationInMinutes=0, GrowthFactor=100.0, ReplicateTo="NONE", FinalBakeTimeInMinutes=0
    )["Id"]
    config.start_deployment(
        ApplicationId=application,
        EnvironmentId=environment,
        DeploymentStrategyId=strategy,
        ConfigurationProfileId=profile,
        ConfigurationVersion=str(version["VersionNumber"]),
    )


@pytest.mark.skipif(not PEER.exists(), reason="the peers are not installed: make .venvs/peer/.installed")
def test_a_worker_reports_the_same_failures() -> None:
    made = events.sqs([{"order": "o-1", "lines": [1]}, {"order": "o-2", "lines": []}])
    theirs, their_lines = run(str(PEER), "worker_powertools", [made, events.joined(made, made)], {})
    ours, our_lines = run(sys.executable, "worker_lambda_kit", [made, events.joined(made, made)], {})
    failed = made["Records"][1]["messageId"]
    assert theirs[0] == ours[0] == {"batchItemFailures": [{"itemIdentifier": failed}]}
    assert ours[1]["batchItemFailures"] == ours[0]["batchItemFailures"]  # one message that came twice is named once
    shipped = [[line["order"] for line in lines if line["message"] == "shipping"] for lines in (their_lines, our_lines)]
    assert shipped[0] == shipped[1] == ["o-1", "o-2"] * 3


def test_the_code_on_the_page_is_that_of_the_files() -> None:
    blocks = re.findall(r'^```py title="(\w+)\.py"\n(.*?)^```$', PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert {name for name, _ in blocks} == {
        "checkout_powertools",
        "checkout_lambda_kit",
        "worker_powertools",
        "worker_lambda_kit",
    }
    assert [name for name, block in blocks if block.strip() not in (HERE / f"{name}.py").read_text()] == []
