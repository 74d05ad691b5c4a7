"""Records whose data is bytes, encoded as base64."""

from __future__ import annotations

from binascii import a2b_base64

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._view import MISSING, Failed, RecordView, T_co, once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar

    from lambda_kit.events._dynamodb import DynamoDBRecord
    from lambda_kit.events._logs import LogsData
    from lambda_kit.events._view import View


class DataView(RecordView[T_co]):
    """A record whose data is bytes, encoded as base64.

    Attributes:
        raw: the dict.
    """

    __slots__ = ("_data",)
    _path: ClassVar[tuple[str, ...]] = ("data",)

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self._json = self._data = MISSING

    def _encoded(self) -> str:
        raise NotImplementedError

    @property
    def data(self) -> bytes:
        """The data of the record, as bytes; decoded once.

        Raises:
            EventError: the data is missing, or is not valid base64.
        """
        found = self._data
        if found is MISSING:
            found = self._data = decoded(self, self._encoded)
        if type_of(found) is Failed:
            raise EventError(found.message)
        data: bytes = found
        return data

    @property
    def body(self) -> str:
        """The data of the record, as text.

        Raises:
            EventError: the data is not UTF-8.
        """
        try:
            return self.data.decode()
        except UnicodeDecodeError:
            pass  # raised below, without a context: the error of the decoder holds the data
        raise EventError(f"the {type_of(self).__name__} is not text in UTF-8; read .data for the bytes")

    def _content(self) -> tuple[Any, tuple[str, ...]]:
        return self.data, self._path

    def _json_text(self) -> str:
        return self.data.decode()  # faster than the JSON decoder, which has to detect the encoding


class StreamDataView(DataView[T_co]):
    """A record of a stream to which other services may send: DynamoDB its changes, CloudWatch its log events.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()

    @once
    def dynamodb(self) -> DynamoDBRecord | None:
        """The change of an item in the data; None if the data is something else."""
        from lambda_kit.events._dynamodb import change_in

        return change_in(self)

    @once
    def logs(self) -> LogsData | None:
        """The log events of CloudWatch in the data; None if the data is something else."""
        from lambda_kit.events._logs import logs_in

        return logs_in(self)


def decoded(view: View, encoded: Callable[[], str]) -> Any:
    """Return the decoded bytes, or the reason why they cannot be decoded."""
    try:
        return a2b_base64(encoded(), strict_mode=True)
    except EventError as error:
        return Failed(str(error))
    except ValueError:  # the base class of binascii.Error
        return Failed(f"the {type_of(view).__name__} does not hold valid base64")
