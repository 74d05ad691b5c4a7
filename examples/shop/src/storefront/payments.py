"""The payment service: an HTTP API with a key that rotates."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from lambda_kit.parameters import Secret
from storefront import settings
from storefront.observability import log, metrics, tracer

_TIMEOUT = 1.5  # seconds; less than the margin of the functions that call it
service_url = settings.PAYMENTS_URL
api_key = Secret(settings.PAYMENTS_SECRET, transform="json")


class Declined(Exception):
    """The bank said no. It will say no again."""


class KeyRefused(Exception):
    """The service does not know the key."""


class PaymentsDown(Exception):
    """The service did not answer, or not as it should."""


def charge(order_id: str, customer: str, cents: int) -> str:
    """Charge a customer for an order, and return the receipt.

    The id of the order goes along as the key of the request. If this process dies between the charge and its note of
    it, the next run gets the receipt of the first, as such services promise. If the secret was rotated, the call is
    made once more with the new one.

    Raises:
        Declined: the bank said no.
        PaymentsDown: the service did not answer.
    """
    body = {"order": order_id, "customer": customer, "cents": cents}

    def post(key: dict[str, str]) -> str:
        return post_charge(body, {"authorization": f"Bearer {key['key']}", "idempotency-key": order_id})

    with metrics.timer("PaymentTime"):
        receipt = api_key.use(post, retry_on=KeyRefused)
    metrics.add("Revenue", cents, "None")
    log.info("charged", cents=cents, receipt=receipt)
    return receipt


def post_charge(body: dict[str, Any], headers: dict[str, str]) -> str:
    url = urlsplit(f"{service_url}/charges")
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    with tracer.span("payments", kind="remote") as span:
        connection = kind(url.netloc, timeout=_TIMEOUT)
        try:
            headers = {**headers, **tracer.headers(), "content-type": "application/json"}
            connection.request("POST", url.path, json.dumps(body), headers)
            reply = connection.getresponse()
            text = reply.read()
        except (OSError, http.client.HTTPException) as error:
            raise PaymentsDown(type(error).__name__) from error
        finally:
            connection.close()
        span.http(method="POST", url=url.geturl(), status=reply.status)
        if reply.status == 401:
            raise KeyRefused
        if reply.status == 402:
            raise Declined(body["order"])
        if reply.status != 201:
            raise PaymentsDown(f"status {reply.status}")
        receipt: str = json.loads(text)["receipt"]
        return receipt
