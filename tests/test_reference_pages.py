"""The generated pages of the documentation are those that the code gives, and no public name is missing."""

from __future__ import annotations

import re

from lambda_kit import errors
from tests import public_api, reference_pages


def test_the_pages_are_those_that_the_code_gives() -> None:
    stale = [path.name for path, text in reference_pages.pages().items() if path.read_text() != text]
    assert stale == [], "run `make reference`"


def test_each_public_module_has_a_place_in_the_reference() -> None:
    shown = [name for _, modules in reference_pages.PAGES.values() for name in modules]
    assert sorted(shown) == sorted(set(public_api.modules()) - {"lambda_kit"})


def test_each_error_says_what_to_do() -> None:
    assert set(reference_pages.REMEDIES) == set(errors.__all__)


def test_the_index_for_machines_links_to_pages_that_exist() -> None:
    links = re.findall(r"\]\(([^)]+)\)", (reference_pages.DOCS / "llms.txt").read_text())
    assert links
    assert [link for link in links if not (reference_pages.DOCS / link).exists()] == []
