"""Models for tests, in a module of their own as in a real function."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field
from typing_extensions import TypedDict  # pydantic needs it before Python 3.12


class Line(BaseModel):
    sku: str
    amount: int = Field(ge=1)


class NewOrder(BaseModel):
    customer: str
    lines: list[Line]


class Order(NewOrder):
    id: int
    total: Decimal = Decimal(0)


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


@dataclass
class Point:
    x: int
    y: int = 0


class Place(TypedDict):
    name: str
    zip: int
