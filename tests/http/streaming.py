"""A client of the Runtime API that streams, for tests of answers in parts."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler
from lambda_kit._kernel import streaming
from lambda_kit.events._http_build import http_event

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

STREAMING = ("function_url", "rest_api")


class FakeClient:
    """A client of the Runtime API that keeps the parts that it is given."""

    def __init__(self, stop_after: int = -1) -> None:
        self.preludes: list[Any] = []
        self.parts: list[bytes] = []
        self._stop_after = stop_after

    def begin(self, prelude: Mapping[str, Any] | None) -> Callable[[bytes], bool] | None:
        self.preludes.append(prelude)
        return self._send

    def _send(self, part: bytes) -> bool:
        self.parts.append(part)
        return len(self.parts) != self._stop_after


@contextmanager
def sending(client: FakeClient | None = None) -> Generator[FakeClient]:
    client = client or FakeClient()
    streaming.client = client
    try:
        yield client
    finally:
        streaming.client = None


def call(function: Any, trigger: Any = "function_url", method: str = "GET", headers: Any = ()) -> Any:
    decorate: Any = handler()
    return decorate(function)(http_event(trigger, method, "/", headers), None)


every_streaming = pytest.mark.parametrize("trigger", STREAMING)
