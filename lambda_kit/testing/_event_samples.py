"""Events of any source, from the samples that `lambda-kit events` has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import ConfigurationError
from lambda_kit.testing._event_parts import merged, with_new_ids

if TYPE_CHECKING:
    from lambda_kit.events._source import SourceName
    from lambda_kit.testing._event_parts import Fields

_SAMPLES = {
    "alarm": "alarm",
    "appsync": "appsync-resolver",
    "bedrock_agent_api": "bedrock-agent",
    "cloudfront": "cloudfront-request",
    "config_rule": "config-rule",
    "custom_resource": "cloudformation-custom-resource-create",
    "dynamodb": "dynamodb-stream",
    "event_bridge": "eventbridge",
    "firehose": "kinesis-firehose-put",
    "http": "api-gateway-proxy-v2",
    "kafka": "kafka-msk",
    "kinesis": "kinesis-stream",
    "pipes": "pipes-sqs",
    "request_authorizer": "api-gateway-authorizer-request",
    "s3_batch": "s3-batch-operation-v2",
    "s3_event_bridge": "s3-eventbridge-object-created",
    "secrets_rotation": "secrets-manager",
    "websocket": "websocket-message",
}
"""The sample of each source whose name is another one, or that has several."""


def of(source: SourceName, *, fields: Fields = None) -> Any:
    """Return the event of any source: the sample that `lambda-kit events` has, with new ids.

    ```python
    from lambda_kit.testing import events

    event = events.of(
        "cognito_pre_sign_up",
        fields={"request": {"userAttributes": {"email": "ada@example.com"}}},
    )
    assert event["triggerSource"] == "PreSignUp_SignUp"
    assert event["request"]["userAttributes"]["email"] == "ada@example.com"
    ```

    Args:
        source: the name that `source_of` gives to such events.
        fields: replaces fields of the event; default: none.

    Raises:
        ConfigurationError: there is no such source.
    """
    from lambda_kit.events._source import VIEWS
    from lambda_kit.local import _events

    if source not in VIEWS:
        import difflib

        close = difflib.get_close_matches(str(source), VIEWS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(VIEWS)}"
        raise ConfigurationError(f"events.of({source!r}): there is no such source; {hint}")
    text = _events.sample(_SAMPLES.get(source, source.replace("_", "-")))
    return merged(with_new_ids(json.loads(text)), fields)
