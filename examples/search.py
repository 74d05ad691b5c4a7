"""A flag roll-out: a fifth of the customers get the new search; if it fails, the old one answers.

lambda-kit invoke search.find --event '{"customer": "c-7", "query": "tea"}'

On Lambda the flag would come from AppConfig's agent: AppConfigAgent("shop", "prod", "features"). A higher percentage
there reaches more customers, and no customer goes back; 0 turns it off everywhere, without a deployment.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_kit import FeatureFlags, Logger, Metrics, handler
from lambda_kit.flags import FlagFile

if TYPE_CHECKING:
    from lambda_kit.invocation import LambdaContext

log, metrics = Logger(service="search"), Metrics(namespace="Search", service="search")
flags = FeatureFlags(FlagFile(Path(__file__).with_suffix(".json")))
PRODUCTS = ("green tea", "black tea", "teapot", "coffee")


def old_search(query: str) -> list[str]:
    """Find products that begin or end with the query."""
    return [one for one in PRODUCTS if one.startswith(query) or one.endswith(query)]


def new_search(query: str) -> list[str]:
    """Find products with a word that is the query, and then the others. It stands for a new service."""
    return sorted((one for one in PRODUCTS if query in one), key=lambda one: query not in one.split())


@handler(log, metrics)
def find(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Search, and count by engine, so that the roll-out is judged by what it does."""
    query: str = event["query"]
    engine, found = "old", None
    if flags.enabled("new_search", customer=event["customer"], staff=event.get("staff", False), default=False):
        try:
            engine, found = "new", new_search(query)
        except Exception:
            log.exception("the new search failed")
            metrics.add("Failures", 1, dimensions={"engine": "new"})
            engine = "old"
    metrics.add("Searches", 1, dimensions={"engine": engine})
    return {"engine": engine, "found": old_search(query) if found is None else found}
