"""A function whose event says what it does, for both clients."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import importlib
import logging
import math
import os
import subprocess
import sys
import uuid
from typing import Any

type_of: Any = type


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 1


class Text(str):
    __slots__ = ()


class Number(float):
    pass


Point = collections.namedtuple("Point", "x y")  # noqa: PYI024  # pyright: ignore[reportUntypedNamedTuple]


@dataclasses.dataclass
class Order:
    id: str


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class Silent(Exception):
    def __str__(self) -> str:
        return ""


def fails() -> None:
    raise ValueError("broken")


def fails_deeply(depth: int) -> None:
    if depth:
        fails_deeply(depth - 1)
    fails()


def circular() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


MODULES = (asyncio, collections, decimal, logging, math, os, subprocess, sys, uuid)
SCOPE: dict[str, Any] = {
    **{module.__name__: module for module in MODULES},
    **{one.__name__: one for one in (Colour, Size, Text, Number, Order, Unprintable, Silent, Point)},
    **{one.__name__: one for one in (fails, fails_deeply, circular, nested)},
    "datetime": dt,
    "fails_below": importlib.import_module("wrapped").fails_below,
}


def handler(event: Any, context: Any) -> Any:
    kind = type_of(event)
    if kind is dict and "run" in event:
        scope: dict[str, Any] = {**SCOPE, "event": event, "context": context, "result": None}
        exec(event["run"], scope)
        return scope["result"]
    shown = repr(event)
    return {"type": kind.__name__, "repr": shown[:2000], "length": len(shown)}
