"""All settings, from the environment variables that `template.yaml` sets. Nothing else reads the environment.

The defaults are for tests and for a first look; each function needs only the variables of what it uses.
"""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """The names of the resources.

    Attributes:
        orders_table: the table of orders.
        idempotency_table: the table in which the kit notes what has run.
        orders_queue: the URL of the queue between the stream and the worker.
        letters_queue: the URL of the queue for messages that no retry will mend.
        approval_function: the durable function that asks a person, with its alias.
        payments_url: where the payment service is.
        payments_secret: the secret with the key of the payment service.
        signing_secret: the secret with the key that signs tokens of users.
        prices: the parameter with the prices in cents, as JSON.
        approval_limit: the parameter with the amount in cents from which on a person is asked.
        flags: application, environment and profile of the feature flags in AppConfig.
    """

    orders_table: str
    idempotency_table: str
    orders_queue: str
    letters_queue: str
    approval_function: str
    payments_url: str
    payments_secret: str
    signing_secret: str
    prices: str
    approval_limit: str
    flags: tuple[str, str, str]


def _read() -> Settings:
    get = os.environ.get
    queues = "https://sqs.eu-west-1.amazonaws.com/123456789012"
    return Settings(
        orders_table=get("ORDERS_TABLE", "orders"),
        idempotency_table=get("IDEMPOTENCY_TABLE", "idempotency"),
        orders_queue=get("ORDERS_QUEUE", f"{queues}/orders"),
        letters_queue=get("LETTERS_QUEUE", f"{queues}/letters"),
        approval_function=get("APPROVAL_FUNCTION", "approval:live"),
        payments_url=get("PAYMENTS_URL", "https://payments.example"),
        payments_secret=get("PAYMENTS_SECRET", "shop/payments"),
        signing_secret=get("SIGNING_SECRET", "shop/signing"),
        prices=get("PRICES_PARAMETER", "/shop/prices"),
        approval_limit=get("APPROVAL_LIMIT_PARAMETER", "/shop/approval-limit"),
        flags=(get("FLAGS_APPLICATION", "shop"), get("FLAGS_ENVIRONMENT", "prod"), get("FLAGS_PROFILE", "features")),
    )


settings = _read()
