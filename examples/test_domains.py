"""The custom resource under test, with a server in place of CloudFormation's URL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from domains import manage, records

from lambda_kit.local import Environment
from lambda_kit.testing import invoke
from tests.events.answers.fakes import Got, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


class Stack:
    """The answers that came."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.url = ""

    def __call__(self, got: Got) -> tuple[int, bytes]:
        self.answers.append(json.loads(got.body))
        return 200, b""

    def event(self, kind: str, **more: Any) -> dict[str, Any]:
        names = ("StackId", "RequestId", "LogicalResourceId")
        url = f"{self.url}/answer?signature=s"
        return {"RequestType": kind, "ResponseURL": url, **dict.fromkeys(names, "x"), **more}


@pytest.fixture
def stack() -> Iterator[Stack]:
    found = Stack()
    with serving(found) as url:
        found.url = url
        yield found


SHOP = {"Name": "shop.example.com", "Target": "d1.cloudfront.net"}


def test_a_record_is_created_and_deleted(stack: Stack) -> None:
    invoke(manage, stack.event("Create", ResourceProperties=SHOP))
    assert records == {"shop.example.com": "d1.cloudfront.net"}
    invoke(manage, stack.event("Delete", PhysicalResourceId="shop.example.com"))
    assert records == {}
    assert [one["Status"] for one in stack.answers] == ["SUCCESS", "SUCCESS"]


def test_a_property_that_is_missing_is_a_failure_and_no_stack_that_waits_for_an_hour(stack: Stack) -> None:
    invoke(manage, stack.event("Create", ResourceProperties={}))
    assert (stack.answers[0]["Status"], stack.answers[0]["Reason"]) == ("FAILED", "KeyError: 'Name'")


def test_it_runs_under_the_runtime_client(stack: Stack) -> None:
    with Environment("domains.manage", cwd=Path(__file__).parent) as environment:
        outcome = environment.invoke(stack.event("Create", ResourceProperties=SHOP))
    assert outcome.status == "success"
    (answer,) = stack.answers
    assert (answer["PhysicalResourceId"], answer["Data"]) == ("shop.example.com", {"Url": "https://shop.example.com"})
