"""An exception as fields: type, message, notes, causes, groups and frames, within bounds, without locals."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, current_invocation, handler, time_limit
from lambda_kit._kernel.json_text import DEFAULT_REDACT, Encoder
from lambda_kit.errors import ConfigurationError
from lambda_kit.logger._exceptions import exception_fields
from lambda_kit.testing import make_context

if TYPE_CHECKING:
    from collections.abc import Callable

    Logs = Callable[[], list[dict[str, Any]]]


class ShopError(Exception):
    pass


def fields_of(error: BaseException) -> dict[str, Any]:
    return exception_fields(error, Encoder(DEFAULT_REDACT))


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


def test_an_exception_has_its_type_module_message_notes_and_frames(logs: Logs) -> None:
    card = "4111-1111-1111-1111"
    try:
        assert card
        raise ShopError("no tea")
    except ShopError as error:
        error.add_note("order o-1")
        Logger().exception("failed %s", "here", order_id="o-1")
    (line,) = logs()
    exception = line["exception"]
    frames: list[dict[str, Any]] = exception.pop("frames")
    (frame,) = frames
    assert exception == {"type": "ShopError", "module": __name__, "message": "no tea", "notes": ["order o-1"]}
    assert (line["message"], line["level"], line["order_id"]) == ("failed here", "ERROR", "o-1")
    assert frame["file"] == __file__
    assert frame["function"] == "test_an_exception_has_its_type_module_message_notes_and_frames"
    assert frame["code"] == 'raise ShopError("no tea")'
    source = Path(__file__).read_text().splitlines()
    assert source[int(frame["line"]) - 1].strip() == frame["code"]
    assert card not in json.dumps(line)


@pytest.mark.parametrize("form", ["true", "exception", "tuple"])
def test_exc_info_takes_what_logging_takes(form: str, logs: Logs) -> None:
    try:
        raise ShopError("x")
    except ShopError as error:
        given: Any = {"true": True, "exception": error, "tuple": sys.exc_info()}[form]
        Logger().warning("w", exc_info=given)
    (line,) = logs()
    assert (line["level"], line["exception"]["type"], "exc_info" in line) == ("WARN", "ShopError", False)


@pytest.mark.parametrize("given", [True, None, False, (None, None, None)])
def test_exc_info_without_an_exception_adds_nothing(given: Any, logs: Logs) -> None:
    Logger().error("x", exc_info=given)
    Logger().exception("y")
    for line in logs():
        assert {"exc_info", "exception", "loggingError"} & line.keys() == set()


def test_exc_info_that_is_something_else_stays_a_field_and_so_does_a_field_called_exception(logs: Logs) -> None:
    Logger().info("x", exc_info="text")
    Logger().info("y", exc_info=ShopError("e"), exception="mine")
    first, second = logs()
    assert first["exc_info"] == "text"
    assert (second["exception"]["message"], second["exception_"]) == ("e", "mine")


def test_cause_and_context_are_chained_and_what_is_suppressed_is_not() -> None:
    def fail(how: str) -> None:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            if how == "cause":
                raise ShopError("outer") from inner
            if how == "none":
                raise ShopError("outer") from None
            raise ShopError("outer")  # noqa: B904

    found: dict[str, dict[str, Any]] = {}
    for how in ("cause", "context", "none"):
        try:
            fail(how)
        except ShopError as error:
            found[how] = fields_of(error)
    assert found["cause"]["cause"]["message"] == found["context"]["context"]["message"] == "'inner'"
    assert "context" not in found["cause"]
    assert {"cause", "context"} & found["none"].keys() == set()
    assert found["cause"]["cause"]["frames"][-1]["code"] == 'raise KeyError("inner")'


def test_a_chain_that_is_a_circle_and_one_without_end_are_cut() -> None:
    one, two = ValueError("1"), ValueError("2")
    one.__cause__, two.__cause__ = two, one
    assert fields_of(one)["cause"]["cause"] == {"type": "ValueError", "message": "1", "cut": True}
    error = first = ValueError("0")
    for i in range(1, 5_000):
        error.__context__ = ValueError(str(i))
        error = error.__context__
    assert json.dumps(fields_of(first)).count('"context"') == 8


def test_groups_have_their_exceptions_within_bounds() -> None:
    group = ExceptionGroup("all", [ValueError(i) for i in range(25)])
    fields = fields_of(raised(group))
    assert [one["message"] for one in fields["exceptions"]] == [str(i) for i in range(10)]
    assert fields["exceptionsCut"] == 15
    nested: Any = ValueError("v")
    for _ in range(7):
        nested = ExceptionGroup("g", [nested] * 10)
    assert len(json.dumps(fields_of(nested))) < 300_000
    assert fields_of(BaseExceptionGroup("b", [KeyboardInterrupt()]))["exceptions"][0]["type"] == "KeyboardInterrupt"


def test_of_a_deep_stack_the_middle_is_left_out_and_counted() -> None:
    def deep(n: int) -> None:
        if n == 0:
            raise RecursionError("deep")
        deep(n - 1)

    with pytest.raises(RecursionError) as caught:
        deep(500)
    frames = fields_of(caught.value)["frames"]
    assert len(frames) == 41
    assert frames[10] == {"cut": 502 - 40}
    assert frames[-1]["code"] == 'raise RecursionError("deep")'


def test_real_recursion_and_syntax_errors_are_logged(logs: Logs) -> None:
    def forever() -> None:
        forever()

    failing: list[Callable[[], object]] = [
        forever,
        lambda: compile("a b", "<made>", "exec"),
        lambda: int("x" * 10),
    ]
    for fail in failing:
        try:
            fail()
        except Exception:
            Logger().exception("x")
    recursion, syntax, value = logs()
    assert recursion["exception"]["type"] == "RecursionError"
    assert "invalid syntax (<made>, line 1)" in syntax["exception"]["message"]
    assert value["exception"]["type"] == "ValueError"


class Broken(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


def test_a_broken_exception_is_described(logs: Logs) -> None:
    error: Any = Broken()
    error.__notes__ = ["a", Broken(), 5]
    Logger().error("x", exc_info=error)
    Logger().error(error, exc_info=error)
    for line in logs():
        exception = line["exception"]
        assert exception["message"] == "[its message cannot be had: ValueError]"
        assert exception["notes"][0] == "a"
        assert exception["notes"][2] == "5"
        assert "loggingError" not in line


@pytest.mark.parametrize(
    ("notes", "shown"), [("text", "text"), (5, "5"), ({"a": 1, "token": "hunter2"}, '{"a":1,"token":"[redacted]"}')]
)
def test_notes_that_are_no_list_are_shown_as_text_without_what_is_secret(notes: Any, shown: str) -> None:
    error: Any = ValueError()
    error.__notes__ = notes
    assert fields_of(error)["notes"] == [shown]


def test_an_exception_that_cannot_be_read_at_all_does_not_cost_the_line_its_fields(logs: Logs) -> None:
    class Worst(Exception):
        def __getattribute__(self, name: str) -> Any:
            raise ValueError("no attribute")

    Logger().error("x", exc_info=Worst(), a=1)
    (line,) = logs()
    assert (line["a"], line["exception"]["type"]) == (1, "test_an_exception_that_cannot_be_read_at_all_does_not_cost_the_line_its_fields.<locals>.Worst")  # fmt: skip  # noqa: E501


def test_code_in_a_zip_file_is_shown_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("zipped_module.py", "def fail():\n    raise ValueError('from the zip')\n")
    monkeypatch.setattr(sys, "path", [str(archive), *sys.path])
    module: Any = __import__("zipped_module")
    with pytest.raises(ValueError, match="from the zip") as caught:
        module.fail()
    assert fields_of(caught.value)["frames"][-1]["code"] == "raise ValueError('from the zip')"
    del sys.modules["zipped_module"]


def test_code_that_is_not_in_a_file_has_no_code() -> None:
    code = compile("def f():\n    raise ValueError(1)\nf()", "<string>", "exec")
    with pytest.raises(ValueError, match="1") as caught:
        exec(code, {})
    assert "code" not in fields_of(caught.value)["frames"][-1]


def test_frames_of_the_kit_at_the_head_are_left_out(logs: Logs) -> None:
    log = Logger()

    @handler(log, time_limit(margin=1.0))
    def place(event: Any, context: object) -> None:
        if event == "kit":
            current_invocation().remaining(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        raise ValueError("fails")

    for event in ("user", "kit"):
        with pytest.raises((ValueError, TypeError)):
            place(event, make_context())
    for line in logs():
        assert line["exception"]["frames"][0]["function"].endswith("place")
    with pytest.raises(ConfigurationError) as caught:
        Logger(buffer=0)
    log.error("x", exc_info=caught.value.with_traceback(getattr(caught.value.__traceback__, "tb_next", None)))
    (line,) = logs()
    assert line["exception"]["frames"][-1]["function"] == "Settings.__init__", "the kit alone is in this traceback"
