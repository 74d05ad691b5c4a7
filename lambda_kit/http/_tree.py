"""The routes of an app as a tree of the segments of their paths.

Finding a route takes a step for each segment, however many routes there are. Fixed segments come before patterns, and
patterns before parameters, whatever the order in which routes were declared.
"""

from __future__ import annotations

import re

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME = re.compile(r"\{([^{}]*)\}")


class Node:
    """A segment, and what may come behind it.

    Attributes:
        fixed: the nodes of fixed segments.
        patterns: nodes of segments with fixed text and parameters, such as `{name}.json`; each with its expression and
            the length of its fixed text, the longest first.
        parameter: the node of a segment that is a parameter; None without one.
        rest: the routes, by method, of a parameter that takes all segments that are left; empty without one.
        routes: the routes, by method, of the path that ends here.
    """

    __slots__ = ("fixed", "parameter", "patterns", "rest", "routes")

    def __init__(self) -> None:
        self.fixed: dict[str, Node] = {}
        self.patterns: list[tuple[Any, Node, int]] = []
        self.parameter: Node | None = None
        self.rest: dict[str, Any] = {}
        self.routes: dict[str, Any] = {}


def names_in(rule: str) -> tuple[str, ...]:
    """Return the names of the parameters in the path of a route, in their order.

    Raises:
        ConfigurationError: the path is not valid.
    """
    if not rule.startswith("/"):
        raise ConfigurationError(f"the path {rule!r} of a route does not begin with a slash")
    names: list[str] = []
    for found in _NAME.findall(rule):
        name = found.removesuffix(":path")
        if not name.isidentifier():
            raise ConfigurationError(
                f"the path {rule!r} has {{{found}}}; write {{name}}, or {{name:path}} for all the rest"
            )
        if name in names:
            raise ConfigurationError(f"the path {rule!r} has the parameter {name!r} twice")
        names.append(name)
        if found.endswith(":path") and not rule.endswith(f"{{{found}}}"):
            raise ConfigurationError(f"the path {rule!r} goes on behind {{{found}}}, which takes all the rest")
    if "{" in (left := _NAME.sub("", rule)) or "}" in left or any(one in left for one in "?#<>"):
        raise ConfigurationError(f"the path {rule!r} is not valid; write a parameter as {{name}}")
    return tuple(names)


def segments_of(path: str) -> list[str]:
    """Return the segments of a path. One slash at its end does not count."""
    path = path.removesuffix("/")
    return path[1:].split("/") if path else []


def insert(root: Node, rule: str) -> dict[str, Any]:
    """Return the routes, by method, of a path; add its nodes if they are missing."""
    node = root
    for part in segments_of(rule):
        whole = _NAME.fullmatch(part)
        if whole is not None and whole[1].endswith(":path"):
            return node.rest
        if whole is not None:
            if node.parameter is None:
                node.parameter = Node()
            node = node.parameter
        elif "{" in part:
            node = _pattern(node, part)
        else:
            node = node.fixed.setdefault(part, Node())
    return node.routes


def _pattern(node: Node, part: str) -> Node:
    pieces = _pieces(part)
    text = "".join("(.+?)" if piece is None else re.escape(piece) for piece in pieces)
    for pattern, child, _ in node.patterns:
        if pattern.pattern == text:
            return child
    child = Node()
    node.patterns.append((re.compile(text, re.DOTALL), child, sum(len(piece) for piece in pieces if piece is not None)))
    node.patterns.sort(key=lambda entry: -entry[2])
    return child


def _pieces(part: str) -> list[str | None]:
    pieces: list[str | None] = []
    end = 0
    for match in _NAME.finditer(part):
        if match[1].endswith(":path"):
            raise ConfigurationError(f"the segment {part!r} has more than {{{match[1]}}}, which has to stand alone")
        pieces += [part[end : match.start()], None]
        end = match.end()
    return [*pieces, part[end:]]


def find(node: Node, parts: list[str], at: int, method: str, values: list[str]) -> Any:
    """Return the route of a path and a method, or None; `values` gets the values of the parameters in their order."""
    if at == len(parts):
        return node.routes.get(method)
    part = parts[at]
    child = node.fixed.get(part)
    if child is not None and (found := find(child, parts, at + 1, method, values)) is not None:
        return found
    if not part:
        return None
    mark = len(values)
    for pattern, child, _ in node.patterns:
        if (match := pattern.fullmatch(part)) is not None:
            values.extend(match.groups())
            if (found := find(child, parts, at + 1, method, values)) is not None:
                return found
            del values[mark:]
    child = node.parameter
    if child is not None:
        values.append(part)
        if (found := find(child, parts, at + 1, method, values)) is not None:
            return found
        del values[mark:]
    if method in node.rest:
        values.append("/".join(parts[at:]))
        return node.rest[method]
    return None


def methods_of(node: Node, parts: list[str], at: int = 0) -> set[str]:
    """Return the methods that a path has, over all routes that fit it."""
    if at == len(parts):
        return set(node.routes)
    part = parts[at]
    found: set[str] = set()
    if (child := node.fixed.get(part)) is not None:
        found |= methods_of(child, parts, at + 1)
    if part:
        for pattern, child, _ in node.patterns:
            if pattern.fullmatch(part) is not None:
                found |= methods_of(child, parts, at + 1)
        if node.parameter is not None:
            found |= methods_of(node.parameter, parts, at + 1)
        found |= set(node.rest)
    return found
