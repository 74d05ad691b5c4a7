"""Names of fields that hold secrets.

A name is split into words, at `-`, `_`, `.`, `/`, spaces and capital letters. It is secret if it ends with a secret
word or phrase: `db_password`, `authToken`, `X-Api-Key`; `token_count` is not. Long words are found without a boundary
too: `userpassword`. Forms of a secret, such as `password_hash`, are secret as well.
"""

from __future__ import annotations

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import EllipsisType
    from typing import Any, Protocol, TypeAlias

    class Pattern(Protocol):
        """A compiled regular expression."""

        def search(self, string: str, /) -> object: ...

    Redact: TypeAlias = Iterable[str | Pattern | EllipsisType]

# Found at the end of a name without its separators, whatever is before it.
_ENDINGS = (
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "authorization",
    "cookie",
    "credential",
    "apikey",
    "privatekey",
    "secretkey",
    "accesskey",
    "signingkey",
    "encryptionkey",
    "connectionstring",
)
# Whole words at the end of a name: shorter, so that other words end with them too.
_WORDS = frozenset(("pwd", "pass", "jwt", "otp", "totp", "mfa", "pin", "cvv", "cvc", "auth", "bearer"))
# What may follow a secret word: `password_hash`, `secretString`, `token_value`, `password2`.
_FOLLOWING = frozenset(
    (
        "",  # digits alone
        "string",
        "binary",
        "value",
        "text",
        "raw",
        "hash",
        "hashed",
        "hex",
        "base64",
        "header",
        "pem",
        "code",
        "confirm",
        "confirmation",
        "repeat",
        "again",
        "plain",
        "plaintext",
        "old",
        "new",
        "current",
    )
)
# Positions in lists of results, not secrets.
_NO_SECRETS = frozenset(
    ("nexttoken", "pagetoken", "nextpagetoken", "paginationtoken", "continuationtoken", "synctoken", "clienttoken")
)
DEFAULT_REDACT: tuple[EllipsisType, ...] = (...,)
_LONGEST = 200  # characters of a name that is looked at
_MOST = 1_000  # names that are remembered


def checked(where: str, redact: Any) -> tuple[Any, ...]:
    """Return what a user passed as names of fields.

    Args:
        where: the class, for the message: `"Logger"`.
        redact: names, patterns and `...`.

    Raises:
        ConfigurationError: it is not that.
    """
    names: tuple[Any, ...] | None = None
    if not isinstance(redact, str) and hasattr(redact, "__iter__"):
        names = tuple(redact)
    if names is None or not all(isinstance(one, str) or one is ... or hasattr(one, "search") for one in names):
        raise ConfigurationError(
            f"{where}(redact={redact!r}): pass names of fields, as in redact=(..., 'iban', '*_pin'), where ... stands "
            "for the default names"
        )
    return names


class Redaction:
    """Decides which fields are hidden.

    Args:
        redact: names, which are matched as the names above, `*` standing for any characters; compiled regular
            expressions; and `...` for the default names.
    """

    __slots__ = ("_by_default", "_known", "_names", "_patterns")

    def __init__(self, redact: Redact) -> None:
        self._by_default = False
        names: list[tuple[str, ...]] = []
        self._patterns: list[Any] = []
        for one in redact:
            if one is ...:
                self._by_default = True
            elif not isinstance(one, str):
                self._patterns.append(one)
            elif "*" in one:
                self._patterns.append(_pattern(one))
            else:
                names.append(_words(one))
        self._names = tuple(names)
        self._known: dict[str, bool] = {}

    def hides(self, name: str) -> bool:
        """Tell whether the value of a field is hidden."""
        known = self._known.get(name)
        if known is None:
            known = self._is_secret(name)
            if len(self._known) >= _MOST:  # names that are data must not fill the memory
                self._known.clear()
            if len(name) <= _LONGEST:
                self._known[name] = known
        return known

    def _is_secret(self, name: str) -> bool:
        name = name[-_LONGEST:]
        if self._by_default and _is_secret(name):
            return True
        if self._names:
            words = _words(name)
            whole = "".join(words)
            for wanted in self._names:
                if words[-len(wanted) :] == wanted or whole == "".join(wanted):
                    return True
        return any(pattern.search(name) is not None for pattern in self._patterns)


def _is_secret(name: str) -> bool:
    squeezed = _squeezed(name)
    if squeezed.endswith(_ENDINGS):
        return squeezed not in _NO_SECRETS
    words = _words(name)
    while words and words[-1].rstrip("0123456789") in _FOLLOWING:
        words = words[:-1]
    if not words:
        return False
    last = words[-1].rstrip("0123456789")
    if last in _WORDS:
        return True
    whole = "".join(words).rstrip("0123456789")
    plural = whole.removesuffix("s")
    return whole.endswith(_ENDINGS) or (plural != whole and plural.endswith(_ENDINGS) and not plural.endswith("token"))


def _squeezed(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _words(name: str) -> tuple[str, ...]:
    """Return the words of a name, in lower case."""
    words: list[str] = []
    word = ""
    for i, letter in enumerate(name):
        if not letter.isalnum():
            if word:
                words.append(word)
            word = ""
            continue
        # `authToken`, and `JWTToken`: a capital begins a word, and so does the last of several before a small letter.
        begins = letter.isupper() and (name[i - 1 : i].islower() or name[i + 1 : i + 2].islower())
        if begins and word:
            words.append(word)
            word = ""
        word += letter.lower()
    if word:
        words.append(word)
    return tuple(words)


def _pattern(name: str) -> Any:
    import re

    escaped = ".*".join(re.escape(part) for part in name.split("*"))
    return re.compile(f"^{escaped}$", re.IGNORECASE | re.DOTALL)
