"""Names with values in HTTP requests: headers and query parameters."""

from __future__ import annotations

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeVar, overload

    D = TypeVar("D")


class QueryValues:  # noqa: PLW1641  # a dict has no hash either
    """The parameters of a query, decoded. A parameter may come several times.

    `query["name"]` and `query.get("name")` return the last value, `query.all("name")` returns all in their order.
    """

    __slots__ = ("_lists",)

    def __init__(self, lists: dict[str, list[str]]) -> None:
        self._lists = lists

    def _key(self, name: str) -> str:
        return name

    def all(self, name: str) -> list[str]:
        """Return all values of a name, in their order; an empty list without any."""
        return self._lists.get(self._key(name), [])

    if TYPE_CHECKING:

        @overload
        def get(self, name: str) -> str | None: ...
        @overload
        def get(self, name: str, default: D) -> str | D: ...

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a name, or `default` without any."""
        found = self._lists.get(self._key(name))
        return self._one(found, name) if found else default

    def _one(self, values: list[str], _name: str) -> str:
        return values[-1]

    def __getitem__(self, name: str) -> str:
        return self._one(self._lists[self._key(name)], name)

    def __contains__(self, name: object) -> bool:
        return type_of(name) is str and self._key(str(name)) in self._lists

    def __iter__(self) -> Iterator[str]:
        return iter(self._lists)

    def __len__(self) -> int:
        return len(self._lists)

    def items(self) -> list[tuple[str, str]]:
        """Return each name with its value."""
        return [(name, self[name]) for name in self._lists]

    def __eq__(self, other: object) -> bool:
        if type_of(other) is dict:
            return dict(self.items()) == other
        return type_of(other) is type_of(self) and getattr(other, "_lists", None) == self._lists

    def __repr__(self) -> str:
        # Names alone: values may be secrets, such as tokens.
        return f"<{type_of(self).__name__} {', '.join(self._lists) or 'without any'}>"


class HeaderValues(QueryValues):
    """The headers of a request. Letter case of names does not count.

    `headers["name"]` and `headers.get("name")` join several values with commas (RFC 9110, section 5.3), and cookies
    with semicolons. `headers.all("name")` returns the values as the trigger sent them.
    """

    __slots__ = ()

    def _key(self, name: str) -> str:
        return name.lower()

    def __getitem__(self, name: str) -> str:
        values = self._lists[name.lower()]
        return values[0] if len(values) == 1 else self._one(values, name)

    def _one(self, values: list[str], name: str) -> str:
        return values[0] if len(values) == 1 else ("; " if name.lower() == "cookie" else ", ").join(values)


def lists_of(found: Any) -> dict[str, list[str]]:
    """Return the lists of texts in an object whose values are texts or lists of texts. Other values are left out."""
    lists: dict[str, list[str]] = {}
    if type_of(found) is dict:
        for name, value in found.items():
            if value.__class__ is str:
                lists[name] = [value]
            elif value.__class__ is list and (texts := [one for one in value if one.__class__ is str]):
                lists[name] = texts
    return lists


def header_lists(found: Any) -> dict[str, list[str]]:
    """Return the lists of texts as `lists_of` does, by names in small letters; equal names share a list."""
    lists: dict[str, list[str]] = {}
    if type_of(found) is dict:
        for name, value in found.items():
            texts: list[str]
            if value.__class__ is str:
                texts = [value]
            elif value.__class__ is list:
                texts = [one for one in value if one.__class__ is str]
            else:
                continue
            key = name.lower()
            if key in lists:
                lists[key] += texts
            elif texts:
                lists[key] = texts
    return lists


def parsed_query(text: str) -> dict[str, list[str]]:
    """Return the parameters of an encoded query, such as `a=1&b=%20`. An invalid escape stays as it is."""
    lists: dict[str, list[str]] = {}
    for pair in text.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            lists.setdefault(decoded_value(name), []).append(decoded_value(value))
    return lists


def decoded_lists(lists: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return encoded parameters decoded. Names that are equal after that share a list."""
    decoded: dict[str, list[str]] = {}
    for name, values in lists.items():
        decoded.setdefault(decoded_value(name), []).extend(map(decoded_value, values))
    return decoded


def decoded_value(text: str) -> str:
    """Return a name or a value of a query decoded: `+` is a space there. It never fails."""
    if "+" in text:
        text = text.replace("+", " ")
    return decoded_path(text)


def decoded_path(text: str) -> str:
    """Return a part of a path decoded once. An invalid escape stays as it is; bytes that are no UTF-8 become U+FFFD."""
    if "%" not in text:
        return text
    from urllib.parse import unquote

    return unquote(text)


def parsed_cookies(parts: list[str]) -> dict[str, str]:
    """Return the cookies in the values of `Cookie` headers. The first of two with the same name counts.

    A client sends the cookie of the longest path first (RFC 6265, section 5.4).
    """
    cookies: dict[str, str] = {}
    for part in parts:
        for pair in part.split(";"):
            name, separator, value = pair.partition("=")
            if separator and (name := name.strip(" \t")):
                cookies.setdefault(name, value.strip(" \t"))
    return cookies
