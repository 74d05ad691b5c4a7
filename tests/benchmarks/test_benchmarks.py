"""The benchmarks' own arithmetic, output and command; what they measure is asserted nowhere."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import __main__ as command
from benchmarks import _page, _runner, _table
from benchmarks._model import Case, Figure, Measure, Options, Result, Row, Side, Topic, best_of, pairwise, results_of
from benchmarks._worker import Loop, Worker
from tests.effort import skip_in_the_middle

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

skip_in_the_middle()

OPTIONS = Options("python", None)
WITH_PEER = Options("python", "peer-python")


def row(goal: float | None = None, minus: str | None = None) -> Row:
    return Row("five layers", Figure("kit", minus), Figure("other", minus), "closures", goal=goal)


def topic(measured: list[str], *sides: tuple[str, Side], opened: list[int] | None = None) -> Topic:
    @contextlib.contextmanager
    def opens(options: Options, cases: Sequence[Case]) -> Generator[Measure]:
        if opened is not None:
            opened.append(len(measured))

        def measure(case: Case) -> dict[str, float]:
            measured.append(case.name)
            return {case.name: float(len(measured))}

        yield measure

    cases = tuple(Case(name, side, "setup") for name, side in sides)
    return Topic("layers", "", cases, (row(),), opens, (8, 2))


def silent(done: int, total: int) -> None:
    pass


class TestArithmetic:
    def test_the_ratio_is_the_median_of_the_ratios_within_a_round(self) -> None:
        # In the second round the machine was four times as slow for both: no ratio of medians shows the same.
        rounds = [{"kit": 2.0, "other": 1.0}, {"kit": 12.0, "other": 4.0}, {"kit": 4.0, "other": 1.0}]
        result = Result.of("layers", row(), rounds)
        assert result.ratios == [2.0, 3.0, 4.0]
        assert result.ratio == 3.0
        assert (result.kit.median, result.kit.minimum) == (4.0, 2.0)
        assert (result.against.median, result.against.minimum) == (1.0, 1.0)

    def test_a_difference_is_taken_within_the_round_too(self) -> None:
        rounds = [{"kit": 5.0, "other": 3.0, "bare": 1.0}, {"kit": 10.0, "other": 6.0, "bare": 2.0}]
        result = Result.of("layers", row(minus="bare"), rounds)
        assert result.kit.rounds == [4.0, 8.0]
        assert result.against.rounds == [2.0, 4.0]
        assert result.ratio == 2.0

    @pytest.mark.parametrize(("goal", "met"), [(2.0, True), (2.1, True), (1.9, False), (None, None)])
    def test_a_goal_is_met_up_to_and_with_its_ratio(self, goal: float | None, met: bool | None) -> None:
        assert Result.of("layers", row(goal), [{"kit": 2.0, "other": 1.0}]).met is met

    def test_a_figure_of_the_kit_that_was_lost_in_noise_has_no_verdict(self) -> None:
        assert Result.of("layers", row(1.5), [{"kit": -1.0, "other": 1.0}]).met is None

    def test_of_several_measurements_the_smallest_of_each_figure_counts(self) -> None:
        rounds = iter([{"wall": 3.0, "cpu": 1.0}, {"wall": 2.0, "cpu": 4.0}])
        assert best_of(2, lambda: next(rounds)) == {"wall": 2.0, "cpu": 1.0}

    def test_a_round_in_which_the_other_figure_was_lost_in_noise_gives_no_ratio(self) -> None:
        assert pairwise([1.0, 1.0, 1.0], [0.5, 0.0, -0.5]) == [2.0]

    def test_without_any_ratio_there_is_no_verdict(self) -> None:
        result = Result.of("layers", row(1.5), [{"kit": 1.0, "other": 0.0}])
        assert (result.ratio, result.met) == (None, None)

    def test_rows_of_what_was_not_measured_are_left_out(self) -> None:
        assert results_of(topic([], ("kit", "kit"), ("other", "peer")), [{"kit": 1.0}]) == []


class TestRounds:
    def test_the_order_turns_round_from_one_round_to_the_next(self) -> None:
        measured: list[str] = []
        _runner.run(topic(measured, ("kit", "kit"), ("other", "kit")), OPTIONS, rounds=3, progress=silent)
        assert measured == ["kit", "other", "other", "kit", "kit", "other"]

    def test_the_peers_cases_run_only_where_there_is_a_peer(self) -> None:
        measured: list[str] = []
        sides: list[tuple[str, Side]] = [("kit", "kit"), ("other", "peer")]
        assert _runner.run(topic(measured, *sides), OPTIONS, rounds=1, progress=silent) == [{"kit": 1.0}]
        assert _runner.run(topic(measured, *sides), WITH_PEER, rounds=1, progress=silent) == [
            {"kit": 2.0, "other": 3.0}
        ]

    def test_a_full_run_is_shared_out_over_several_sessions(self) -> None:
        opened: list[int] = []
        assert len(_runner.run(topic([], ("kit", "kit"), opened=opened), OPTIONS, progress=silent)) == 8
        assert opened == [0, 2, 4, 6]

    @pytest.mark.parametrize(("rounds", "shares"), [(1, [1]), (3, [1, 1, 1]), (10, [3, 3, 2, 2])])
    def test_sessions_are_as_long_as_each_other(self, rounds: int, shares: list[int]) -> None:
        assert _runner.sessions(rounds, 4) == shares

    def test_progress_counts_the_rounds(self) -> None:
        seen: list[tuple[int, int]] = []

        def progress(done: int, total: int) -> None:
            seen.append((done, total))

        _runner.run(topic([], ("kit", "kit")), OPTIONS, rounds=2, progress=progress)
        assert seen == [(1, 2), (2, 2)]


class TestWorker:
    @pytest.mark.parametrize("prefix", ["", "async "])
    def test_a_statement_runs_as_often_as_the_figure_is_divided_by(self, prefix: str) -> None:
        scope: dict[str, Any] = {"calls": []}
        exec(f"{prefix}def call(): calls.append(1)", scope)
        seconds, calls = Loop(f"{'await ' if prefix else ''}call()", {"call": scope["call"]}).compiled()
        assert seconds(3) >= 0
        assert len(scope["calls"]) == 3 * calls

    def test_a_statement_of_several_calls_is_divided_by_them(self) -> None:
        assert Loop("for call in calls: call()", {"calls": [int] * 7}, 7).compiled()[1] == 7

    def test_a_statement_that_waits_is_refused(self) -> None:
        import asyncio

        seconds, _ = Loop("await sleep(0)", {"sleep": asyncio.sleep}).compiled()
        with pytest.raises(RuntimeError, match="waited"):
            seconds(1)

    def test_it_loads_and_times_a_setup_of_a_module(self) -> None:
        worker = Worker(0.0001, 2)
        assert worker.load("benchmarks.layers", "closures", [1]) == 0
        assert worker.time(0) > 0


class TestOutput:
    @pytest.mark.parametrize(
        ("value", "text"),
        [(1.5, "1.50"), (0.5, "0.50"), (1 / 6, "1/6.0"), (1 / 15, "1/15"), (0.0, "0.00"), (-0.25, "-0.25")],
    )
    def test_a_ratio_far_below_one_is_written_as_a_fraction(self, value: float, text: str) -> None:
        assert _table.ratio(value) == text

    @pytest.mark.parametrize(("value", "text"), [(1234.5, "1,234"), (99.94, "99.9"), (1.234, "1.23"), (-120.0, "-120")])
    def test_a_figure_has_three_digits_or_so(self, value: float, text: str) -> None:
        assert _table.number(value) == text

    def test_the_table_is_aligned_and_says_whether_the_goal_was_met(self) -> None:
        rounds = [{"kit": 2.0, "other": 1.0}]
        results = [Result.of("layers", row(goal), rounds) for goal in (1.5, 2.0, None)]
        head, rule, missed, met, open_ = _table.table(results).splitlines()
        assert head.split() == ["benchmark", "kit", "against", "ratio", "goal"]
        assert set(rule) == {"-", " "}
        assert missed.split() == ["five", "layers", "2.00", "ns", "1.00", "ns", "closures", "2.00", "1.50", "missed"]
        assert met.endswith("2.00  met")
        assert open_.endswith("closures   2.00")
        assert _table.verdict(results) == "1 of 2 goals met"

    def test_the_document_has_the_machine_the_versions_and_all_rounds(self) -> None:
        rounds = [{"kit": 2.0, "other": 1.0}, {"kit": 3.0, "other": 1.0}]
        results = [Result.of("layers", row(1.5), rounds)]
        document = json.loads(json.dumps(_table.document(results, {"kit": {"cachetools": "8"}}, quick=True)))
        assert {"python", "platform", "processors", "load"} <= set(document["machine"])
        assert (document["format"], document["quick"]) == (1, True)
        assert document["versions"] == {"kit": {"cachetools": "8"}}
        (only,) = document["rows"]
        assert only["kit"] == {"median": 2.5, "minimum": 2.0, "rounds": [2.0, 3.0]}
        assert only["against"]["label"] == "closures"
        assert (only["ratio"], only["ratios"], only["goal"], only["met"]) == (2.5, [2.0, 3.0], 1.5, False)


class TestCommand:
    def test_it_lists_the_topics(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command.main(["--list"]) == 0
        assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(command.TOPICS)

    @pytest.mark.parametrize("name", command.TOPICS)
    def test_every_row_is_made_of_cases_that_exist_under_names_that_are_unique(self, name: str) -> None:
        one = command._topic(name)
        names = [case.name for case in one.cases]
        assert len(set(names)) == len(names)
        titles = [(row.title, row.label) for row in one.rows]
        assert len(set(titles)) == len(titles)
        for figure in {figure for row in one.rows for figure in row.figures()}:
            assert figure in names or figure.rpartition(" ")[0] in names

    def test_a_quick_run_without_the_peer_compares_what_needs_none(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "new" / "figures.json"
        assert command.main(["--quick", "--rounds", "2", "--only", "layers", "--no-peer", "--json", str(path)]) == 0
        shown = capsys.readouterr()
        assert "5 no-op layers, generators" in shown.out
        assert "goals met" in shown.out
        assert "layers: 2 rounds" in shown.err
        document = json.loads(path.read_text())
        labels = {row["against"]["label"] for row in document["rows"]}
        assert labels == {"closures", "closures with try", "record by hand"}
        assert all(len(row["kit"]["rounds"]) == 2 for row in document["rows"])
        assert document["versions"]["kit"]["python"] == sys.version.split()[0]

    def test_what_compares_with_nothing_but_the_peer_is_left_out_without_it(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "figures.json"
        assert command.main(["--only", "imports", "--no-peer", "--json", str(path)]) == 0
        assert "imports: left out" in capsys.readouterr().err
        assert json.loads(path.read_text())["rows"] == []

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "name the peer's interpreter with --peer-python"),
            (["--peer-python", "no/such/python"], "no/such/python does not exist"),
            (["--peer-python", sys.executable], "has no aws-lambda-powertools"),
        ],
    )
    def test_a_peer_that_is_missing_is_an_error_that_names_the_remedy(
        self, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit, match="2"):
            command.main(arguments)
        error = capsys.readouterr().err
        assert message in error
        assert "make .venvs/peer/.installed" in error

    @pytest.mark.parametrize("rounds", ["0", "-1", "many"])
    def test_a_number_of_rounds_that_is_none_is_refused(self, rounds: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit, match="2"):
            command.main(["--rounds", rounds, "--no-peer"])
        assert f"{rounds!r} is not a number of rounds" in capsys.readouterr().err

    def test_a_worker_that_fails_ends_the_run_with_the_reason(self) -> None:
        code = (
            "from benchmarks._calls import calls_of\n"
            "from benchmarks._model import Case, Options\n"
            "import sys\n"
            "case = Case('a', 'kit', 'no_such_setup')\n"
            "with calls_of('benchmarks.layers')(Options(sys.executable, None), [case]): pass\n"
        )
        run = subprocess.run(
            [sys.executable, "-c", code],
            check=False,
            cwd=command._RESULTS.parent.parent,
            capture_output=True,
            text=True,
        )
        assert run.returncode == 1
        assert "has no attribute 'no_such_setup'" in run.stderr
        assert "WorkerFailed" in run.stderr


class TestPage:
    def test_a_measured_table_takes_the_place_of_the_old_one_and_the_others_stay(self) -> None:
        page = "# A\n\n<!-- table: layers -->\n\n```text\nold\n```\n\n<!-- table: warm -->\n\n```text\nkept\n```\n"
        result = Result.of("layers", row(1.5), [{"kit": 1.0, "other": 1.0}])
        new = _page.update(page, {"layers": [result]})
        assert _page.topics(new) == ["layers", "warm"]
        assert new == page.replace("old", _table.table([result]))

    def test_the_page_of_the_documentation_has_a_table_for_every_topic(self) -> None:
        page = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text()
        assert sorted(_page.topics(page)) == sorted(command.TOPICS)
