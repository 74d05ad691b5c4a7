"""Fixtures: the trace of a function, and places for it to run."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from lambda_kit.local import Environment
from tests.batch.end_to_end.stage import FUNCTIONS, Trace, deploy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Aws

if sys.platform != "linux":
    # The runtime client has wheels for Linux alone.
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    return Trace(tmp_path / "trace")


@pytest.fixture
def run(aws: Aws, trace: Trace) -> Iterator[Callable[..., Environment]]:
    """Run a function of the shop in an environment of its own."""
    with ExitStack() as stack:

        def start(function: str, *, timeout: float = 30.0, **environ: str) -> Environment:
            env = {"TRACE": str(trace.path), **environ}
            return stack.enter_context(Environment(f"shop.{function}", cwd=FUNCTIONS, timeout=timeout, env=env))

        yield start


@pytest.fixture
def deployed(aws: Aws, trace: Trace) -> Iterator[Callable[..., str]]:
    """Let the services invoke a function of the shop."""
    names: list[str] = []

    def start(function: str, **environ: str) -> str:
        names.append(deploy(aws, function, TRACE=str(trace.path), **environ))
        return names[-1]

    yield start
    client = aws.boto3("lambda")
    for mapping in client.list_event_source_mappings()["EventSourceMappings"]:
        client.delete_event_source_mapping(UUID=mapping["UUID"])
    for name in names:
        client.delete_function(FunctionName=name)  # and its processes
