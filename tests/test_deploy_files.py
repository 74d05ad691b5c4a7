"""The files of the page "Deploy": templates that cfn-lint takes, and syntax of the others."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path

import pytest

from release._tools import version
from release.layer import ARCHITECTURES, PEER, names
from tests.effort import is_full

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "examples" / "deploy"
LINT = ROOT / ".venvs" / "cfn-lint" / "bin" / "cfn-lint"


@pytest.mark.skipif(not is_full(), reason="it takes seconds, and is the same on each Python")
@pytest.mark.skipif(not LINT.exists(), reason="cfn-lint is not installed: make .venvs/cfn-lint/.installed")
def test_cfn_lint_takes_the_templates(tmp_path: Path) -> None:
    tutorial = (ROOT / "docs" / "tutorial.md").read_text()
    found = re.search(r'title="template.yaml"\n(.*?)^```', tutorial, re.DOTALL | re.MULTILINE)
    assert found is not None
    (tmp_path / "tutorial.yaml").write_text(found[1])
    files = [*DEPLOY.glob("*.yaml"), tmp_path / "tutorial.yaml"]
    assert len(files) == 3
    done = subprocess.run([LINT, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_alarm_is_on_a_search_which_cloudwatch_refuses() -> None:
    templates = [*DEPLOY.glob("*.yaml"), ROOT / "examples" / "shop" / "template.yaml"]
    alarms = [
        block
        for path in templates
        for block in re.split(r"^  (?=\w)", path.read_text(), flags=re.MULTILINE)
        if "Type: AWS::CloudWatch::Alarm" in block
    ]
    assert len(alarms) >= 8
    assert [block.partition(":")[0] for block in alarms if "SEARCH(" in block] == []


def test_the_dashboard_shows_each_metric_that_an_alarm_watches() -> None:
    alarms, _, dashboard = (DEPLOY / "operate.yaml").read_text().partition("AWS::CloudWatch::Dashboard")
    watched = set(re.findall(r"MetricName: (\w+)|\bSUM\((\w+)\)", alarms))
    names = {one or other for one, other in watched}
    assert {"Errors", "DeadLetterErrors", "ServerErrors", "ApproximateNumberOfMessagesVisible"} <= names
    assert [name for name in names if name not in dashboard] == []


def test_the_stack_of_the_cdk_is_python() -> None:
    ast.parse((DEPLOY / "cdk_stack.py").read_text())


def test_the_blocks_of_the_terraform_file_are_closed() -> None:
    hcl2 = pytest.importorskip("hcl2")
    assert {"data", "locals", "resource", "terraform"} <= set(hcl2.loads((DEPLOY / "main.tf").read_text()))


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_the_terraform_file_is_formatted_as_terraform_does() -> None:
    command = ["terraform", "fmt", "-check", "-diff", str(DEPLOY)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_layers_have_the_names_that_make_layer_gives_them() -> None:
    made = {names(kind, architecture, "3.13")[1] for kind in PEER for architecture in ARCHITECTURES}
    for name in FILES.values():
        named = re.findall(r"lambda-kit-sdk-[\w.-]+\.zip", (DEPLOY / name).read_text())
        assert named, name
        assert set(named) <= made
    assert names("core", "arm64", "3.13")[0] == f"lambda-kit-sdk-{version()}-core-python3.13-arm64.zip"


FILES = {"SAM": "template.yaml", "CDK": "cdk_stack.py", "Terraform": "main.tf"}
# What a file has to hold if the page says that it has a part: by part, for SAM, CDK and Terraform.
PARTS = {
    "the kit as a layer": ("AWS::Serverless::LayerVersion", "lambda_.LayerVersion(", '"aws_lambda_layer_version"'),
    "the Parameters and Secrets extension": (
        "!Ref ParametersExtension",
        "params_and_secrets=extensions",
        "var.parameters_extension, ",
    ),
    "the AppConfig agent, and the application, environment and profile of flags": (
        "!Ref AppConfigExtension]|AWS::AppConfig::Application|AWS::AppConfig::Environment|ConfigurationProfile",
        "[kit, agent]|appconfig.Application(|appconfig.Environment(|appconfig.CfnConfigurationProfile(",
        "var.app_config_extension]|aws_appconfig_application|aws_appconfig_environment|configuration_profile",
    ),
    "the table of idempotency": (
        "AttributeName: expiration",
        'time_to_live_attribute="expiration"',
        'attribute_name = "expiration"',
    ),
    "a queue with partial failures and a dead-letter queue": (
        "[ReportBatchItemFailures]|deadLetterTargetArn",
        "report_batch_item_failures=True|DeadLetterQueue(",
        '["ReportBatchItemFailures"]|deadLetterTargetArn',
    ),
    "log format and level": (
        "LogFormat: JSON|ApplicationLogLevel",
        "LoggingFormat.JSON|application_log_level_v2",
        "log_format            =|application_log_level =",
    ),
    "tracing": ("Tracing: Active", "Tracing.ACTIVE", 'mode = "Active"'),
    "SnapStart with an alias": (
        "PublishedVersions|AutoPublishAlias: live",
        "ON_PUBLISHED_VERSIONS|lambda_.Alias(",
        '"PublishedVersions"|"aws_lambda_alias"',
    ),
    "a streamed response": ("RESPONSE_STREAM", "RESPONSE_STREAM", "RESPONSE_STREAM"),
    "a container image": ("PackageType: Image", "DockerImageFunction(", 'package_type  = "Image"'),
    "Managed Instances": (
        "AWS::Lambda::CapacityProvider|CapacityProviderConfig:",
        "lambda_.CapacityProvider(|instances.add_function(",
        '"aws_lambda_capacity_provider"|capacity_provider_config {',
    ),
    "an HTTP API": ("Type: HttpApi", "HttpApi(", '"aws_apigatewayv2_api"'),
    "a log group with retention": ("RetentionInDays", "RetentionDays", "retention_in_days"),
    "alarms and a dashboard": ("AWS::CloudWatch::Alarm", "Alarm(", '"aws_cloudwatch_metric_alarm"'),
}


def test_each_file_has_the_parts_that_the_page_says() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text().partition("## Which file has what\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")]
    assert [row[0] for row in rows[2:]] == list(PARTS)
    for part, *said in rows[2:]:
        for file, answer, wanted in zip(FILES.values(), said, PARTS[part], strict=True):
            has = all(one in (DEPLOY / file).read_text() for one in wanted.split("|"))
            assert has == (answer == "yes"), (part, file)


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile, with lines that go on joined."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ")
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines.splitlines() if line)]


def test_the_dockerfile_starts_from_the_image_of_aws_and_names_a_handler_that_it_copies() -> None:
    found = instructions((DEPLOY / "Dockerfile").read_text())
    assert {name for name, _ in found} == {"ARG", "FROM", "COPY", "RUN", "CMD"}
    assert [rest for name, rest in found if name == "FROM"] == ["public.ecr.aws/lambda/python:${PYTHON}"]
    assert found[0] == ("ARG", "PYTHON=3.13")
    assert found[-1][0] == "CMD"
    (handler,) = json.loads(found[-1][1])
    module, _, name = handler.partition(".")
    assert ("COPY", f"examples/{module}.py ${{LAMBDA_TASK_ROOT}}/") in found
    assert callable(getattr(import_module(module), name))


def test_what_the_dockerfile_copies_is_there_or_is_made_by_make_dist() -> None:
    made = [f"dist/lambda_kit_sdk-{version()}-py3-none-any.whl"]
    for name, rest in instructions((DEPLOY / "Dockerfile").read_text()):
        if name != "COPY":
            continue
        *sources, target = shlex.split(rest)
        for source in sources:
            assert (ROOT / source).is_file() or any(fnmatch(one, source) for one in made), source
            assert len(sources) == 1 or target.endswith("/")
