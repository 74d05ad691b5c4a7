"""The names that Powertools exports, and what to use here. It is loaded when a name is missing, and never before."""

from __future__ import annotations

_PARAMETERS = {
    "AppConfigExtensionProvider": "use lambda_kit.parameters.app_config(application, environment, profile)",
    "AppConfigProvider": "use lambda_kit.parameters.app_config(application, environment, profile, client=...)",
    "BaseProvider": "a source of your own is a function under @init.resource(ttl=...)",
    "DynamoDBProvider": "the kit has no parameters in DynamoDB; use boto3 in a function under @init.resource",
    "GetParameterError": "it is called lambda_kit.errors.ParameterError",
    "GetSecretError": "it is called lambda_kit.errors.ParameterError",
    "SSMProvider": "use lambda_kit.parameters.get(name, client=...) or lambda_kit.parameters.Parameter(name)",
    "SecretsProvider": "use lambda_kit.parameters.secret(name, client=...) or lambda_kit.parameters.Secret(name)",
    "SetParameterError": "it is called lambda_kit.errors.ParameterError",
    "SetSecretError": "the kit does not write secrets; use boto3",
    "TransformParameterError": "it is called lambda_kit.errors.TransformError",
    "clear_caches": "use lambda_kit.testing.reset(), or invalidate() of a handle",
    "get_app_config": "use lambda_kit.parameters.app_config(application, environment, profile)",
    "get_parameter": "use lambda_kit.parameters.get(name)",
    "get_parameters": "use lambda_kit.parameters.by_path(path)",
    "get_parameters_by_name": "use lambda_kit.parameters.get_many(names)",
    "get_secret": "use lambda_kit.parameters.secret(name), whose value is at .get_secret_value()",
    "get_secrets_by_name": "use lambda_kit.parameters.secret(name) for each",
    "set_parameter": "use lambda_kit.parameters.put(name, value)",
    "set_secret": "the kit does not write secrets; use boto3",
}
_BATCH = {
    "AsyncBatchProcessor": (
        "use @batch of lambda_kit.batch over an async function; with concurrency=... records run side by side"
    ),
    "BasePartialBatchProcessor": "use @batch, or lambda_kit.batch.process_batch(event, fn)",
    "BasePartialProcessor": "use @batch, or lambda_kit.batch.process_batch(event, fn)",
    "BatchProcessingError": "it is called lambda_kit.errors.BatchFailed; raise_if_all_failed=True raises it",
    "BatchProcessor": (
        "use @batch of lambda_kit.batch over the function for one record; @batch(source='sqs') names the source"
    ),
    "BatchTypeModels": "use @batch(model=...) of lambda_kit.batch",
    "EventType": "use @batch(source='sqs'), 'kinesis' or 'dynamodb'; by default the event shows its source",
    "ExceptionInfo": "use report.failures of lambda_kit.batch.process_batch(event, fn)",
    "FailureResponse": "use report.failures of lambda_kit.batch.process_batch(event, fn)",
    "SqsFifoPartialProcessor": "use @batch: it keeps the order of FIFO queues by itself",
    "SuccessResponse": "use report.results of lambda_kit.batch.process_batch(event, fn)",
    "UnexpectedBatchTypeError": "it is called lambda_kit.errors.EventError",
    "async_batch_processor": "use @batch over an async function",
    "async_process_partial_response": (
        "use @batch over an async function, or await lambda_kit.batch.process_batch_async(event, fn)"
    ),
    "batch_processor": "use @batch of lambda_kit.batch",
    "process_partial_response": "use @batch, or lambda_kit.batch.process_batch(event, fn).response",
}
_FLAGS = {
    "AppConfigExtensionStore": "use lambda_kit.flags.AppConfigAgent(application, environment, profile)",
    "AppConfigStore": (
        "use lambda_kit.flags.AppConfigData(application, environment, profile), or AppConfigAgent with the extension"
    ),
    "ConfigurationStoreError": "it is called lambda_kit.errors.FlagsUnavailable",
    "RuleAction": "actions are text, as in the documents: 'EQUALS'",
    "SchemaValidationError": "it is lambda_kit.errors.FlagSchemaError, or ConfigurationError of metrics",
    "SchemaValidator": "`lambda-kit flags check FILE` checks a document",
    "StoreClientError": "it is called lambda_kit.errors.FlagsUnavailable",
    "StoreProvider": "a source of your own is a function that returns the flags, or a lambda_kit.flags.Source",
}
_IDEMPOTENCY = {
    "BasePersistenceLayer": "a store of your own is a lambda_kit.idempotency.Store",
    "CachePersistenceLayer": "it is called lambda_kit.idempotency.RedisStore",
    "DataRecord": "it is called lambda_kit.idempotency.Record",
    "DynamoDBPersistenceLayer": "it is called lambda_kit.idempotency.DynamoDBStore",
    "IdempotencyAlreadyInProgressError": "it is called lambda_kit.errors.AlreadyInProgress",
    "IdempotencyConfig": "its settings are options of idempotent(...): key, payload, ttl, cache",
    "IdempotencyInconsistentStateError": "it is called lambda_kit.errors.UnreadableRecord",
    "IdempotencyItemAlreadyExistsError": "claim() of a store returns the record that is there",
    "IdempotencyItemNotFoundError": "claim() of a store returns None if the key was free",
    "IdempotencyKeyError": "it is called lambda_kit.errors.MissingIdempotencyKey",
    "IdempotencyPersistenceLayerError": "it is called lambda_kit.errors.StoreUnavailable",
    "IdempotencyPersistenceConnectionError": "it is called lambda_kit.errors.StoreUnavailable",
    "IdempotencyValidationError": "it is called lambda_kit.errors.PayloadMismatch",
    "IdempotentHookFunction": "a replay writes an INFO line, and the metrics observe it",
    "RedisCachePersistenceLayer": "it is called lambda_kit.idempotency.RedisStore",
    "idempotent_function": "idempotent(...) decorates any function; key= finds the key in its arguments",
}
_UNIT = "units are text: metrics.add(name, value, 'Milliseconds')"
_OBSERVABILITY = {
    "DurableContextProtocol": "AWS's SDK for durable executions has the type of its context",
    "EphemeralMetrics": "use another object of lambda_kit.Metrics: each has its own state",
    "LambdaPowertoolsFormatter": "write lambda_kit.Logger(format=...), a function that takes the line as a dict",
    "MetricResolution": "write metrics.add(..., high_resolution=True)",
    "MetricResolutionError": "it is called lambda_kit.errors.ConfigurationError",
    "MetricUnit": _UNIT,
    "MetricUnitError": "it is called lambda_kit.errors.ConfigurationError",
    "MetricValueError": "it is called lambda_kit.errors.ConfigurationError",
    "aiohttp_trace_config": "use tracer.instrument(client) of lambda_kit.Tracer, for httpx, requests and urllib3",
    "correlation_paths": "write lambda_kit.Logger(correlation_id='headers.\"x-request-id\"'), or the name of a source",
    "lambda_handler_decorator": "write a generator under lambda_kit.layer",
    "single_metric": "use another object, lambda_kit.Metrics(service=False), and its add(..., dimensions={...})",
}
_PARSED = "use lambda_kit.events.parse, or @batch(model=...)"
_MODELS = {
    "BaseEnvelope": "views of lambda_kit.events open the envelope: SqsEvent[Order]",
    "BaseModel": "import it from pydantic",
    "Field": "import it from pydantic",
    "ValidationError": "it is called lambda_kit.errors.ParseError, with the error of pydantic as its cause",
    "envelopes": "views of lambda_kit.events open the envelope: SqsEvent[Order]",
    "event_parser": _PARSED,
    "field_validator": "import it from pydantic",
    "model_validator": "import it from pydantic",
    "InvalidEnvelopeError": "views of lambda_kit.events open the envelope: SqsEvent[Order]",
    "InvalidModelTypeError": "it is called lambda_kit.errors.ConfigurationError",
}
_VIEWS = {  # of Powertools' data classes: the view in `lambda_kit.events`
    "ALBEvent": "HttpEvent",
    "APIGatewayProxyEvent": "HttpEvent",
    "APIGatewayProxyEventV2": "HttpEvent",
    "APIGatewayWebSocketEvent": "WebSocketEvent",
    "AWSConfigRuleEvent": "ConfigRuleEvent",
    "AppSyncResolverEvent": "AppSyncEvent",
    "AppSyncResolverEventsEvent": "AppSyncChannelEvent",
    "BedrockAgentFunctionEvent": "BedrockFunctionEvent",
    "CloudFormationCustomResourceEvent": "CustomResourceEvent",
    "CloudWatchAlarmConfiguration": "AlarmEvent",
    "CloudWatchAlarmData": "AlarmEvent",
    "CloudWatchAlarmEvent": "AlarmEvent",
    "CloudWatchAlarmMetric": "AlarmMetric",
    "CloudWatchAlarmMetricStat": "AlarmMetric",
    "CloudWatchAlarmState": "AlarmState",
    "CodeDeployLifecycleHookEvent": "CodeDeployEvent",
    "CodePipelineJobEvent": "CodePipelineEvent",
    "ConnectContactFlowEvent": "ConnectEvent",
    "KinesisFirehoseEvent": "FirehoseEvent",
    "KinesisStreamEvent": "KinesisEvent",
    "LambdaFunctionUrlEvent": "HttpEvent",
    "S3BatchOperationEvent": "S3BatchEvent",
    "S3EventBridgeNotificationEvent": "S3EventBridgeEvent",
    "SESEvent": "SesEvent",
    "SNSEvent": "SnsEvent",
    "SQSEvent": "SqsEvent",
    "SQSRecord": "SqsRecord",
    "SecretsManagerEvent": "RotationEvent",
    "TransferFamilyAuthorizer": "TransferLoginEvent",
    "TransferFamilyAuthorizerResponse": "TransferLoginEvent",
    "VPCLatticeEvent": "HttpEvent",
    "VPCLatticeEventV2": "HttpEvent",
}
_S3_BATCH = "@batch(source='s3_batch') of lambda_kit.batch makes the response"
_FIREHOSE = "a function under @batch(source='firehose') returns the new data, or lambda_kit.batch.Transformed"
_EVENTS = {
    "CloudWatchDashboardCustomWidgetEvent": "lambda_kit.events has no view of it; use the dict",
    "KinesisFirehoseDataTransformationRecord": _FIREHOSE,
    "KinesisFirehoseDataTransformationRecordMetadata": _FIREHOSE,
    "KinesisFirehoseDataTransformationResponse": _FIREHOSE,
    "S3BatchOperationResponse": _S3_BATCH,
    "S3BatchOperationResponseRecord": _S3_BATCH,
    "event_source": "put the layer lambda_kit.events.as_event(SqsEvent) on the handler",
    **{theirs: f"it is called lambda_kit.events.{ours}" for theirs, ours in _VIEWS.items()},
}

_APP = "use lambda_kit.http.HttpApp: it serves every HTTP trigger"
_ROUTER = "use lambda_kit.http.Router: it serves every HTTP trigger"
_APPSYNC = "the kit has no resolver for AppSync; read the event with lambda_kit.events.AppSyncEvent"
_CHANNELS = "the kit has no resolver for AppSync channels; read the event with lambda_kit.events.AppSyncChannelEvent"
_BEDROCK = "the kit has no resolver for Bedrock agents; read the event with lambda_kit.events.BedrockAgentEvent"
_BEDROCK_FUNCTION = (
    "the kit has no resolver for Bedrock functions; read the event with lambda_kit.events.BedrockFunctionEvent"
)
_MIDDLEWARE = "a layer of the kit does it: write a generator under lambda_kit.layer, and pass it in layers=[...]"
_HTTP = {
    "ALBResolver": _APP,
    "ALBRouter": _ROUTER,
    "APIGatewayHttpResolver": _APP,
    "APIGatewayHttpRouter": _ROUTER,
    "APIGatewayRestResolver": _APP,
    "APIGatewayRouter": _ROUTER,
    "APPLICATION_JSON": "a dict or a model becomes JSON by itself; lambda_kit.http.Response takes media_type=...",
    "ApiGatewayResolver": _APP,
    "AppSyncEventsResolver": _CHANNELS,
    "AppSyncResolver": _APPSYNC,
    "BadRequestError": "it is called lambda_kit.http.BadRequest",
    "BaseMiddlewareHandler": _MIDDLEWARE,
    "BaseRouter": _ROUTER,
    "BedrockAgentFunctionResolver": _BEDROCK_FUNCTION,
    "BedrockAgentResolver": _BEDROCK,
    "BedrockFunctionResponse": _BEDROCK_FUNCTION,
    "BedrockResponse": _BEDROCK,
    "CORSConfig": "it is called lambda_kit.http.Cors",
    "DependencyResolutionError": "it is called lambda_kit.errors.ConfigurationError",
    "ForbiddenError": "it is called lambda_kit.http.Forbidden",
    "HttpResolver": "use lambda_kit.http.HttpApp, and its test_client()",
    "HttpResolverLocal": "use lambda_kit.http.HttpApp, and its test_client()",
    "LambdaFunctionUrlResolver": _APP,
    "LambdaFunctionUrlRouter": _ROUTER,
    "NextMiddleware": _MIDDLEWARE,
    "NotFoundError": "it is called lambda_kit.http.NotFound",
    "OpenAPIConfig": "`lambda-kit openapi` writes the document; its texts are options of lambda_kit.http.HttpApp",
    "OpenAPIMergeError": "`lambda-kit openapi` writes the document of one lambda_kit.http.HttpApp",
    "Param": "mark parameters with lambda_kit.http.Query, Header, Cookie, Form or Body",
    "Path": "a parameter whose name is in the path needs no marker: Annotated[int, Field(ge=1)]",
    "ProxyEventType": _APP,
    "Request": "take a parameter of type lambda_kit.events.HttpEvent",
    "RequestEntityTooLargeError": "it is called lambda_kit.http.ContentTooLarge",
    "RequestTimeoutError": "use lambda_kit.http.HttpError(408)",
    "RequestUnsupportedContentType": "it is called lambda_kit.http.UnsupportedMediaType",
    "RequestValidationError": "it is called lambda_kit.http.InvalidRequest",
    "ResponseBuilder": "lambda_kit.http.HttpApp makes the response of each trigger",
    "ResponseSizeExceededError": "an answer that the trigger does not take is logged, and the client gets 500",
    "ResponseValidationError": "an answer that does not fit its model is logged, and the client gets 500",
    "SerializationError": "a value that cannot be JSON is logged, and the client gets 500",
    "ServiceError": "it is called lambda_kit.http.HttpError",
    "ServiceUnavailableError": "it is called lambda_kit.http.ServiceUnavailable",
    "TEXT_HTML": "write lambda_kit.http.Response(text, media_type='text/html')",
    "TEXT_PLAIN": "a text becomes text/plain by itself; lambda_kit.http.Response takes media_type=...",
    "UnauthorizedError": "it is called lambda_kit.http.Unauthorized",
    "VPCLatticeResolver": _APP,
    "VPCLatticeV2Resolver": _APP,
    "ValidationException": "it is called lambda_kit.http.InvalidRequest",
    "content_types": "lambda_kit.http.Response takes media_type='text/html'",
}

_BREAKER = "the kit has no circuit breaker"
_KAFKA = "the kit has no decoder of Avro and Protobuf; read the event with lambda_kit.events.KafkaEvent"
_STREAMS = "the kit has no streams of objects of S3; use boto3"
_DATADOG = "the kit has no metrics for Datadog"
_PLACE = "the kit has no client of the metadata endpoint"
_BEARER = "use lambda_kit.http.Bearer, which checks the tokens of requests"
_VALIDATED = "use the layer lambda_kit.events.validated(inbound, outbound)"
_OTHERS = {
    "AuthErrorContext": _BEARER,
    "AuthFailureReason": _BEARER,
    "BasePowertoolsFormatter": "write lambda_kit.Logger(format=...), a function that takes the line as a dict",
    "BaseTransform": _STREAMS,
    "CircuitBreakerConfig": _BREAKER,
    "CircuitBreakerConfigError": _BREAKER,
    "CircuitBreakerError": _BREAKER,
    "CircuitBreakerOpenError": _BREAKER,
    "CircuitBreakerPersistenceError": _BREAKER,
    "CircuitInfo": _BREAKER,
    "CircuitState": _BREAKER,
    "CircuitTransition": _BREAKER,
    "ConsumerRecords": _KAFKA,
    "CsvTransform": _STREAMS,
    "DataMasking": "the kit has no data masking; lambda_kit.Logger(redact=...) hides fields of log lines",
    "DatadogMetrics": _DATADOG,
    "DatadogProvider": _DATADOG,
    "GzipTransform": _STREAMS,
    "InvalidEnvelopeExpressionError": "it is called lambda_kit.errors.ConfigurationError",
    "InvalidSchemaFormatError": "it is called lambda_kit.errors.ConfigurationError",
    "JWTVerifier": _BEARER,
    "LambdaMetadata": _PLACE,
    "LambdaMetadataError": _PLACE,
    "LoggerBufferConfig": "write lambda_kit.Logger(buffer=20_000): bytes of lines that an error writes",
    "OAuth2Client": "the kit has no OAuth 2 client",
    "PowertoolsFunctions": "expressions of the kit have powertools_json, powertools_base64 and powertools_base64_gzip",
    "S3Object": _STREAMS,
    "SchemaConfig": _KAFKA,
    "ZipTransform": _STREAMS,
    "circuit_breaker": _BREAKER,
    "clear_metadata_cache": _PLACE,
    "copy_config_to_registered_loggers": "use log.capture_stdlib() of a lambda_kit.Logger",
    "extract_data_from_envelope": "views of lambda_kit.events open the envelope; for another one, use jmespath",
    "get_lambda_metadata": _PLACE,
    "kafka_consumer": _KAFKA,
    "validate": _VALIDATED,
    "validator": _VALIDATED,
}

GROUPS = {
    "logger, metrics, tracer": _OBSERVABILITY,
    "parameters": _PARAMETERS,
    "feature flags": _FLAGS,
    "idempotency": _IDEMPOTENCY,
    "batches": _BATCH,
    "events": _EVENTS,
    "models": _MODELS,
    "HTTP": _HTTP,
    "other utilities": _OTHERS,
}
"""The names by capability, for the page of names in the documentation."""

NAMES = {name: said for group in GROUPS.values() for name, said in group.items()}
"""What to use here, by the names of Powertools. A room that has a name of its own is not asked about it."""
