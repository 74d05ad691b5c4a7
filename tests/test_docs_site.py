"""The documentation site, as MkDocs builds it: the links for machines, and the signatures of the reference."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.effort import is_full

ROOT = Path(__file__).parent.parent
if find_spec("mkdocs") is None or not is_full():
    pytest.skip("it takes half a minute, and runs where MkDocs is installed", allow_module_level=True)

OBJECT = re.compile(r'<h\d id="(lambda_kit[^"]+)" class="doc doc-heading">(.*?)<div class="doc doc-contents', re.DOTALL)
SIGNATURE = re.compile(r'<div class="[^"]*doc-signature[^"]*">.*?</div>', re.DOTALL)
BASES = re.compile(r'<p class="doc doc-class-bases">.*?</p>', re.DOTALL)
PRIVATE = re.compile(r"(?<![\w.'\"])_[A-Za-z]\w*")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site with the command of `make docs`."""
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
