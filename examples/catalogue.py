"""List products; flags decide how many, and whether recommendations come with them.

echo '{"tier": "premium", "agent": "Mobile/1.0"}' | lambda-kit invoke catalogue.products --event -

On Lambda the flags would come from AppConfig's agent: AppConfigAgent("shop", "prod", "features").
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_kit import FeatureFlags, Logger, handler
from lambda_kit.flags import FlagFile

if TYPE_CHECKING:
    from lambda_kit.invocation import LambdaContext

log = Logger(service="catalogue")
flags = FeatureFlags(FlagFile(Path(__file__).with_suffix(".json")), record=True)
PRODUCTS = [f"product {number}" for number in range(100)]


@handler(log)
def products(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the first products, and recommendations to those who get them."""
    customer = {"tier": event.get("tier"), "agent": event.get("agent", "")}
    found: dict[str, Any] = {"products": PRODUCTS[: flags.evaluate("page_size", customer, default=10)]}
    if flags.enabled("recommendations", customer, default=False):
        found["recommendations"] = PRODUCTS[-3:]
    log.info("listed", products=len(found["products"]), recommended="recommendations" in found)
    return found
