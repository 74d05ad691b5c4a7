"""The worker, which dies once in the middle of an order: as if Lambda had taken its machine away.

`DIE_ONCE` names a file. While it does not exist, the worker makes it right after the payment service has charged an
order, and kills itself, before anything could note the charge.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from storefront import payments
from storefront.handlers.worker import fulfil_orders

_post = payments.post_charge
_marker = Path(os.environ["DIE_ONCE"])


def _post_and_die(body: dict[str, Any], headers: dict[str, str]) -> str:
    receipt = _post(body, headers)
    if body["customer"] == os.environ["DIE_FOR"] and not _marker.exists():
        _marker.write_text(str(os.getpid()), "utf-8")
        os.kill(os.getpid(), signal.SIGKILL)
    return receipt


payments.post_charge = _post_and_die
__all__ = ["fulfil_orders"]
