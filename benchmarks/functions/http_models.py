"""The models that bodies and answers are validated by, on all sides."""

from __future__ import annotations

from pydantic import BaseModel


class Line(BaseModel):
    """A line of an order."""

    sku: str
    amount: int


class NewOrder(BaseModel):
    """An order as a client sends it."""

    customer: str
    lines: list[Line]


class Order(NewOrder):
    """An order that was placed."""

    id: int
