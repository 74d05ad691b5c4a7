"""Types of the parameters, checked by mypy and pyright; never run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, assert_type

from pydantic import BaseModel, SecretStr

from lambda_kit import handler, parameters, provide
from lambda_kit.invocation import LambdaContext
from lambda_kit.parameters import FromParameter, FromSecret, Parameter, Secret, SecretValue, Settings


class Login(BaseModel):
    user: str


@dataclass
class Point:
    x: int


def split(text: str) -> list[str]:
    return text.split(",")


assert_type(parameters.get("/a"), str)
assert_type(parameters.get("/a", ttl=None, version=1, fresh=True, region="eu-west-1", source="aws"), str)
assert_type(parameters.get("/a", default=None), str | None)
assert_type(parameters.get("/a", transform="json"), Any)
assert_type(parameters.get("/a", transform="auto", default=1), Any)
assert_type(parameters.get("/a", transform="binary"), bytes)
assert_type(parameters.get("/a", transform="binary", default=None), bytes | None)
assert_type(parameters.get("/a", transform=Login), Login)
assert_type(parameters.get("/a", transform=int, default=None), int | None)
assert_type(parameters.get("/a", transform=split), list[str])
assert_type(parameters.get("/a", transform=bool), bool)
assert_type(parameters.get("/a", transform=list[int]), list[int])
assert_type(parameters.get("/a", transform=Point), Point)
parameters.get("/a", tranform="json")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
parameters.get("/a", transform="jsn")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
parameters.get("/a", stage="x")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]

assert_type(parameters.secret("b"), SecretValue[str])
assert_type(parameters.secret("b").get_secret_value(), str)
assert_type(parameters.secret("b").version, str | None)
assert_type(parameters.secret("b", transform="json"), SecretValue[Any])
assert_type(parameters.secret("b", transform="binary", stage="x"), SecretValue[bytes])
assert_type(parameters.secret("b", transform=Login, rotation=True).get_secret_value(), Login)
assert_type(parameters.secret("b", default=None), SecretValue[str] | None)

assert_type(parameters.get_many(["/a", "/b"]), dict[str, str])
assert_type(parameters.get_many(("/a",), transform=int, default=None), dict[str, int | None])
assert_type(parameters.by_path("/a", recursive=False), dict[str, str])
assert_type(parameters.by_path("/a", transform=split), dict[str, list[str]])
assert_type(parameters.app_config("a", "b", "c"), str)
assert_type(parameters.app_config("a", "b", "c", default=None), str | None)
assert_type(parameters.app_config("a", "b", "c", transform="json", default=None), Any)
assert_type(parameters.app_config("a", "b", "c", transform=int, default=None), int | None)
assert_type(parameters.app_config("a", "b", "c", transform=Login, ttl=30.0), Login)
assert_type(parameters.put("/a", "x", secure=True), int)

host = Parameter("/a")
ports = Parameter("/b", transform=split, eager=True)
hidden = Parameter("/c", transform=int, secret=True)
maybe = Parameter("/d", default=None)
login = Secret("b", transform=Login)
password = Secret("b", rotation=True)
assert_type(host, Parameter[str])
assert_type(host(), str)
assert_type(host.refresh(), str)
assert_type(ports(), list[str])
assert_type(hidden().get_secret_value(), int)
assert_type(maybe(), str | None)
assert_type(login, Secret[SecretValue[Login]])
assert_type(login().get_secret_value().user, str)
assert_type(password(), SecretValue[str])
Parameter("/a", fresh=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def connect(password: str, timeout: float = 1.0) -> bytes:
    return b""


async def connect_later(password: str) -> bytes:
    return b""


assert_type(password.use(connect, timeout=2.0, retry_on=PermissionError), bytes)


async def wait() -> None:
    assert_type(await password.use(connect_later, retry_on=(PermissionError, OSError)), bytes)


def wants(parameter: Parameter[str | None]) -> None: ...


wants(host)


class Shop(Settings):
    host: Annotated[str, FromParameter("/a", version=1)]
    password: Annotated[SecretStr, FromSecret("b", key="password", rotation=True)]


assert_type(Shop.load(), Shop)


@handler(provide(host=host, login=login))
def handle(event: dict[str, int], context: LambdaContext, *, host: str, login: SecretValue[Login]) -> str:
    return host
