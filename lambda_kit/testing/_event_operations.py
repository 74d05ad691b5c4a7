"""Builders of events that ask a function for one step: custom resources, and rotations of secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lambda_kit.errors import ConfigurationError
from lambda_kit.testing._event_parts import arn, merged, new_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambda_kit.testing._event_parts import Event, Fields


def custom_resource(
    request_type: str = "Create",
    properties: Mapping[str, Any] | None = None,
    *,
    old_properties: Mapping[str, Any] | None = None,
    resource_type: str = "Custom::Domain",
    logical_id: str = "Domain",
    response_url: str = "https://cloudformation-custom-resource-response.example/answer",
    fields: Fields = None,
) -> Event:
    """Return the event of a custom resource of CloudFormation.

    Args:
        request_type: `"Create"`, `"Update"` or `"Delete"`.
        properties: the properties of the resource; default: none.
        old_properties: the properties before an update; default: none.
        resource_type: the type of the resource.
        logical_id: the name of the resource in the template.
        response_url: where the answer is sent, such as a server of the test.
        fields: replaces fields of the event; default: none.

    Raises:
        ConfigurationError: there is no such type of request.
    """
    if request_type not in ("Create", "Update", "Delete"):
        raise ConfigurationError(f"events.custom_resource({request_type!r}): pass 'Create', 'Update' or 'Delete'")
    token = arn("lambda", "function:custom-resource")
    event: Event = {
        "RequestType": request_type,
        "ServiceToken": token,
        "ResponseURL": response_url,
        "StackId": arn("cloudformation", f"stack/shop/{new_id()}"),
        "RequestId": new_id(),
        "LogicalResourceId": logical_id,
        "ResourceType": resource_type,
        "ResourceProperties": {"ServiceToken": token, **(properties or {})},
    }
    if request_type != "Create":
        event["PhysicalResourceId"] = f"{logical_id.lower()}-1"
    if request_type == "Update":
        event["OldResourceProperties"] = {"ServiceToken": token, **(old_properties or {})}
    return cast("Event", merged(event, fields))


def secrets_rotation(
    step: str = "createSecret", *, name: str = "shop/database", token: str | None = None, fields: Fields = None
) -> Event:
    """Return the event with which Secrets Manager asks for a step of a rotation.

    Args:
        step: `"createSecret"`, `"setSecret"`, `"testSecret"` or `"finishSecret"`.
        name: the name of the secret.
        token: the client request token, which is the version; default: a new one.
        fields: replaces fields of the event; default: none.
    """
    event = {
        "Step": step,
        "SecretId": arn("secretsmanager", f"secret:{name}-a1b2c3"),
        "ClientRequestToken": token or new_id(),
        "RotationToken": new_id(),
    }
    return cast("Event", merged(event, fields))
