"""Records that hold bytes, in base64."""

from __future__ import annotations

from binascii import a2b_base64

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._view import MISSING, Failed, RecordView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.events._view import View


class DataView(RecordView):
    """A record that holds bytes, in base64.

    Attributes:
        raw: the dict itself.
    """

    __slots__ = ("_data",)

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self._json = self._data = MISSING

    def _encoded(self) -> str:
        raise NotImplementedError

    @property
    def data(self) -> bytes:
        """What the record holds, as bytes; decoded once.

        Raises:
            EventError: it is no base64.
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
        """What the record holds, as text in UTF-8.

        Raises:
            EventError: it is none.
        """
        try:
            return self.data.decode()
        except UnicodeDecodeError:
            pass  # told outside: the error of the decoder holds the data
        raise EventError(f"the {type_of(self).__name__} does not hold text in UTF-8; read .data")

    def _json_text(self) -> str:
        return self.data.decode()  # in less time than the decoder takes to find out what it is in


def decoded(view: View, encoded: Callable[[], str]) -> Any:
    """Return bytes that stand in base64, or why there are none."""
    try:
        return a2b_base64(encoded(), strict_mode=True)
    except EventError as error:
        return Failed(str(error))
    except ValueError:  # binascii's own error is one
        return Failed(f"the {type_of(view).__name__} does not hold base64")
