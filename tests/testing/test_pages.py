"""The pages on testing: their tests run under pytest as a user's do, and their tables are those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.effort import skip_in_the_middle
from tests.testing.reference_page import PAGE, fixtures, with_tables
from tests.testing.test_real_function import PROGRAM

if TYPE_CHECKING:
    import pytest

skip_in_the_middle()


HOW_TO = Path(__file__).parent.parent.parent / "docs" / "testing.md"
WITHOUT_TESTS = {"Test a function", "Good to know"}


def test_the_tables_are_those_of_the_code() -> None:
    page = PAGE.read_text()
    assert with_tables(page) == page, "run python -m tests.testing.reference_page"


def test_the_how_to_shows_every_fixture() -> None:
    page = HOW_TO.read_text()
    assert [name for name in fixtures() if name not in page] == ["xray_daemon"]  # which the reference shows


def test_each_section_of_the_how_to_has_tests_that_pass(pytester: pytest.Pytester) -> None:
    sections = re.split(r"^#+ ", HOW_TO.read_text(), flags=re.MULTILINE)[1:]
    expected = 0
    for section in sections:
        title = section.partition("\n")[0]
        code = "\n\n".join(re.findall(r"^```python\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL))
        tests = len(re.findall(r"^ *def test_", code, flags=re.MULTILINE))
        assert (tests == 0) == (title in WITHOUT_TESTS), title
        if tests:
            expected += tests
            name = re.sub(r"\W+", "_", title.lower())
            pytester.path.joinpath(f"test_{name}.py").write_text(code)
    services = f"lambda_kit_ministack = {PROGRAM}" if PROGRAM.exists() else ""
    pytester.makeini(f"[pytest]\nfilterwarnings = error\nlambda_kit_missing = fail\n{services}")
    # In random order, in two processes: no test leaves anything to another one.
    result = pytester.runpytest_subprocess("-n", "2", "-p", "no:cacheprovider", "--tb=short", timeout=300)
    needs_services = 0 if PROGRAM.exists() else 2
    result.assert_outcomes(passed=expected - needs_services, failed=needs_services)
