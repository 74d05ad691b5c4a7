from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import ConfigurationError
from lambda_kit.local import _doctor_document as documents
from lambda_kit.local import _doctor_template as templates
from lambda_kit.local._doctor_config import Source

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("yaml")

SAM = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: dev}
  Owner: {Type: String}
Mappings:
  Sizes:
    dev: {Memory: 256}
    prod: {Memory: 1024}
Globals:
  Function:
    Runtime: python3.13
    Timeout: 20
    Tracing: Active
    Environment:
      Variables: {STAGE: !Ref Stage, LEVEL: info}
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 60
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Table: {Type: AWS::DynamoDB::Table}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.worker
      CodeUri: src/
      MemorySize: !FindInMap [Sizes, !Ref Stage, Memory]
      Architectures: [arm64]
      LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: WARN}
      Environment:
        Variables:
          TABLE: !Ref Table
          LEVEL: debug
          URL: !Sub "https://${Stage}.example.com/${Table}"
          TAG: !Join ["-", [a, !Ref Stage]]
          OWNER: !Ref Owner
          COUNT: 3
          DEBUG: true
      Events:
        Queue:
          Type: SQS
          Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: 100, MaximumBatchingWindowInSeconds: 5}
        Feed:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Table.StreamArn
            StartingPosition: LATEST
            FunctionResponseTypes: [ReportBatchItemFailures]
            MaximumRetryAttempts: 4
        Web: {Type: HttpApi}
        Timer: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
"""

PLAIN = {
    "Resources": {
        "Orders": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Handler": "orders.handler",
                "Timeout": "40",
                "SnapStart": {"ApplyOn": "PublishedVersions"},
                "EphemeralStorage": {"Size": 1024},
                "TracingConfig": {"Mode": "PassThrough"},
                "CapacityProviderConfig": {
                    "LambdaManagedInstancesCapacityProviderConfig": {"PerExecutionEnvironmentMaxConcurrency": 8}
                },
            },
        },
        "Alias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {"FunctionName": {"Ref": "Orders"}, "ProvisionedConcurrencyConfig": {}},
        },
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}},
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": {"Fn::GetAtt": ["Orders", "Arn"]},
                "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
                "ScalingConfig": {"MaximumConcurrency": 7},
            },
        },
        "Other": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {"FunctionName": "another", "EventSourceArn": "arn:aws:sqs:eu-west-1:123456789012:q"},
        },
    }
}


def written(folder: Path, text: str, name: str = "template.yaml") -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def test_a_sam_template_is_read_with_globals_and_intrinsic_functions(tmp_path: Path) -> None:
    found = templates.read(written(tmp_path, SAM), "app.worker", None, ["Owner=me"])
    assert (found.resource, found.timeout, found.memory, found.runtime) == ("Worker", 20, 256, "python3.13")
    assert (found.architecture, found.tracing, found.code) == ("arm64", True, "src/")
    assert (found.log_format, found.log_level) == ("json", "WARN")
    assert found.env == {
        "STAGE": "dev",
        "LEVEL": "debug",
        "TABLE": "Table",
        "URL": "https://dev.example.com/Table",
        "TAG": "a-dev",
        "OWNER": "me",
        "COUNT": "3",
        "DEBUG": "true",
    }
    assert found.placeholders == {"TABLE": "Table", "URL": "https://dev.example.com/Table"}
    assert (found.references, found.name) == (["Table"], None)
    assert found.sources == [
        Source("sqs", "Jobs", 100, 5, reports_failures=False, visibility=60, fifo=False, receives=3),
        Source("dynamodb", "Table", reports_failures=True, retries=4, destination=False),
        Source("http-api", "Web"),
    ]


def test_a_parameter_goes_over_its_default(tmp_path: Path) -> None:
    found = templates.read(written(tmp_path, SAM), "app.worker", None, ["Stage=prod"])
    assert (found.memory, found.env["STAGE"]) == (1024, "prod")


def test_a_cloudformation_template_in_json_is_read_with_its_mappings(tmp_path: Path) -> None:
    found = templates.read(written(tmp_path, json.dumps(PLAIN), "t.json"), "orders.handler", None, [])
    assert (found.timeout, found.memory, found.storage, found.processes) == (40, 128, 1024, 8)
    assert (found.snap_start, found.provisioned, found.tracing) == (True, True, False)
    assert found.sources == [
        Source("sqs", "Queue", reports_failures=False, visibility=30, fifo=True, receives=0, concurrency=7)
    ]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, None),
        ({"Policies": []}, []),
        ({"Policies": ["AWSLambdaBasicExecutionRole"]}, None),
        ({"Policies": [{"SQSPollerPolicy": {"QueueName": "q"}}]}, None),
        (
            {"Policies": [{"Statement": [{"Effect": "Allow", "Action": "s3:*"}, {"Effect": "Deny", "Action": "a:b"}]}]},
            ["s3:*"],
        ),
        ({"Policies": {"Statement": {"Effect": "Allow", "Action": ["a:b", "c:d"]}}}, ["a:b", "c:d"]),
        ({"Policies": [], "Role": "arn"}, None),
    ],
)
def test_the_actions_of_policies_are_known_if_all_are_documents(
    tmp_path: Path, properties: dict[str, Any], expected: list[str] | None
) -> None:
    own = {"Handler": "app.handler", **properties}
    text = json.dumps({"Resources": {"Fn": {"Type": "AWS::Serverless::Function", "Properties": own}}})
    assert templates.read(written(tmp_path, text), "app.handler", None, []).allowed == expected


def laughs() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    return "\n".join(lines)


def function(**properties: Any) -> str:
    own = {"Handler": "app.handler", **properties}
    return json.dumps({"Resources": {"Fn": {"Type": "AWS::Lambda::Function", "Properties": own}}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not an object with Resources"),
        ("[1, 2]", "is not an object with Resources"),
        ("a: b: c", "is not YAML"),
        ("{", "is not YAML"),
        ("? [a]\n: 1", "is not YAML"),
        ("when: 2026-13-45", "is not YAML that can be read"),
        ("!!python/object/apply:os.system ['true']", "is not YAML"),
        (laughs(), "values when its aliases are followed"),
        ("a: &a [*a]", "is nested more than 100 deep"),
        ("[" * 200 + "]" * 200, "is not an object"),
        ("a: " + "[" * 200 + "]" * 200, "is nested more than 100 deep"),
        ("a: " + "x" * 1_000_000, "CloudFormation takes at most 1000000"),
        ("a: 0x" + "f" * 5000, "has a number of 20000 bits"),
        ("Resources: 3", "Resources is a int, and not an object"),
        ("Resources: {}", "no function with the handler app.handler"),
        ("Resources: {A: 1, B: {Type: [x]}, 3: {Type: AWS::Lambda::Function}}", "name one with --resource: 3"),
        (function(Timeout="soon"), "Fn: Timeout is 'soon', and not a whole number"),
        (function(Timeout=True), "Fn: Timeout is 'True', and not a whole number"),
        (function(MemorySize=[1]), "Fn: MemorySize is '[1]', and not a whole number"),
        (function(Environment=[1]), "Fn: Environment is a list, and not an object"),
        (function(Environment={"Variables": {"A": {"b": 1}}}), "A is a dict, and not a text"),
        (function(LoggingConfig="JSON"), "LoggingConfig is a str, and not an object"),
        ("Globals: {Function: 1}\nResources: {}", "Globals.Function is a int, and not an object"),
        ("Globals: x", "Globals is a str, and not an object"),
        ("Parameters: [x]", "Parameters is a list, and not an object"),
        ("Resources: {F: {Type: AWS::Lambda::Function, Properties: x}}", "no function with the handler"),
    ],
)
def test_a_template_that_cannot_be_used_is_an_error_that_says_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        templates.read(written(tmp_path, text), "app.handler", None, [])
    assert message in str(caught.value)
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize(
    ("resource", "parameters", "message"),
    [
        ("Wrker", [], "did you mean 'Worker'?"),
        ("Jobs", [], "no such function"),
        (None, ["Stage"], "--parameter 'Stage' is not KEY=VALUE"),
        (None, ["Colour=red"], "has no such parameter"),
    ],
)
def test_wrong_options_for_a_template_are_named(
    tmp_path: Path, resource: str | None, parameters: list[str], message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        templates.read(written(tmp_path, SAM), "app.worker", resource, parameters)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Fn::Sub": "${!Literal}-${AWS::Partition}"}, "${Literal}-aws"),
        ({"Fn::Sub": ["${x}", {"x": "y"}]}, "y"),
        ({"Fn::Sub": [1]}, None),
        ({"Fn::Join": ["", ["a", {"Ref": "Unknown"}]]}, None),
        ({"Fn::Join": "x"}, None),
        ({"Fn::FindInMap": ["a", "b", "c"]}, None),
        ({"Fn::If": ["A", 1, 2]}, None),
        ({"Fn::GetAtt": "Queue.Arn"}, None),
        ({"Ref": ["x"]}, None),
        ([{"Fn::Sub": "x"}, 1], ["x", 1]),
        ({1: {"Fn::Sub": "x"}, "b": 2}, {"1": "x", "b": 2}),
    ],
)
def test_an_intrinsic_function_has_the_value_that_the_template_tells(given: Any, expected: Any) -> None:
    found = documents.Resolver({}, {}, "t").value(given)
    if expected is None:
        assert isinstance(found, documents.Unknown)
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", r"is not JSON: .*line 1 column 2"), ('{"a": ' + "[" * 100_000, "is nested too deep")],
    ids=["cut", "deep"],
)
def test_a_template_of_json_that_cannot_be_read_says_why(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        templates.read(written(tmp_path, text, "template.json"), "app.handler", None, [])
