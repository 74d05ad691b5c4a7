"""The spans that tracers recorded, and messages that show how a tree of them differs from what a test expects."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches, ndiff

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import EllipsisType
    from typing import Any, TypeAlias

    from lambda_kit.testing._xray_tree import Names, SpanNode

    Expected: TypeAlias = "str | EllipsisType | tuple[Expected, ...]"

SWITCHES = ("AWS_XRAY_DAEMON_ADDRESS", "LAMBDA_KIT_TRACER")
"""The environment variables that configure a backend of tracers."""


class SpanQueries:
    """The searches of `Spans` and `RecordedSpans`."""

    _note = ""  # the end of each message: the error of the handler

    def _roots(self) -> Sequence[SpanNode]:
        raise NotImplementedError

    def find(self, name: str, /, **annotations: Any) -> SpanNode:
        """Return the first span with this name and these annotations; parents come before their children.

        Raises:
            AssertionError: there is none. The message shows the spans, and what differs.
        """
        __tracebackhide__ = True
        for node in self._named(name):
            if _has(node, annotations):
                return node
        raise AssertionError(self._explain(name, annotations) + self._note)

    def find_all(self, name: str, /, **annotations: Any) -> list[SpanNode]:
        """Return all spans with this name and these annotations; an empty list if there is none."""
        return [node for node in self._named(name) if _has(node, annotations)]

    def names(self) -> tuple[Names, ...]:
        """Return the names in the trees, nested as `assert_spans` takes them."""
        return tuple(node.names() for node in self._roots())

    def assert_spans(self, *trees: Expected) -> None:
        """Check the trees of the spans, by their names.

        Args:
            *trees: for each outermost span, in order: its name if it has no children, else a tuple of its name and its
                children. `...` in the place of children, or of outermost spans, stands for any number of others.

        Raises:
            AssertionError: the trees differ. The message shows both, line by line.

        Example:
            ```python
            tracer = Tracer()

            @handler(tracer)
            def place(event, context):
                with tracer.span("charge"), tracer.span("card"):
                    pass

            spans = invoke(place).spans
            spans.assert_spans(("place", ("charge", "card")))
            spans.assert_spans(("place", ...))
            ```
        """
        __tracebackhide__ = True
        actual = self.names()
        if _same_children(trees, actual):
            return
        roots = self._roots()
        if not roots:
            raise AssertionError(f"no spans were recorded{why_none()}\nexpected:\n{_text(trees)}{self._note}")
        changes = [
            line.rstrip() for line in ndiff(list(_lines(trees)), list(_lines(actual))) if not line.startswith("?")
        ]
        recorded = "\n".join(repr(root) for root in roots)
        raise AssertionError(
            "the spans differ (- expected, + recorded)\n"
            + "\n".join(f"  {line}" for line in changes)
            + "\nrecorded:\n"
            + _indented(recorded)
            + self._note
        )

    def _all(self) -> Iterator[SpanNode]:
        for root in self._roots():
            yield from root._walk()

    def _named(self, name: str) -> Iterator[SpanNode]:
        return (node for node in self._all() if node.name == name)

    def _explain(self, name: str, annotations: dict[str, Any]) -> str:
        roots = self._roots()
        spelled = ", ".join(f"{key}={value!r}" for key, value in annotations.items())
        what = f"no span has the name {name!r}" + (f" and the annotations {spelled}" if spelled else "")
        if not roots:
            return f"{what}: no spans were recorded{why_none()}"
        same = list(self._named(name))
        if same:
            return f"{what}; their annotations:\n" + "\n".join(
                f"  {node.name}  {_annotated(node)}" for node in same[:10]
            )
        close = get_close_matches(name, {node.name: None for node in self._all()}, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return f"{what}{hint}\nrecorded:\n" + _indented("\n".join(repr(root) for root in roots))


class Spans(SpanQueries, tuple["SpanNode", ...]):  # noqa: SLOT001  # it has the note
    """The outermost spans of an invocation, ordered by start: a tuple that can be searched."""

    def _roots(self) -> Sequence[SpanNode]:
        return self

    def __repr__(self) -> str:
        return "\n".join(repr(root) for root in self) or "()"


def why_none() -> str:
    """Return the reason why there are no spans, if the environment is the reason."""
    for name in SWITCHES:
        if value := os.environ.get(name):
            return f": {name}={value!r} in the environment sends them elsewhere"
    loaded = "lambda_kit.tracer._tracer" in sys.modules
    return ": no tracer was the layer of what ran" if loaded else ": no Tracer was made"


def _has(node: SpanNode, annotations: dict[str, Any]) -> bool:
    return all(name in node.annotations and node.annotations[name] == value for name, value in annotations.items())


def _annotated(node: SpanNode) -> str:
    return "  ".join(f"{name}={value!r}" for name, value in node.annotations.items()) or "none"


def _same(expected: Expected, actual: Names) -> bool:
    if isinstance(expected, tuple):
        name, children = expected[0], expected[1:]
        given, inner = (actual, ()) if isinstance(actual, str) else (actual[0], actual[1:])
        return name == given and _same_children(children, inner)
    return expected == actual


def _same_children(expected: Sequence[Expected], actual: Sequence[Names]) -> bool:
    if ... not in expected:
        return len(expected) == len(actual) and all(map(_same, expected, actual))
    remaining = iter(actual)
    return all(any(_same(one, node) for node in remaining) for one in expected if one is not ...)


def _lines(trees: Sequence[Expected], indent: str = "") -> Iterator[str]:
    for tree in trees:
        if isinstance(tree, tuple):
            yield f"{indent}{tree[0]}"
            yield from _lines(tree[1:], indent + "  ")
        else:
            yield f"{indent}{'...' if tree is ... else tree}"


def _text(trees: Sequence[Expected]) -> str:
    return "\n".join(f"  {line}" for line in _lines(trees))


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))
