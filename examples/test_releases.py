"""The action under test: in this process, and under the runtime client of AWS, with a server in place of AWS's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from releases import published, release

from lambda_kit.local import Environment
from lambda_kit.testing import invoke
from tests.events.answers.fakes import Calls, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    found = Calls()
    with serving(found) as found.url:
        for name, value in found.environ.items():
            monkeypatch.setenv(name, value)
        yield found


def job(parameters: str, **data: Any) -> dict[str, Any]:
    configuration = {"configuration": {"FunctionName": "release", "UserParameters": parameters}}
    return {"CodePipeline.job": {"id": "j-1", "data": {"actionConfiguration": configuration, **data}}}


def test_a_release_goes_on_until_it_is_done(pipeline: Calls) -> None:
    invoke(release, job('{"version": "7"}'))
    assert published == ["7"]
    (first,) = pipeline.calls
    assert first[1]["continuationToken"] == "7"
    invoke(release, job('{"version": "7"}', continuationToken="7"))
    assert pipeline.calls[1][0] == "PutJobSuccessResult"
    assert pipeline.calls[1][1]["outputVariables"] == {"version": "7"}


def test_parameters_that_are_wrong_fail_the_job_and_leave_no_pipeline_that_waits(pipeline: Calls) -> None:
    invoke(release, job("{}"))
    invoke(release, job("version 7"))
    assert [(name, call["failureDetails"]["type"]) for name, call in pipeline.calls] == [
        ("PutJobFailureResult", "ConfigurationError"),
        ("PutJobFailureResult", "JobFailed"),
    ]


def test_it_runs_under_the_runtime_client(pipeline: Calls) -> None:
    with Environment("releases.release", cwd=Path(__file__).parent, env=pipeline.environ) as environment:
        assert environment.invoke(job('{"version": "7"}', continuationToken="7")).status == "success"
    assert [name for name, _ in pipeline.calls] == ["PutJobSuccessResult"]
