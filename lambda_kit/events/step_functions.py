"""Answers to Step Functions for a task that waits for a token.

A state with `.waitForTaskToken` passes a token, and waits until somebody answers with it: this function, or another one
later. See <https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token>. Lengths
are those of <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html>.

```python
from lambda_kit import handler
from lambda_kit.events import step_functions


@handler
def approve(event, context):
    if event["approved"]:
        step_functions.succeed(event["token"], {"by": event["user"]})
    else:
        step_functions.fail(
            event["token"], "Refused", f"{event['user']} refused the order"
        )
```

The role of the function needs `states:SendTaskSuccess`, `states:SendTaskFailure` and `states:SendTaskHeartbeat`.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import AnswerError
from lambda_kit.events._answers import check_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST_TOKEN, _LONGEST_ERROR, _LONGEST_CAUSE = 2048, 256, 32_768  # characters
_LARGEST_OUTPUT = 262_144  # bytes


def succeed(token: str, output: Any = None, *, client: Any = None) -> None:
    """End the waiting task with a result.

    Args:
        token: the token that the state passed.
        output: the result, any JSON; at most 256 KiB as text. Default null.
        client: a boto3 client of Step Functions; default the lean client.

    Raises:
        AnswerError: the token is empty, or the output cannot be written as JSON or is too large.
        AwsError: the call failed: `TaskTimedOut` if nobody waits any more, `InvalidToken` for another token.
    """
    import json

    try:
        text = json.dumps(output, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise AnswerError(f"the output cannot be written as JSON: {error}") from None
    size = len(text.encode())
    if size > _LARGEST_OUTPUT:
        raise AnswerError(f"the output has {size} bytes as JSON, and Step Functions takes {_LARGEST_OUTPUT}")
    _call("SendTaskSuccess", {"taskToken": _checked(token), "output": text}, client)


def fail(token: str, error: str | BaseException, cause: str | None = None, *, client: Any = None) -> None:
    """End the waiting task with an error, which the state machine may retry or catch by its name.

    Args:
        token: the token that the state passed.
        error: the name of the error, at most 256 characters; or an exception, whose class and message are taken.
        cause: the reason, for people; cut after 32,768 characters. Default the message of the exception, else none.
        client: a boto3 client of Step Functions; default the lean client.

    Raises:
        AnswerError: the token or the name of the error is empty or too long.
        AwsError: the call failed: see `succeed`.
    """
    if isinstance(error, BaseException):
        cause = str(error) if cause is None else cause
        error = type_of(error).__name__[:_LONGEST_ERROR]
    params = {"taskToken": _checked(token), "error": check_text(error, "fail: error", _LONGEST_ERROR)}
    if cause:
        params["cause"] = cause[:_LONGEST_CAUSE]
    _call("SendTaskFailure", params, client)


def heartbeat(token: str, *, client: Any = None) -> None:
    """Tell that the task is still at work, so that its `HeartbeatSeconds` begin anew.

    Args:
        token: the token that the state passed.
        client: a boto3 client of Step Functions; default the lean client.

    Raises:
        AnswerError: the token is empty.
        AwsError: the call failed: see `succeed`.
    """
    _call("SendTaskHeartbeat", {"taskToken": _checked(token)}, client)


def _checked(token: Any) -> str:
    if type_of(token) is not str or not 1 <= len(token) <= _LONGEST_TOKEN:
        # The value is not quoted: a token lets its holder answer.
        raise AnswerError(
            f"the task token is of type {type_of(token).__name__} or of a wrong length; pass '$$.Task.Token' from the "
            "state machine as it is"
        )
    return token  # type: ignore[no-any-return]


def _call(operation: str, params: dict[str, Any], client: Any) -> None:
    from lambda_kit.aws import connect

    connect("stepfunctions", client).call(operation, params)
