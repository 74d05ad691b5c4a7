"""A custom resource of CloudFormation: the records of a domain; a dict stands for the service of the registrar.

lambda-kit invoke domains.manage --event create.json
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, handler
from lambda_kit.events.custom_resources import Outcome, custom_resource, success

if TYPE_CHECKING:
    from lambda_kit.invocation import LambdaContext

log = Logger(service="domains")
records: dict[str, str] = {}


@handler(log, custom_resource())
def manage(event: dict[str, Any], context: LambdaContext) -> Outcome | None:
    """Create, change or delete a record. CloudFormation is answered in any case, also when this raises."""
    if event["RequestType"] == "Delete":
        records.pop(event["PhysicalResourceId"], None)
        return None
    properties = event["ResourceProperties"]
    name = properties["Name"]  # another name is another resource: CloudFormation then deletes the old one
    records[name] = properties["Target"]
    log.info("record set", name=name)
    return success({"Url": f"https://{name}"}, physical_id=name)
