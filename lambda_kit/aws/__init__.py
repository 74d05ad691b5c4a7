"""A lean client for the few operations of AWS that the kit calls itself: signed JSON over kept-alive connections.

It exists because importing boto3 and making a client costs a function more than everything else that the kit does. It
does not replace boto3 in the code of users. Everything in the kit that calls AWS takes `client=` with a boto3 client.
"""

from __future__ import annotations

from lambda_kit import lazy_exports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.aws._client import AwsClient
    from lambda_kit.aws._connect import Caller, connect
else:
    __getattr__, __dir__ = lazy_exports(
        globals(),
        {
            "AwsClient": "lambda_kit.aws._client",
            "Caller": "lambda_kit.aws._connect",
            "connect": "lambda_kit.aws._connect",
        },
    )

__all__ = ["AwsClient", "Caller", "connect"]
