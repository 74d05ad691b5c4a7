"""Unit tests: the control flow of the SDK for durable executions is recognised by its loaded module alone."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from lambda_kit._kernel.durable import is_suspension

MODULE = "aws_durable_execution_sdk_python.exceptions"


class Suspend(BaseException):
    pass


class TimedSuspend(Suspend):
    pass


class Orphaned(BaseException):
    pass


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Any:
    module: Any = ModuleType(MODULE)
    module.SuspendExecution, module.OrphanedChildException = Suspend, Orphaned
    monkeypatch.setitem(sys.modules, MODULE, module)
    return module


def test_nothing_is_a_suspension_while_the_sdk_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    assert not is_suspension(Suspend())


def test_the_sdks_control_flow_and_its_subclasses_are_suspensions(sdk: Any) -> None:
    assert [is_suspension(one) for one in (Suspend(), TimedSuspend(), Orphaned())] == [True] * 3
    assert [is_suspension(one) for one in (None, ValueError(), KeyboardInterrupt(), GeneratorExit())] == [False] * 4


def test_an_error_that_only_claims_to_be_of_the_class_is_none(sdk: Any) -> None:
    class Pretender(Exception):
        __class__ = Suspend  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]

    assert not is_suspension(Pretender())


@pytest.mark.parametrize("module", [SimpleNamespace(), SimpleNamespace(SuspendExecution="text"), None], ids=repr)
def test_a_module_of_another_version_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch, module: Any) -> None:
    monkeypatch.setitem(sys.modules, MODULE, module)
    assert not is_suspension(Suspend())
