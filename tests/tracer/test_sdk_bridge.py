"""A unit test of the entries on the SDK's stack."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lambda_kit.tracer import _sdk_bridge as sdk_bridge

Subsegment: Any = import_module("aws_xray_sdk.core.models.subsegment").Subsegment


def test_an_entry_has_every_method_by_which_the_sdk_describes_a_subsegment() -> None:
    passed_on = {name for cls in (sdk_bridge.BridgeEntry, sdk_bridge.StackEntry) for name in vars(cls)}
    said = {name for name in dir(Subsegment) if name.startswith(("put_", "set_", "apply_")) or name.endswith("_flag")}
    assert said | {"add_exception", "add_subsegment", "close"} <= passed_on
