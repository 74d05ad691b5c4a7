"""Texts of exceptions, as they may be shown: without the passwords that other libraries put into them.

Two things are hidden: user and password of URLs, and values that stand beside a secret name, as in `password=…`,
`"token": "…"`, `('X-Api-Key', '…')`, `Authorization: Bearer …`. Prose, such as `password: too short`, is left as it is.
A text without `=`, quotes and URLs costs a few searches in C; `re` is loaded with the first text that has them.
"""

from __future__ import annotations

from lambda_kit._kernel.urls import hidden_in_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    Hides = Callable[[str], bool]

_HIDDEN = "[redacted]"
_NOTHING = frozenset(("", "None", "null", "True", "False"))
_AFTER = ")]}>\"',."  # what may stand behind a value without quotes
_LONGEST = 256_000  # characters that are looked through; the rest of a longer text is left out
_LONGEST_WORD = 10_000  # characters of a URL
_QUOTE = r"\\{0,8}[\"']"
_QUOTED = rf"[bBrRuUfF]{{0,2}}(?P<quote>{_QUOTE})(?:(?!(?P=quote))(?:\\.|.))*(?:(?P=quote)|$)"
_patterns: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = ()
_default: Hides | None = None


def shown(text: str, hides: Hides | None = None, limit: int = _LONGEST) -> str:
    """Return the text of an exception without passwords.

    Args:
        text: the text.
        hides: tells whether the values of a name are hidden; by default the names that loggers hide by default.
        limit: characters that are shown; at most as many as are looked through. What is missing is counted.

    Example:
        ```python
        assert (
            shown("cannot connect to redis://:hidden@db:6379/0")
            == "cannot connect to redis://db:6379/0"
        )
        assert shown("host=db password=hidden failed") == "host=db password=[redacted] failed"
        ```
    """
    length = len(text)
    if length > _LONGEST:
        # A password is not torn, whose end would not be recognised without its beginning.
        space = text.rfind(" ", _LONGEST - _LONGEST_WORD, _LONGEST)
        text = text[: _LONGEST if space < 0 else space]
    if "@" in text and "://" in text:
        text = hidden_in_text(text)
    text = _without_values(text, hides, code=False)
    if length > _LONGEST or len(text) > limit:
        text = text[:limit]
        text = f"{text}… [cut: {length - len(text)} more characters]"
    return text


def shown_code(line: str, hides: Hides | None = None) -> str:
    """Return a line of source code without passwords: those of URLs, and texts that stand beside a secret name.

    Names and values of variables stay, as in `connect(password=password)`.
    """
    if "@" in line and "://" in line:
        line = hidden_in_text(line)
    return _without_values(line, hides, code=True) if "'" in line or '"' in line else line


def _without_values(text: str, hides: Hides | None, *, code: bool) -> str:
    """Return a text without the values beside secret names; of code without those in texts."""
    wanted: list[int] = []
    if "'" in text or '"' in text:
        wanted += [0, 1]
    if ": " in text and not code and ("-" in text or "ization" in text or "ookie" in text):
        wanted.append(2)
    if "=" in text:
        wanted.append(3)
    for index in wanted:
        before, value = (_patterns or _compile())[index]
        hides = hides or _by_default()
        parts: list[str] = []
        end = 0
        quotes = _Quotes(text)
        found = before.search(text)
        while found is not None:
            at = found.end()
            if hides(found["name"]):
                held = value.match(text, at)
                is_value = held is not None and (not code or held["quote"] or quotes.hold(found.start()))
                if held is not None and is_value and not _is_nothing(held[0]):
                    parts += [text[end:at], _replacement(held[0], held["quote"])]
                    end = at = held.end()
            found = before.search(text, at)
        text = "".join([*parts, text[end:]])
    return text


class _Quotes:
    """Tells which places of a line of code are within a text: a name there is no variable.

    The places are asked for from the beginning on, so that the line is gone through once.
    """

    __slots__ = ("_line", "_place", "_quote")

    def __init__(self, line: str) -> None:
        self._line = line
        self._place = 0
        self._quote = ""

    def hold(self, at: int) -> bool:
        line, place, quote = self._line, self._place, self._quote
        while place < at:
            character = line[place]
            if character == "\\":
                place += 1
            elif character == quote:
                quote = ""
            elif not quote and character in "'\"":
                quote = character
            place += 1
        self._place, self._quote = place, quote
        return bool(quote)


def _is_nothing(value: str) -> bool:
    return value.startswith(_HIDDEN, 1 if value[:1] in "'\"" else 0) or value.rstrip(_AFTER) in _NOTHING


def _replacement(value: str, quote: str | None) -> str:
    if quote:
        return f"{quote}{_HIDDEN}{quote}"
    if value.startswith("{"):
        return _HIDDEN
    return _HIDDEN + value[len(value.rstrip(_AFTER)) :]  # `Config(password=…)`, `'…?token=…'`


def _by_default() -> Hides:
    global _default
    if _default is None:
        from lambda_kit._kernel.redaction import DEFAULT_REDACT, Redaction

        _default = Redaction(DEFAULT_REDACT).hides
    return _default


def _compile() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """Return pairs of patterns: a name with what follows it, and the value."""
    global _patterns
    import re

    name = r"(?P<name>[\w.-]{1,100})"
    around = rf"(?P<around>{_QUOTE}){name}(?P=around)\s*"
    patterns = (
        # `'password': '…'`, `"token":"…"`, and the same escaped.
        (rf"{around}[:=]\s*", rf"{_QUOTED}|[^\s,;}}\])\"'\\]+"),
        # `('Authorization', '…')`, `['--password', '…']`
        (rf"{around},\s*", _QUOTED),
        # `Authorization: Bearer …`, `X-Api-Key: …`: names with a dash, and those two, up to the end of the line.
        (r"(?<![\w.-])(?P<name>(?i:authorization|cookie)|\w+(?:-\w+)+)[ ]?:[ ]", r"(?P<quote>)[^\r\n\"']+"),
        # `password=…`, `password = "…"`, `Pwd={…};`, `?token=…&`. A value without quotes ends at a space, `&` or `;`.
        (rf"(?<![\w.-]){name}[ ]?=(?!=)[ ]?", rf"{_QUOTED}|\{{[^}}]{{0,200}}\}}|[^\s&;]+"),
    )
    _patterns = tuple((re.compile(before), re.compile(value, re.DOTALL)) for before, value in patterns)
    return _patterns
