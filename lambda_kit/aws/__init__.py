"""A lean client for the few operations of AWS that the kit calls itself: signed JSON over kept-alive connections.

It exists because importing boto3 and making a client costs a function more than everything else that the kit does.
It is no replacement for boto3 in the code of users; whatever calls AWS takes `client=` with a boto3 client of theirs.
"""

from __future__ import annotations

from lambda_kit.aws._client import AwsClient
from lambda_kit.aws._connect import Caller, connect

__all__ = ["AwsClient", "Caller", "connect"]
