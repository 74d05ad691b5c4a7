"""Headless Chromium opens a page of another origin than the app, which is behind a server as behind a function URL.

The browser decides what a page may send and read, so it is the judge of the CORS headers.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from tests.effort import skip_in_the_middle
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

skip_in_the_middle()
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if sys.platform != "linux":
    pytest.skip("the runtime client has wheels for Linux alone", allow_module_level=True)
if CHROMIUM is None:
    pytest.skip("Chromium is not installed", allow_module_level=True)

from lambda_kit.local import FunctionUrl  # noqa: E402  # behind what it needs

HERE = Path(__file__).parent
PAGE = (HERE / "pages" / "shop.html").read_bytes()


class Pages:
    """A server of the page: one origin. The page posts what it has seen."""

    def __init__(self, steps: Path) -> None:
        self.results: dict[str, Any] = {}
        self.done = threading.Event()
        pages = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply(PAGE if self.path.startswith("/page") else b"", "text/html")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.startswith("/step/"):
                    (steps / self.path.rpartition("/")[2]).touch()
                else:
                    pages.results = json.loads(body)
                self._reply(b"", "text/plain")
                if self.path == "/results":
                    pages.done.set()

            def _reply(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def browse(url: str, profile: Path, *done: threading.Event) -> None:
    """Open a page until it is done."""
    assert CHROMIUM is not None
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server"]
    quiet = ["--disable-dev-shm-usage", "--disable-background-networking", "--disable-extensions", "--log-level=3"]
    with (profile / "log").open("wb") as log:
        child = subprocess.Popen(
            [*command, *quiet, f"--user-data-dir={profile}", "--remote-debugging-port=0", url],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        for one in done:
            assert one.wait(PATIENCE), (profile / "log").read_text()
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What pages of the named origin and of another one have seen."""
    profile, steps = tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("steps")
    ours, other = Pages(steps), Pages(steps)
    try:
        with (
            FunctionUrl(
                "service.lambda_handler", cwd=HERE / "functions", timeout=PATIENCE, env={"ORIGIN": ours.origin}
            ) as api,
            FunctionUrl(
                "service.lambda_handler",
                cwd=HERE / "functions",
                timeout=PATIENCE,
                env={"ORIGIN": ours.origin},
                runtime="kit",
            ) as stream,
        ):
            inner = f"{other.origin}/page?{urlencode({'api': api.url})}"
            query = {"api": api.url, "stream": f"{stream.url}/events?{urlencode({'steps': steps})}", "other": inner}
            browse(f"{ours.origin}/page?{urlencode(query)}", profile, ours.done, other.done)
            yield ours.results, other.results
    finally:
        ours.close()
        other.close()


REFUSED = {"refused": "TypeError"}


def test_a_page_of_the_named_origin_reads_answers_and_what_is_exposed(seen: Any) -> None:
    ours, _ = seen
    assert ours["simple"]["status"] == 200
    assert json.loads(ours["simple"]["body"]) == {"text": "a", "tags": []}
    assert ours["exposed"]["headers"] == {"content-type": "text/plain; charset=utf-8", "x-seen": "yes", "etag": None}


@pytest.mark.parametrize(("name", "status"), [("not_found", 404), ("broken", 500), ("form", 405)])
def test_a_page_of_the_named_origin_reads_errors(seen: Any, name: str, status: int) -> None:
    ours, _ = seen
    assert ours[name]["status"] == status
    assert json.loads(ours[name]["body"])["status"] == status


def test_requests_with_preflights_are_sent_with_the_named_headers_and_methods_alone(seen: Any) -> None:
    ours, _ = seen
    assert ours["preflighted"]["status"] == 204
    assert ours["json"]["status"] == 200
    assert ours["other_header"] == REFUSED
    assert ours["other_method"] == REFUSED


def test_cookies_are_kept_and_sent_where_credentials_are_allowed(seen: Any) -> None:
    ours, _ = seen
    assert ours["set_cookies"]["status"] == 200
    assert ours["with_cookies"]["body"] == "1 none"
    assert ours["without_cookies"]["status"] == 422


def test_a_page_of_another_origin_reads_nothing(seen: Any) -> None:
    _, other = seen
    assert set(map(json.dumps, other.values())) == {json.dumps(REFUSED)}
    assert len(other) == 12


def test_events_of_a_stream_arrive_one_by_one(seen: Any) -> None:
    ours, _ = seen
    assert ours["events"] == ["0", "1", "2"]
