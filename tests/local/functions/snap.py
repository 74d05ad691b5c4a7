"""A function with SnapStart hooks."""

from __future__ import annotations

import os
from typing import Any

from snapshot_restore_py import register_after_restore, register_before_snapshot

happened: list[str] = ["imported"]


@register_before_snapshot  # type: ignore[untyped-decorator, unused-ignore]
def before() -> None:
    if os.environ.get("FAIL") == "before":
        raise RuntimeError("no snapshot")
    happened.append("before")


@register_after_restore  # type: ignore[untyped-decorator, unused-ignore]
def after() -> None:
    if os.environ.get("FAIL") == "after":
        raise RuntimeError("no restore")
    happened.append("after")


def handler(event: Any, context: Any) -> Any:
    return {"happened": happened, "stream": os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")}
