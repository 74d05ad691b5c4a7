"""Fields that are bound to a context: to the block of a `with`, or to the rest of a task, a thread, or a batch record.

Each context variable holds a chain of immutable links, because contexts share it. A link counts only in the invocation
in which it was made, and a link that was made in a record of a batch counts only in that record.
"""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Link:
    """The fields of one `Binding` that was entered, or that were appended.

    Attributes:
        around: the link below this one; None for the first.
        binding: the binding that was entered; None for appended fields.
        fields: all fields that count while this link is the top one: its own, and those of the links below.
        invocation: the invocation in which it was made; None outside of invocations.
        own: the fields of this link alone.
        record: the record of a batch in which it was made; None outside of records, and in one that has a context of
            its own.
    """

    __slots__ = ("around", "binding", "fields", "invocation", "own", "record")

    def __init__(
        self,
        binding: Binding | None,
        own: dict[Any, Any],
        invocation: object,
        record: object,
        around: Link | None,
    ) -> None:
        self.binding = binding
        self.own = own
        self.invocation = invocation
        self.record = record
        self.around = around
        below = _counting(around, invocation, record)
        self.fields: dict[Any, Any] = own if below is None else {**below.fields, **own}


def _counting(link: Link | None, invocation: object, record: object) -> Link | None:
    """Return the topmost link that counts in an invocation and a record."""
    while link is not None:
        if link.invocation is not invocation:
            return None
        if link.record is None or link.record is record:
            return link
        link = link.around
    return None


class Chain:
    """The links of one kind of fields, in a context variable.

    Args:
        name: of the context variable.
        here: returns the running invocation and the running record of a batch, or None for each.
    """

    __slots__ = ("_here", "get", "set")

    def __init__(self, name: str, here: Callable[[], tuple[object, object]]) -> None:
        variable: ContextVar[Link | None] = ContextVar(name, default=None)
        self.get = variable.get
        self.set = variable.set
        self._here = here

    def top(self) -> Link | None:
        """Return the link whose `fields` count now, or None."""
        link = self.get()
        return link and _counting(link, *self._here())

    def bind(self, binding: Binding) -> None:
        """Put the fields of a binding on top."""
        invocation, record = self._here()
        self.set(Link(binding, binding.fields, invocation, record, self.get()))

    def append(self, fields: dict[Any, Any]) -> None:
        """Add fields until the invocation ends; in a record of a batch, a task or a thread, until that ends."""
        invocation, record = self._here()
        link = self.get()
        # Links of records that have ended are dropped, and appended fields make one link.
        while link and link.invocation is invocation and link.record is not None and link.record is not record:
            link = link.around
        if link is not None and link.binding is None and link.invocation is invocation and link.record is record:
            fields = {**link.own, **fields}
            link = link.around
        self.set(Link(None, fields, invocation, record, link))

    def remove(self, binding: Binding) -> None:
        """Remove the topmost link of a binding: generators are closed in any order and in any context."""
        link = self.get()
        above: list[Link] = []
        while link is not None and link.binding is not binding:
            above.append(link)
            link = link.around
        if link is None:
            return
        rest = link.around
        for one in reversed(above):
            rest = Link(one.binding, one.own, one.invocation, one.record, rest)
        self.set(rest)

    def end(self, invocation: object) -> None:
        """Drop the links of an invocation from this context, those of blocks that were never left included."""
        link = found = self.get()
        while link is not None and link.invocation is invocation:
            link = link.around
        if link is not found:
            self.set(link)


class Binding:
    """A context manager that binds fields to its block. It has no state of its own, so that it can be entered again.

    Args:
        chain: the chain.
        fields: names and values.
    """

    __slots__ = ("_chain", "fields")

    def __init__(self, chain: Chain, fields: dict[Any, Any]) -> None:
        self._chain = chain
        self.fields = fields

    def __enter__(self) -> None:
        self._chain.bind(self)

    def __exit__(self, *exc_info: object) -> None:
        self._chain.remove(self)
