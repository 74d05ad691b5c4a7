"""A stand-in for Lambda in loops: a context, and standard output as the runtime client makes it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from importlib import import_module
from typing import Any


class Context:
    """The context of one invocation, as plain as can be, so that asking it costs no side anything."""

    function_name = "place-order"
    memory_limit_in_mb = "128"
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:place-order"
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    tenant_id = None

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Return half a minute, always."""
        return 30_000


_reader: subprocess.Popen[bytes] | None = None


def write_into_a_pipe() -> None:
    """Make standard output what it is under the runtime client: unbuffered, and a pipe that is read."""
    global _reader
    if _reader is None:
        os.environ["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:9001"  # by which one knows to be on Lambda
        _reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert _reader.stdin is not None
        stream: Any = io.TextIOWrapper(_reader.stdin, encoding="utf-8")
        sys.__stdout__ = stream  # type: ignore[misc]
        sys.stdout = import_module("awslambdaric.bootstrap").Unbuffered(stream)
