"""The metadata of the package, and what the README says of it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
NOT_FOR_FUNCTIONS = {"charts", "durable", "local", "testing", "yaml"}
PAGES = [ROOT / "README.md", ROOT / "docs" / "install.md"]


def names_in(requirement: str) -> set[str]:
    """Return the extras of the package itself that a requirement names."""
    found = re.fullmatch(r"lambda-kit-sdk\[([^]]*)\]", requirement)
    return set(found[1].split(",")) if found else set()


def test_all_installs_what_functions_import_and_no_tools() -> None:
    (requirement,) = EXTRAS["all"]
    assert names_in(requirement) == set(EXTRAS) - NOT_FOR_FUNCTIONS - {"all", "parser"}


def test_the_former_name_of_an_extra_is_an_alias() -> None:
    assert [names_in(one) for one in EXTRAS["parser"]] == [{"pydantic"}]


def test_no_extra_pins_an_exact_version() -> None:
    assert [one for requirements in EXTRAS.values() for one in requirements if "==" in one.partition(";")[0]] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_table_of_extras_has_each_of_them(page: Path) -> None:
    rows = re.findall(r"^\| .* \| `(\w+)`(?: \([^)]*\))? \|$", page.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(set(EXTRAS) - {"all", "parser"})


def test_the_links_of_the_readme_work_on_a_package_index() -> None:
    source = PROJECT["urls"]["Source"]
    links = re.findall(r"\]\(([^)]*)\)", (ROOT / "README.md").read_text())
    assert links
    for link in links:
        assert link.startswith("https://")
        if link.startswith(source):
            assert (ROOT / link.removeprefix(f"{source}/blob/main/")).exists(), link


def test_the_links_of_the_metadata_are_in_one_place() -> None:
    source = PROJECT["urls"]["Source"]
    assert {"Documentation", "Source", "Issues", "Changelog"} <= set(PROJECT["urls"])
    assert all(url.startswith(source) for url in PROJECT["urls"].values())


def test_the_classifiers_name_each_python_that_make_tests() -> None:
    supported = re.search(r"^SUPPORTED := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert supported is not None
    prefix = "Programming Language :: Python :: "
    versions = [one.removeprefix(prefix) for one in PROJECT["classifiers"] if one.startswith(f"{prefix}3.")]
    assert versions == supported[1].split()


def test_the_numbers_of_the_landing_page_are_those_of_the_benchmarks() -> None:
    rows = re.findall(
        r"^\| .* \| ([\d.,]+ \S+) \| ([\d.,]+ \S+) \| (1/[\d.]+) \|$",
        (ROOT / "docs" / "index.md").read_text(),
        re.MULTILINE,
    )
    assert len(rows) == 4
    measured = (ROOT / "docs" / "benchmarks.md").read_text()
    for ours, theirs, ratio in rows:
        assert re.search(rf"{re.escape(ours)} +{re.escape(theirs)} .* {re.escape(ratio)}\b", measured), (ours, theirs)


def test_what_is_pinned_for_development_is_what_is_asked_for() -> None:
    groups: dict[str, list[Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    locked = (ROOT / "requirements" / "dev.txt").read_text().lower()
    wanted = [
        one for name in ("test", "docs", "lint", "types", "bench") for one in groups[name] if isinstance(one, str)
    ]
    pins = [re.sub(r"\[[^]]*\]", "", one.partition(";")[0]).strip().lower() for one in wanted if "==" in one]
    assert [pin for pin in pins if f"\n{pin.replace('backports.', 'backports-')} " not in locked] == [], (
        "run `make lock`"
    )


def test_each_exception_from_a_rule_of_security_has_a_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    begin = lines.index("[tool.ruff.lint.per-file-ignores]") + 1
    rules = lines[begin : lines.index("", begin)]
    found = [one for one in rules if re.search(r'"S\d*"', one)]
    for folder in ("lambda_kit", "release", "fuzz", "mutants", "examples"):
        for file in (ROOT / folder).rglob("*.py"):
            found += [one for one in file.read_text().splitlines() if re.search(r"# noqa:[^#]*\bS\d", one)]
    assert len(found) > 20
    assert [one for one in found if not re.search(r"(\]|noqa:[^#]*)  ?# .*\w{3,}", one)] == []
