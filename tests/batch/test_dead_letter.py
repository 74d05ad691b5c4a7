"""Events that fail for good are kept, and nothing else is; what cannot be kept is not acknowledged."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from lambda_kit import handler, layer
from lambda_kit._kernel import facts
from lambda_kit.batch import DeadLetter, FileSink, SqsSink, dead_letter
from lambda_kit.errors import ConfigurationError
from lambda_kit.testing import invoke, make_context


class Bad(ValueError):
    pass


class Broken:
    """A sink that fails."""

    def send(self, letter: DeadLetter) -> None:
        raise ConnectionError("the queue is down")


def fail(event: Any, context: Any) -> None:
    raise event["error"]


def made(sink: Any, *, is_async: bool = False) -> Any:
    if not is_async:
        return handler(dead_letter(sink, permanent=(Bad,)))(fail)

    @handler(dead_letter(sink, permanent=(Bad,)))
    async def fail_async(event: Any, context: Any) -> None:
        await asyncio.sleep(0)
        fail(event, context)

    return fail_async


@pytest.mark.parametrize("is_async", [False, True])
def test_a_permanent_error_is_kept_and_the_invocation_succeeds(
    is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    letters: list[DeadLetter] = []
    event = {"error": Bad("the card has expired"), "id": 7}
    result = invoke(made(letters.append, is_async=is_async), event, context=make_context(request_id="r-1"))
    assert (result.value, result.error) == (None, None)
    (letter,) = letters
    assert letter.event is event
    assert letter.error is event["error"]
    assert (letter.source, letter.request_id, letter.id) == ("invocation", "r-1", "r-1")
    assert letter.function_name == "test-function"
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        "the event of request r-1 failed for good with Bad, and went to the dead letter; it is not retried"
    )


@pytest.mark.parametrize("is_async", [False, True])
def test_any_other_error_goes_on_to_lambda(is_async: bool) -> None:
    letters: list[DeadLetter] = []
    error = KeyError("x")
    assert invoke(made(letters.append, is_async=is_async), {"error": error}).error is error
    assert letters == []


@pytest.mark.parametrize("is_async", [False, True])
def test_if_the_sink_fails_the_error_goes_on_as_it_was_raised(is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
    error = Bad("no")
    assert invoke(made(Broken(), is_async=is_async), {"error": error}).error is error
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "could not be put into the dead letter; Lambda retries it" in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ConnectionError)


def test_an_async_sink_is_awaited_and_a_plain_one_does_not_block_the_loop() -> None:
    letters: list[DeadLetter] = []

    async def keep(letter: DeadLetter) -> None:
        await asyncio.sleep(0)
        letters.append(letter)

    assert invoke(made(keep, is_async=True), {"error": Bad()}).error is None
    loops: list[bool] = []

    def look(letter: DeadLetter) -> None:
        loops.append(asyncio._get_running_loop() is None)

    assert invoke(made(look, is_async=True), {"error": Bad()}).error is None
    assert (len(letters), loops) == (1, [True])


def test_the_event_is_kept_as_it_came_whatever_layers_made_of_it() -> None:
    letters: list[DeadLetter] = []

    @layer
    def replace(event: Any, context: Any) -> Any:
        yield {"error": Bad()}

    function = handler(replace, dead_letter(letters.append, permanent=(Bad,)))(fail)
    invoke(function, {"as": "it came"})
    assert letters[0].event == {"as": "it came"}


def test_without_an_invocation_the_letter_has_an_id_all_the_same() -> None:
    letters: list[DeadLetter] = []
    around = dead_letter(letters.append, permanent=(Bad,))(fail)
    around({"error": Bad()}, None)
    around({"error": Bad()}, None)
    assert [letter.event.keys() for letter in letters] == [{"error"}, {"error"}]
    assert len({letter.id for letter in letters}) == 2


def test_a_fact_is_told() -> None:
    told: list[tuple[str, dict[str, Any]]] = []

    def listen(name: str, fields: dict[str, Any]) -> None:
        told.append((name, fields))

    facts.observe(listen)
    try:
        invoke(made(list[DeadLetter]().append), {"error": Bad()})
    finally:
        facts.observers.remove(listen)
    assert told == [("dead_letter.sent", {"source": "invocation", "error": "Bad"})]


def test_a_letter_is_json_with_event_error_and_context() -> None:
    try:
        try:
            secret = {"password": "hunter2"}  # the values of variables are not told
            raise KeyError(*secret)
        except KeyError as cause:
            error = Bad("the card has expired")
            error.add_note("ask the customer")
            error.add_note("tried redis://:hunter2@db with password=hunter2")
            raise error from cause
    except Bad as error:
        letter = DeadLetter({"id": 7, "odd": {1}}, error, source="sqs", id="m-1")
    found = json.loads(letter.to_json())
    assert found["event"] == {"id": 7, "odd": "{1}"}
    assert (found["id"], found["source"], found["functionName"], found["requestId"]) == ("m-1", "sqs", "", "")
    assert found["time"].endswith("Z")
    told = found["error"]
    assert (told["type"], told["message"]) == ("Bad", "the card has expired")
    assert told["notes"] == ["ask the customer", "tried redis://db with password=[redacted]"]
    assert "KeyError: 'password'" in told["traceback"]
    assert "hunter2" not in told["traceback"]
    assert repr(letter) == "<DeadLetter m-1 of sqs: Bad>"
    assert DeadLetter({}, Bad(), source="kafka", id={"partition": "orders-0", "offset": 7}).id == "orders-0-7"


@pytest.mark.parametrize("permanent", [(), ValueError, [ValueError], ("ValueError",), (BaseException,), None])
def test_what_is_permanent_has_to_be_told(permanent: Any) -> None:
    with pytest.raises(ConfigurationError, match="permanent"):
        dead_letter(list[DeadLetter]().append, permanent=permanent)


@pytest.mark.parametrize("sink", [None, 5, "queue", lambda: None, SqsSink, FileSink, object()])
def test_what_is_no_sink_is_refused(sink: Any) -> None:
    with pytest.raises(ConfigurationError, match="pass SqsSink"):
        dead_letter(sink, permanent=(Bad,))


def test_an_async_sink_around_a_plain_function_is_refused() -> None:
    async def keep(letter: DeadLetter) -> None: ...

    with pytest.raises(ConfigurationError, match=r"is async, and .*fail is not"):
        dead_letter(keep, permanent=(Bad,))(fail)
