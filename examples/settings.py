"""Place orders in a database whose address and password are settings, and whose password may be rotated at any time.

Without AWS: LAMBDA_KIT_PARAMETERS_SOURCE=environment LAMBDA_KIT_PARAMETERS_FILE=settings.json \
    lambda-kit invoke settings.place_order
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from lambda_kit import handler, init, provide
from lambda_kit.parameters import FromEnv, FromParameter, Secret, Settings

if TYPE_CHECKING:
    from lambda_kit.invocation import LambdaContext


class ShopSettings(Settings):
    """The settings that differ between the stages."""

    host: Annotated[str, FromParameter("/shop/db/host")]
    port: Annotated[int, FromParameter("/shop/db/port"), Field(gt=0)] = 5432
    stage: Annotated[str, FromEnv("STAGE")] = "dev"


login = Secret("shop/db", transform="json", rotation=True)


@init.resource(ttl=300.0, stale_if_error=3600.0)
def settings() -> ShopSettings:
    """Load the settings, anew every five minutes."""
    return ShopSettings.load()


REFUSED = ("expired",)


class LoginRefused(Exception):
    """The database does not take the password."""


def connect(login: dict[str, str], settings: ShopSettings) -> str:
    """Open a connection. It stands for a driver of a database."""
    if login["password"] in REFUSED:
        raise LoginRefused
    return f"{login['user']}@{settings.host}:{settings.port}"


@handler(provide(settings=settings))
def place_order(event: dict[str, Any], context: LambdaContext, *, settings: ShopSettings) -> dict[str, Any]:
    """Place an order; a password that has just been rotated is fetched anew."""
    connection = login.use(connect, settings, retry_on=LoginRefused)
    return {"statusCode": 201, "stage": settings.stage, "connection": connection}
