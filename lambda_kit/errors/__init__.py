"""The errors that the kit raises, as one tree.

```text
Exception
└── LambdaKitError
    ├── ConfigurationError (also ValueError)   an argument, an option or a declaration is wrong
    │   └── MissingExtra (also ImportError)    a package that an extra of the kit installs is not installed
    ├── OutsideInvocation (also RuntimeError)  `current_invocation()` was called where no handler runs
    ├── LayerError (also RuntimeError)         a layer broke the rules of the pipeline
    ├── EventLoopRunning (also RuntimeError)   an async handler was called from a running event loop
    ├── UnexpectedCancellation (also RuntimeError)  a coroutine was cancelled, and nobody has cancelled its task
    ├── ExecutionFailed                        a durable execution that a test has run failed
    ├── TimeLimitReached                       the time limit ended the handler
    ├── ResponseTooLarge                       a stream was to be answered as a whole, and is over Lambda's limit
    ├── ResourceBuildError                     the factory of a resource failed; the cause is chained
    ├── ResourceCycle                          a resource needs itself, directly or through others
    ├── ParameterError                         a parameter, secret or configuration could not be read
    │   ├── ParameterAccessDenied              the role may not read or write it
    │   ├── ParameterNotFound                  it, or this version of it, does not exist
    │   └── TransformError                     its value does not fit the transform
    ├── FlagError                              a feature flag cannot be evaluated
    │   ├── FlagSchemaError (also ValueError)  the flag document is wrong; all problems are listed
    │   ├── FlagsUnavailable                   the flags could not be fetched, and no older ones are cached
    │   └── UnknownFlag (also LookupError)     the flag does not exist, and no default was given
    ├── EventError (also ValueError)           an event or a record is malformed
    │   └── ParseError                         an event or a record does not fit its model
    │       ├── InvalidRecord                  a record of a batch does not fit its model
    │       └── InvalidResult                  the response of a handler does not fit its schema
    ├── AnswerError (also ValueError)          an answer is not one that its trigger takes
    ├── AnswerNotSent                          CloudFormation could not be answered
    ├── RotationRefused                        a secret, or a version of it, cannot be rotated
    ├── NotAuthorized                          an authorizer refused the caller, who gets the answer 401
    ├── BatchError                             the return value of a record function is not a result
    │   └── BatchFailed                        no record of a batch succeeded
    ├── SettingsError (also ValueError)        fields of a `Settings` class are missing or invalid
    ├── IdempotencyError                       an idempotent call was refused, or its result was not stored
    │   ├── AlreadyInProgress                  another call with the same key is running
    │   ├── MissingIdempotencyKey (also ValueError)  the event has no key, or a part of it is missing
    │   ├── PayloadMismatch                    the key was used before with another payload
    │   ├── LeaseLost                          the lease ended, and another call has claimed the key
    │   ├── UnreadableRecord                   the record of an earlier call cannot be read back
    │   ├── FailedEarlier                      an earlier call failed; its exception cannot be rebuilt
    │   ├── StoreUnavailable                   the store did not answer, or could not store the result
    │   └── ResultNotStored                    the call was completed without a stored result
    │       └── ResultTooLarge                 the result did not fit into the store
    └── AwsError                               a call to AWS failed
        ├── AccessDenied                       the role lacks a permission
        ├── ConnectionGone                     the client of a WebSocket API has disconnected
        ├── ConditionalCheckFailed             a DynamoDB condition was not met; the item is attached
        ├── NoAnswer                           no connection, no reply, or no time left for one
        ├── NoCredentials                      no credentials were found, or they could not be fetched
        ├── NotFound                           the resource does not exist
        └── Throttled                          too many requests, even after retries
BaseException
└── TimeLimitInterrupt                         `time_limit` raises it inside the running handler
```

The message of an error says what happened, with which value, and what to do. The attributes hold the same data.
"""

from __future__ import annotations

from lambda_kit import lazy_exports
from lambda_kit.errors._base import ConfigurationError, LambdaKitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.errors._aws import (
        AccessDenied,
        AwsError,
        ConditionalCheckFailed,
        ConnectionGone,
        NoAnswer,
        NoCredentials,
        NotFound,
        Throttled,
    )
    from lambda_kit.errors._batch import (
        BatchError,
        BatchFailed,
    )
    from lambda_kit.errors._events import (
        AnswerError,
        AnswerNotSent,
        EventError,
        InvalidRecord,
        InvalidResult,
        NotAuthorized,
        ParseError,
        ResponseTooLarge,
        RotationRefused,
    )
    from lambda_kit.errors._extras import (
        MissingExtra,
    )
    from lambda_kit.errors._flags import (
        FlagError,
        FlagSchemaError,
        FlagsUnavailable,
        UnknownFlag,
    )
    from lambda_kit.errors._idempotency import (
        AlreadyInProgress,
        FailedEarlier,
        IdempotencyError,
        LeaseLost,
        MissingIdempotencyKey,
        PayloadMismatch,
        ResultNotStored,
        ResultTooLarge,
        StoreUnavailable,
        UnreadableRecord,
    )
    from lambda_kit.errors._parameters import (
        ParameterAccessDenied,
        ParameterError,
        ParameterNotFound,
        SettingsError,
        TransformError,
    )
    from lambda_kit.errors._pipeline import (
        EventLoopRunning,
        ExecutionFailed,
        LayerError,
        OutsideInvocation,
        TimeLimitInterrupt,
        TimeLimitReached,
        UnexpectedCancellation,
    )
    from lambda_kit.errors._resources import (
        ResourceBuildError,
        ResourceCycle,
    )
else:
    # Making a class takes longer than loading a small module, so that each room loads its own.
    __getattr__, __dir__ = lazy_exports(
        globals(),
        {
            "AccessDenied": "lambda_kit.errors._aws",
            "AlreadyInProgress": "lambda_kit.errors._idempotency",
            "AnswerError": "lambda_kit.errors._events",
            "AnswerNotSent": "lambda_kit.errors._events",
            "AwsError": "lambda_kit.errors._aws",
            "BatchError": "lambda_kit.errors._batch",
            "BatchFailed": "lambda_kit.errors._batch",
            "ConditionalCheckFailed": "lambda_kit.errors._aws",
            "ConnectionGone": "lambda_kit.errors._aws",
            "EventError": "lambda_kit.errors._events",
            "EventLoopRunning": "lambda_kit.errors._pipeline",
            "ExecutionFailed": "lambda_kit.errors._pipeline",
            "FailedEarlier": "lambda_kit.errors._idempotency",
            "FlagError": "lambda_kit.errors._flags",
            "FlagSchemaError": "lambda_kit.errors._flags",
            "FlagsUnavailable": "lambda_kit.errors._flags",
            "IdempotencyError": "lambda_kit.errors._idempotency",
            "InvalidRecord": "lambda_kit.errors._events",
            "InvalidResult": "lambda_kit.errors._events",
            "LayerError": "lambda_kit.errors._pipeline",
            "LeaseLost": "lambda_kit.errors._idempotency",
            "MissingExtra": "lambda_kit.errors._extras",
            "MissingIdempotencyKey": "lambda_kit.errors._idempotency",
            "NoAnswer": "lambda_kit.errors._aws",
            "NoCredentials": "lambda_kit.errors._aws",
            "NotAuthorized": "lambda_kit.errors._events",
            "NotFound": "lambda_kit.errors._aws",
            "OutsideInvocation": "lambda_kit.errors._pipeline",
            "ParameterAccessDenied": "lambda_kit.errors._parameters",
            "ParameterError": "lambda_kit.errors._parameters",
            "ParameterNotFound": "lambda_kit.errors._parameters",
            "ParseError": "lambda_kit.errors._events",
            "PayloadMismatch": "lambda_kit.errors._idempotency",
            "ResourceBuildError": "lambda_kit.errors._resources",
            "ResourceCycle": "lambda_kit.errors._resources",
            "ResponseTooLarge": "lambda_kit.errors._events",
            "ResultNotStored": "lambda_kit.errors._idempotency",
            "ResultTooLarge": "lambda_kit.errors._idempotency",
            "RotationRefused": "lambda_kit.errors._events",
            "SettingsError": "lambda_kit.errors._parameters",
            "StoreUnavailable": "lambda_kit.errors._idempotency",
            "Throttled": "lambda_kit.errors._aws",
            "TimeLimitInterrupt": "lambda_kit.errors._pipeline",
            "TimeLimitReached": "lambda_kit.errors._pipeline",
            "TransformError": "lambda_kit.errors._parameters",
            "UnexpectedCancellation": "lambda_kit.errors._pipeline",
            "UnknownFlag": "lambda_kit.errors._flags",
            "UnreadableRecord": "lambda_kit.errors._idempotency",
        },
    )

__all__ = [
    "AccessDenied",
    "AlreadyInProgress",
    "AnswerError",
    "AnswerNotSent",
    "AwsError",
    "BatchError",
    "BatchFailed",
    "ConditionalCheckFailed",
    "ConfigurationError",
    "ConnectionGone",
    "EventError",
    "EventLoopRunning",
    "ExecutionFailed",
    "FailedEarlier",
    "FlagError",
    "FlagSchemaError",
    "FlagsUnavailable",
    "IdempotencyError",
    "InvalidRecord",
    "InvalidResult",
    "LambdaKitError",
    "LayerError",
    "LeaseLost",
    "MissingExtra",
    "MissingIdempotencyKey",
    "NoAnswer",
    "NoCredentials",
    "NotAuthorized",
    "NotFound",
    "OutsideInvocation",
    "ParameterAccessDenied",
    "ParameterError",
    "ParameterNotFound",
    "ParseError",
    "PayloadMismatch",
    "ResourceBuildError",
    "ResourceCycle",
    "ResponseTooLarge",
    "ResultNotStored",
    "ResultTooLarge",
    "RotationRefused",
    "SettingsError",
    "StoreUnavailable",
    "Throttled",
    "TimeLimitInterrupt",
    "TimeLimitReached",
    "TransformError",
    "UnexpectedCancellation",
    "UnknownFlag",
    "UnreadableRecord",
]
