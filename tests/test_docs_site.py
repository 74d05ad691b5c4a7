"""The documentation site, as MkDocs builds it: links for machines, signatures of the reference, widths in a browser."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE

ROOT = Path(__file__).parent.parent
if find_spec("mkdocs") is None:
    pytest.skip("MkDocs is installed for one version of Python", allow_module_level=True)

OBJECT = re.compile(r'<h\d id="(lambda_kit[^"]+)" class="doc doc-heading">(.*?)<div class="doc doc-contents', re.DOTALL)
SIGNATURE = re.compile(r'<div class="[^"]*doc-signature[^"]*">.*?</div>', re.DOTALL)
BASES = re.compile(r'<p class="doc doc-class-bases">.*?</p>', re.DOTALL)
PRIVATE = re.compile(r"(?<![\w.'\"])_[A-Za-z]\w*")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site with the command of `make docs`; `SITE` names one that was just built."""
    if built_before := os.environ.get("SITE"):
        return Path(built_before)
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    built = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert built.returncode == 0, "\n".join(one for one in built.stderr.splitlines() if not one.startswith("INFO"))
    return folder


def text_of(markup: str) -> str:
    """Return the text of HTML, with single blanks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", markup)).split())


def signatures(site: Path) -> dict[str, tuple[list[str], int]]:
    """Return the signatures of each object of the reference, and how many of them are shown without unfolding."""
    found: dict[str, tuple[list[str], int]] = {}
    for page in sorted((site / "reference").glob("*.html")):
        for name, shown in OBJECT.findall(page.read_text()):
            before = shown.partition("<details")[0]
            found[name] = [text_of(one) for one in SIGNATURE.findall(shown)], len(SIGNATURE.findall(before))
    return found


def test_the_index_for_machines_links_to_files_of_the_site(site: Path) -> None:
    links = re.findall(r"\]\(([^)]+)\)", (site / "llms.txt").read_text())
    assert len(links) > 50
    assert [link for link in links if not (site / link).is_file()] == []


def test_an_object_of_the_reference_shows_one_signature_and_folds_the_others(site: Path) -> None:
    found = signatures(site)
    assert len(found["lambda_kit.batch.batch"][0]) > 5
    assert [name for name, (_, unfolded) in found.items() if unfolded > 1] == []


def test_no_signature_is_shown_twice(site: Path) -> None:
    assert [name for name, (texts, _) in signatures(site).items() if len(texts) != len(set(texts))] == []


def test_the_reference_shows_no_internal_name(site: Path) -> None:
    leaks = {name: one for name, (texts, _) in signatures(site).items() for one in texts if PRIVATE.search(one)}
    assert leaks == {}
    bases = [text_of(one) for page in (site / "reference").glob("*.html") for one in BASES.findall(page.read_text())]
    assert [one for one in bases if PRIVATE.search(one)] == []


def test_a_field_of_a_view_shows_its_type(site: Path) -> None:
    found = signatures(site)
    assert found["lambda_kit.events.SqsRecord.receipt_handle"][0] == ["receipt_handle: str"]
    assert found["lambda_kit.events.CodePipelineEvent.input_artifacts"][0] == ["input_artifacts: Records[Artifact]"]
    assert found["lambda_kit.batch.DROPPED"][0] == ["DROPPED"]


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MEASURE = (Path(__file__).parent / "site_widths.html").read_bytes()


class _Server(SimpleHTTPRequestHandler):
    """Serves the site, and the page that opens each of its pages in a frame and posts what it has measured."""

    measured: dict[str, Any]
    done: threading.Event

    def do_GET(self) -> None:
        if self.path.startswith("/search/"):
            self.send_error(404)  # the index is large, and each page would read it
            return
        if self.path != "/measure":
            super().do_GET()
            return
        pages = [path.relative_to(self.directory).as_posix() for path in Path(self.directory).rglob("*.html")]
        body = MEASURE.replace(b"PAGES", json.dumps(sorted(pages)).encode())
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        type(self).measured = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        type(self).done.set()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_nothing_scrolls_sideways_on_a_wide_screen_and_no_name_breaks_inside_a_word_on_a_narrow_one(
    site: Path, tmp_path: Path
) -> None:
    _Server.done = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Server, directory=str(site)))
    serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    serving.start()
    options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--window-size=1500,1000",
        f"--user-data-dir={tmp_path}",
    ]
    url = f"http://127.0.0.1:{server.server_address[1]}/measure"
    browser = subprocess.Popen([str(CHROMIUM), *options, url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert _Server.done.wait(2 * PATIENCE)
    finally:
        browser.kill()
        browser.wait()
        server.shutdown()
        serving.join()
        server.server_close()
    assert _Server.measured["pages"] > 60
    assert _Server.measured["wide"] == []
    assert _Server.measured["broken"] == []
