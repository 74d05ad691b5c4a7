"""Values that one thread adds while another one takes what waits: each step of the race, without threads."""

from __future__ import annotations

from typing import Any

from lambda_kit.metrics._head import Head
from lambda_kit.metrics._lines import lines_of
from lambda_kit.metrics._record import NO_GROUPS, Definition, Group, Record

COUNT = Definition("Orders", "Count", high_resolution=False)
TIME = Definition("Wait", "Milliseconds", high_resolution=False)
KEY = (None, ("tenant", "acme"))


class Taken(dict[Any, Group]):
    """A group that is taken between the look at it and the step.

    Args:
        successors: the groups that other threads put in its place, and in the place of each other, one at each step.
    """

    def __init__(self, *successors: Group) -> None:
        super().__init__({KEY: Group({"tenant": "acme"}, None)})
        self._successors = list(successors)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        self.pop(key, None)
        if self._successors:
            self[key] = self._successors.pop(0)
        return super().setdefault(key, default)


def add(record: Record, definition: Definition = COUNT, text: str = "1") -> None:
    record.add({"tenant": "acme"}, None, definition, [text])


def test_values_of_a_group_that_was_taken_wait_again() -> None:
    record = Record(layered=True)
    record.groups = Taken()
    add(record)
    assert [texts for _, texts in record.groups[KEY].series.values()] == [["1"]]
    assert record.waits()


def test_values_of_a_group_that_was_taken_join_the_group_after_it() -> None:
    record, successor = Record(layered=True), Group({"tenant": "acme"}, None)
    record.groups = Taken(successor)
    successor.series["Wait"] = TIME, ["5"]
    add(record)
    assert record.groups == {KEY: successor}
    assert {name: texts for name, (_, texts) in successor.series.items()} == {"Wait": ["5"], "Orders": ["1"]}


def test_values_find_a_group_that_waits_although_one_after_the_other_is_taken() -> None:
    record, first, second = Record(layered=True), Group({"tenant": "acme"}, None), Group({"tenant": "acme"}, None)
    record.groups = Taken(first, second)
    add(record)
    assert record.groups == {KEY: second}
    assert [texts for _, texts in second.series.values()] == [["1"]]
    assert not any(texts for _, texts in first.series.values())


def test_values_that_were_written_meanwhile_are_not_written_twice() -> None:
    class Emptied(list[str]):
        """The texts of a series that another thread empties between the look and the step."""

        def __bool__(self) -> bool:
            return True

    record, successor = Record(layered=True), Group({"tenant": "acme"}, None)
    record.groups = Taken(successor)
    record.add({"tenant": "acme"}, None, COUNT, Emptied())
    assert not any(texts for _, texts in successor.series.values())


def test_the_first_groups_of_two_threads_are_the_same() -> None:
    looks: list[object] = []

    def groups(record: Record) -> Any:
        looks.append(record)
        return NO_GROUPS if len(looks) == 1 else theirs  # another thread gives it groups between the look and the step

    def keep(record: Record, value: Any) -> None:
        assert value is NO_GROUPS, "the groups of the other thread would be lost"

    raced: Any = type("Raced", (Record,), {"groups": property(groups, keep)})
    theirs: dict[Any, Group] = {}
    record = raced(layered=True)
    add(record)
    assert [texts for _, texts in theirs[KEY].series.values()] == [["1"]]


def test_a_value_that_was_written_between_the_look_and_the_step_makes_no_line() -> None:
    class Emptied(list[str]):
        """The texts of a series that another thread takes after the look at their number."""

        def pop(self, index: Any = -1) -> str:
            self.clear()
            return super().pop(index)

    assert [*lines_of(Head("Shop", {}), {"Orders": (COUNT, Emptied(["1"]))}, 0)] == []
    both = {"Orders": (COUNT, Emptied(["1"])), "Wait": (TIME, ["5"])}
    (line,) = lines_of(Head("Shop", {}), both, 0)
    assert '"Wait":5' in line
    assert "Orders" not in line
