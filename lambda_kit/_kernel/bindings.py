"""Fields that are bound to a context: to the block of a `with`, or to the rest of a task, a thread, or a batch record.

Each context variable holds a chain of immutable links, because contexts share it. A link counts only in the invocation
in which it was made, and a link that was made in a record of a batch counts only in that record.
"""

from __future__ import annotations

from lambda_kit.invocation import current, current_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import ContextVar
    from typing import Any, TypeAlias

    from lambda_kit.invocation import Invocation

    Chain: TypeAlias = ContextVar["Link | None"]


class Link:
    """The fields of one `Binding` that was entered, or that were appended.

    Attributes:
        around: the link below this one; None for the first.
        binding: the binding that was entered; None for appended fields.
        fields: all fields that count while this link is the top one: its own, and those of the links below.
        invocation: the invocation in which it was made; None outside of invocations.
        own: the fields of this link alone.
        record: the record of a batch in which it was made; None outside of records.
    """

    __slots__ = ("around", "binding", "fields", "invocation", "own", "record")

    def __init__(
        self,
        binding: Binding | None,
        own: dict[Any, Any],
        invocation: Invocation | None,
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


def _counting(link: Link | None, invocation: Invocation | None, record: object) -> Link | None:
    """Return the topmost link that counts in an invocation and a record."""
    while link is not None:
        if link.invocation is not invocation:
            return None
        if link.record is None or link.record is record:
            return link
        link = link.around
    return None


def top(chain: Chain, invocation: Invocation | None) -> Link | None:
    """Return the link whose `fields` count now, or None."""
    link = chain.get()
    if link is None or (link.invocation is invocation and link.record is None):
        return link
    return _counting(link, invocation, current_record.get())


def append(chain: Chain, fields: dict[Any, Any]) -> None:
    """Add fields until the invocation ends; in a record of a batch, a task or a thread, until that ends."""
    invocation, record = current.get(None), current_record.get()
    link = chain.get()
    # Links of records that have ended are dropped, and appended fields make one link.
    while link is not None and link.invocation is invocation and link.record not in (None, record):
        link = link.around
    if link is not None and link.binding is None and link.invocation is invocation and link.record is record:
        fields = {**link.own, **fields}
        link = link.around
    chain.set(Link(None, fields, invocation, record, link))


def end(chain: Chain, invocation: Invocation) -> None:
    """Drop the links of an invocation from this context, those of blocks that were never left included."""
    link = found = chain.get()
    while link is not None and link.invocation is invocation:
        link = link.around
    if link is not found:
        chain.set(link)


class Binding:
    """A context manager that binds fields to its block. It has no state of its own, so that it can be entered again.

    Args:
        chain: the context variable.
        fields: names and values.
    """

    __slots__ = ("_chain", "fields")

    def __init__(self, chain: Chain, fields: dict[Any, Any]) -> None:
        self._chain = chain
        self.fields = fields

    def __enter__(self) -> None:
        chain = self._chain
        chain.set(Link(self, self.fields, current.get(None), current_record.get(), chain.get()))

    def __exit__(self, *exc_info: object) -> None:
        # Generators are closed in any order and in any context: remove this link wherever it stands in the chain.
        link = self._chain.get()
        above: list[Link] = []
        while link is not None and link.binding is not self:
            above.append(link)
            link = link.around
        if link is None:
            return
        rest = link.around
        for one in reversed(above):
            rest = Link(one.binding, one.own, one.invocation, one.record, rest)
        self._chain.set(rest)
