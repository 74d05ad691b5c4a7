"""URLs that may be shown: without user and password."""

from __future__ import annotations

_IN_SCHEMES = str.maketrans("", "", "+-.")


def without_credentials(url: str) -> str:
    """Return a URL without user and password; text that contains neither is returned unchanged.

    A password that contains `@`, `/`, `?` or `#` unescaped is removed too. In doubt more is removed, not less.

    Example:
        ```python
        assert without_credentials("https://ada:pa/ss@db.example:5432/shop") == "https://db.example:5432/shop"
        ```
    """
    if "@" not in url:
        return url
    start = _authority_start(url)
    rest = url[start:]
    authority = rest
    for delimiter in "/?#":
        authority = authority.partition(delimiter)[0]
    if "@" not in authority and not _has_bad_port(authority):
        return url
    return url[:start] + rest[rest.rindex("@", 0, None if _has_bad_port(authority) else len(authority)) + 1 :]


def hidden_in_text(text: str) -> str:
    """Return a text, such as a message, with the URLs in it without user and password."""
    if "@" not in text or "://" not in text:
        return text
    import re

    # From the last one on: the path of one may contain another.
    for start in reversed([one.start() for one in re.finditer(r"(?<![\w+.-])[A-Za-z][\w+.-]*://", text)]):
        url = text[start:].split(None, 1)[0]
        text = text[:start] + without_credentials(url) + text[start + len(url) :]
    return text


def _authority_start(url: str) -> int:
    """Return the index at which user, host and port begin."""
    scheme, colon, after = url.partition(":")
    if url[:2] == "//":
        after = url
    elif not colon or after[:1] != "/" or not scheme.translate(_IN_SCHEMES).isalnum():
        return 0
    return len(url) - len(after.lstrip("/"))


def _has_bad_port(authority: str) -> bool:
    """Tell whether the authority is not `host` or `host:port`: then it is the beginning of a user and a password."""
    _, colon, port = authority.rpartition("@")[2].rpartition(":")
    return bool(colon and port) and not port.isdecimal() and not port.endswith("]")
