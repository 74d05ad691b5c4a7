"""URLs that may be shown: without user and password."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

_LONGEST_URL = 10_000  # characters that are looked at together
_IN_SCHEMES = str.maketrans("", "", "+-.")


def without_credentials(url: str) -> str:
    """Return a URL without user and password; text that contains neither is returned unchanged.

    A password that contains `@`, `/`, `?` or `#` unescaped is removed too. In doubt more is removed, not less.

    Example:
        ```python
        assert (
            without_credentials("https://ada:pa/ss@db.example:5432/shop")
            == "https://db.example:5432/shop"
        )
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
    """Return a text, such as a message, with the URLs in it without user and password.

    A URL ends at white space. A password with spaces is removed where what comes before the space is no host and port:
    `redis://:my pass@db`.
    """
    if "@" not in text or "://" not in text:
        return text
    import re

    if " " in text:
        text = re.sub(
            r"(?<![\w+.-])([A-Za-z][\w+.-]{0,40}://)([^\s/?#@\"']*:[^\s@\"']*)([ \t][^\r\n@]{0,200}@)(?=(\S+))",
            _without_spaces,
            text,
        )
    done: list[str] = []  # from the end on
    url, end = "", len(text)  # the URL that is looked at, up to white space, and where it begins
    # From the last one on: the path of one may contain another.
    for found in reversed([*re.finditer(r"(?<![\w+.-])[A-Za-z][\w+.-]*://", text)]):
        between = text[found.end() : end]
        head = between.split(None, 1)[0] if between[:1].strip() else ""
        if len(head) < len(between) or len(url) > _LONGEST_URL:
            done += [url, between[len(head) :]]
            url = head
        else:
            url = head + url
        url = without_credentials(found[0] + url)
        end = found.start()
    done += [url, text[:end]]
    return "".join(reversed(done))


def _without_spaces(found: re.Match[str]) -> str:
    """Return the beginning of a URL without user and password, if it is one whose password has spaces."""
    scheme, before, gap, after = found[1], found[2], found[3], found[4]
    authority = before
    for delimiter in "/?#":
        authority = authority.partition(delimiter)[0]
    is_host = not authority.startswith(":") and not _has_bad_port(authority)
    if "://" in gap or (is_host and (len(authority) < len(before) or not (":" in after or "/" in after))):
        return found[0]
    return scheme


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
