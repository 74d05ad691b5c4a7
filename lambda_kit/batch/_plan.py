"""The checked settings of a batch for one source."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.batch._source import Source


class Plan:
    """The checked settings of a batch for one source, shared by all events of that source.

    Attributes:
        source: the source.
        view: makes the view of a record.
        parse: makes the model of a view; None without a model.
        order: the records that a failure stops: `"none"`, `"group"` or `"all"`.
        check_result: checks and converts the value that the function returned; None if any value is right.
        permanent: the exceptions that no retry will mend.
        send_to_dead_letter: puts a record and its error into the dead letter; a coroutine function if the function of
            the batch is one; None without a dead letter.
    """

    __slots__ = ("check_result", "order", "parse", "permanent", "send_to_dead_letter", "source", "view")

    def __init__(
        self,
        source: Source,
        view: Callable[[Any], Any],
        parse: Callable[[Any], Any] | None,
        *,
        order: str,
        check_result: Callable[[Any], Any] | None,
        permanent: tuple[type[Exception], ...],
        send_to_dead_letter: Callable[[Any, Exception], Any] | None,
    ) -> None:
        self.source = source
        self.view = view
        self.parse = parse
        self.order = order
        self.check_result = check_result
        self.permanent = permanent
        self.send_to_dead_letter = send_to_dead_letter
