"""The faults of `make mutants` are single ones, in code that runs."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mutants import reach, results, swap
from mutants.cores import CORES, Core
from mutants.operators import mutants_of
from mutants.runner import Trial
from tests.effort import skip_in_the_middle

skip_in_the_middle()


ROOT = Path(__file__).parents[1]
SOURCE = '''
"""A docstring."""
TYPE_CHECKING = False
if TYPE_CHECKING:
    import typing

def cheap(price: "int", most=10) -> "bool":
    """Tell whether it is cheap."""
    if price < 0 and not most:
        raise ValueError(f"{price} is below {0}")
    log("x")
    return price + 1 <= most
'''


def test_each_fault_changes_one_place() -> None:
    found = [(one.before.removesuffix(" …"), one.after.removesuffix(" …")) for one in mutants_of(SOURCE)]
    assert found == [
        ("10", "11"),
        ("if price < 0 and (not most):", "if not (price < 0 and (not most)):"),
        ("price < 0 and (not most)", "price < 0 or not most"),
        ("price < 0", "price <= 0"),
        ("0", "1"),
        ("not most", "most"),
        ("log('x')", "pass"),
        ("'x'", "'xx'"),
        ("return price + 1 <= most", "return None"),
        ("price + 1 <= most", "price + 1 < most"),
        ("price + 1", "price - 1"),
        ("1", "2"),
    ]
    plain = ast.unparse(ast.parse(SOURCE))
    texts = {ast.unparse(one.tree) for one in mutants_of(SOURCE)}
    assert len(texts) == 12
    assert plain not in texts
    for one in mutants_of(SOURCE):
        compile(one.tree, "cheap", "exec")


def test_cores_name_files_and_tests_that_exist() -> None:
    for core in CORES.values():
        assert all((ROOT / "lambda_kit" / file).is_file() for file in core.files)
        assert all((ROOT / "tests" / file).is_file() for file in core.tests)


def test_a_fault_knows_its_function() -> None:
    source = "x = 1\nclass A:\n    def f(self):\n        return 2"
    assert [one.function for one in mutants_of(source)] == ["", "A.f", "A.f"]


def test_results_are_kept_with_what_was_written_about_a_survivor(tmp_path: Path) -> None:
    one, other = mutants_of("a < 1")[:2]
    result = results.result_of(2, [Trial("a.py", one, "survived"), Trial("a.py", other, "timed out")], ())
    assert (result.tried, [(each.file, each.before) for each in result.survivors]) == (2, [("a.py", "a < 1")])
    assert "| a |  | 2 | 2 | 1 | 0 | 1 | 50.0% |" in results.table({"a": result})
    assert "- `a.py`: `a < 1` became `pass`." in results.table({"a": result})
    words = replace(result.survivors[0], harmless="Nothing reads it.")
    results.save("a b", replace(result, survivors=(words,)), tmp_path)
    kept = results.load("a b", tmp_path)
    assert kept is not None
    assert kept.survivors == (words,)
    again = results.result_of(2, [Trial("a.py", one, "survived")], kept.survivors)
    assert again.survivors == (words,)
    assert "| a |  | 2 | 1 | 0 | 1 | 0 | 0.0% |" in results.table({"a": again})
    assert "- `a.py`: `a < 1` became `pass`. Nothing reads it." in results.table({"a": again})


WATCHED = """
import sys
from pathlib import Path
import pytest
from mutants.reach import Watch
watch = Watch(Path("shop").resolve(), ["prices.py"])
pytest.main(["-q", "-p", "no:cacheprovider", "test_prices.py"], [watch])
print(watch.reach()["entered"])
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Mutants need Python 3.12")
def test_the_tests_of_a_fault_are_those_that_enter_its_function(pytester: pytest.Pytester) -> None:
    shop = pytester.mkdir("shop")
    (shop / "prices.py").write_text(
        "def half(x):\n    return x / 2\nHALF = half(3)\nclass Price:\n"
        "    def cut(self):\n        return (lambda x: x - 1)(1)\ndef never():\n    return 0"
    )
    pytester.makepyfile(
        test_prices="def test_a():\n    from shop.prices import Price\n    Price().cut()\ndef test_b():\n    pass\n"
    )
    printed = pytester.run(sys.executable, "-c", f"import sys; sys.path[:0] = [{str(ROOT)!r}, '.']\n{WATCHED}")
    entered = ast.literal_eval(printed.outlines[-1])
    a = "test_prices.py::test_a"
    assert entered == {"prices.py ": [""], "prices.py half": [""], "prices.py Price": [""], "prices.py Price.cut": [a]}
    seen: reach.Reach = {"seconds": {"b": 2.0, a: 3.0, "c": 1.0}, "entered": entered}
    assert reach.tests_of(seen, "prices.py", "Price.cut") == [a]
    assert reach.tests_of(seen, "prices.py", "never") == []
    for everything in ("", "half", "Price"):
        assert reach.tests_of(seen, "prices.py", everything) == ["c", "b", a]


def test_a_fault_is_put_into_a_function_that_exists_unless_it_is_in_what_ran_at_import() -> None:
    source = "def f(x=1):\n    return (lambda y: x + y)(2)\nlimit = 3"
    module: dict[str, Any] = {}
    plain = swap.all_codes("f.py", ast.parse(source))
    exec(plain[0], module)
    faults = {one.before: one.tree for one in mutants_of(source)}
    assert swap.codes_of("f.py", plain, faults["1"]) is None
    assert swap.codes_of("f.py", plain, faults["3"]) is None
    codes = swap.codes_of("f.py", plain, faults["x + y"])
    assert codes is not None
    swap.swap("f.py", codes)
    assert module["f"](5) == 3


def test_a_result_knows_whether_its_code_has_changed_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    core = Core(("a.py", "b.py"), ())
    monkeypatch.setattr(results, "KIT", tmp_path)
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    monkeypatch.setattr(results, "CORES", {"core": core})
    for file in core.files:
        (tmp_path / file).write_text("x = 1\n")
    assert results.changed_since() == ["core"]
    results.save("core", results.Result(1, 1, (), "2026-11-29", results.digest_of(core)))
    assert results.changed_since() == []
    (tmp_path / "b.py").write_text("x = 2\n")
    assert results.changed_since() == ["core"]


def test_the_page_shows_what_is_kept() -> None:
    page = (ROOT / "docs" / "mutants.md").read_text("utf-8")
    assert page == results.with_table(page)
    for name in CORES:
        kept = results.load(name)
        assert kept is None or kept.tried <= kept.possible
