"""The types of the helpers for durable executions."""

from __future__ import annotations

from typing import Any, assert_type

from lambda_kit.durable import checkpointed
from lambda_kit.flags import FeatureFlags, StaticFlags
from lambda_kit.parameters import Parameter

flags = FeatureFlags(StaticFlags({"express": {"default": True}}))


def limit() -> int:
    return 3


def values_keep_the_types_of_what_reads_them(context: Any) -> None:
    assert_type(checkpointed(context, limit), int)
    assert_type(checkpointed(context, lambda: flags.enabled("express"), name="express"), bool)
    assert_type(checkpointed(context, Parameter("/shop/limit")), str)
    checkpointed(context, 3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    checkpointed(context, read=limit)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
