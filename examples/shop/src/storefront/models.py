"""The shapes of what goes in, out and from one function to the next. Amounts are cents."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Status = Literal["placed", "waiting", "paid", "declined", "refused"]


class Line(BaseModel):
    sku: str = Field(min_length=1, max_length=40, examples=["tea"])
    count: int = Field(ge=1, le=1000, examples=[2])


class NewOrder(BaseModel):
    lines: list[Line] = Field(min_length=1, max_length=100)


class Order(NewOrder):
    id: str
    customer: str
    total: int = Field(description="In cents.")
    status: Status = "placed"
    receipt: str | None = Field(default=None, description="Of the payment.")


class Decision(BaseModel):
    approved: bool


class OrderMessage(BaseModel):
    """The message to the worker."""

    order_id: str
    customer: str
    total: int = Field(gt=0)
