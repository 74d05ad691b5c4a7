"""All settings, from the environment variables that `template.yaml` sets. Nothing else reads the environment.

The defaults are for tests and for a first look; each function needs only the variables of what it uses.
"""

from __future__ import annotations

import os

_get = os.environ.get
_QUEUES = "https://sqs.eu-west-1.amazonaws.com/123456789012"

# The table of orders, and the one in which the kit notes what has run.
ORDERS_TABLE = _get("ORDERS_TABLE", "orders")
IDEMPOTENCY_TABLE = _get("IDEMPOTENCY_TABLE", "idempotency")

# URLs of queues: between the stream and the worker, and for messages that no retry will mend.
ORDERS_QUEUE = _get("ORDERS_QUEUE", f"{_QUEUES}/orders")
LETTERS_QUEUE = _get("LETTERS_QUEUE", f"{_QUEUES}/letters")

# The durable function that asks a person, with its alias.
APPROVAL_FUNCTION = _get("APPROVAL_FUNCTION", "approval:live")

# The payment service, and the secret with its key.
PAYMENTS_URL = _get("PAYMENTS_URL", "https://payments.example")
PAYMENTS_SECRET = _get("PAYMENTS_SECRET", "shop/payments")

# The secret with the key that signs tokens of users.
SIGNING_SECRET = _get("SIGNING_SECRET", "shop/signing")

# Parameters: the prices in cents, as JSON, and the amount in cents from which on a person is asked.
PRICES_PARAMETER = _get("PRICES_PARAMETER", "/shop/prices")
APPROVAL_LIMIT_PARAMETER = _get("APPROVAL_LIMIT_PARAMETER", "/shop/approval-limit")

# The feature flags in AppConfig: application, environment and profile.
FLAGS = (_get("FLAGS_APPLICATION", "shop"), _get("FLAGS_ENVIRONMENT", "prod"), _get("FLAGS_PROFILE", "features"))
