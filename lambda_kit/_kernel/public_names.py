"""The public names of the kit, and the modules that export them. It is loaded when a name is missing.

Written by `python -m tests.public_names`: do not edit.
"""

from __future__ import annotations


def places_of(name: str) -> list[str]:
    """Return the public modules that export a name, the root first."""
    return [module for module, names in _NAMES.items() if name in names.split()]


_NAMES = {
    "lambda_kit": (
        "FeatureFlags HttpApp LambdaContext LambdaKitError Logger Metrics Parameter Secret Tracer current_invocation "
        "handler idempotent init layer provide time_limit"
    ),
    "lambda_kit.aws": "AwsClient Caller connect",
    "lambda_kit.batch": (
        "AsyncBatchHandler Backoff BatchHandler BatchReport DROPPED DeadLetter DynamoDBSink FileSink RecordFailure "
        "S3Sink Sink SqsSink Transformed batch dead_letter process_batch process_batch_async"
    ),
    "lambda_kit.durable": "checkpointed",
    "lambda_kit.errors": (
        "AccessDenied AlreadyInProgress AnswerError AnswerNotSent AwsError BatchError BatchFailed "
        "ConditionalCheckFailed ConfigurationError ConnectionGone EventError EventLoopRunning ExecutionFailed "
        "FailedEarlier FlagError FlagSchemaError FlagsUnavailable IdempotencyError InvalidRecord InvalidResult "
        "LambdaKitError LayerError LeaseLost MissingExtra MissingIdempotencyKey NoAnswer NoCredentials NotAuthorized "
        "NotFound OutsideInvocation ParameterAccessDenied ParameterError ParameterNotFound ParseError PayloadMismatch "
        "ResourceBuildError ResourceCycle ResponseTooLarge ResultNotStored ResultTooLarge RotationRefused "
        "SettingsError StoreUnavailable Throttled TimeLimitInterrupt TimeLimitReached TransformError "
        "UnexpectedCancellation UnknownFlag UnreadableRecord"
    ),
    "lambda_kit.events": (
        "ActiveMQEvent ActiveMQMessage AlarmEvent AlarmMetric AlarmState AppSyncAuthorizerEvent AppSyncBatchEvent "
        "AppSyncChannelEvent AppSyncEvent AppSyncIdentity Artifact BedrockAgentEvent BedrockApiEvent "
        "BedrockFunctionEvent BedrockParameter BusEvent ChallengeResult ChannelMessage CloudFrontEvent "
        "CloudFrontRequest CloudFrontResponse CloudWatchLogsEvent CodeDeployEvent CodePipelineEvent CognitoEvent "
        "ConfigItem ConfigRuleEvent ConnectEvent CreateAuthChallengeEvent CustomMessageEvent CustomResourceEvent "
        "CustomSenderEvent DefineAuthChallengeEvent DestinationEvent DocumentDBChange DocumentDBEvent DynamoDBRecord "
        "DynamoDBStreamEvent EventBridgeEvent FirehoseEvent FirehoseRecord HeaderValues HookEvent HttpEvent "
        "InboundFederationEvent InvocationRecord IotAuthorizerEvent IotRuleEvent KafkaEvent KafkaRecord KafkaSchema "
        "KinesisEvent KinesisRecord LexEvent LexIntent LexInterpretation LogEvent LogsData MacroEvent "
        "MessageAttribute PipesEvent PipesKinesisRecord PostAuthenticationEvent PostConfirmationEvent "
        "PreAuthenticationEvent PreSignUpEvent PreTokenGenerationEvent QueryValues RabbitMQEvent RabbitMQMessage "
        "Records RequestAuthorizerEvent RotationEvent S3BatchEvent S3BatchTask S3Event S3EventBridgeEvent S3Record "
        "ScheduledEvent SesEvent SesRecord SnsEvent SnsMessage SnsRecord SqsEvent SqsRecord StepFunctionsTask "
        "StreamFailureEvent TokenAuthorizerEvent TransferLoginEvent TransferStepEvent UserMigrationEvent "
        "VerifyAuthChallengeEvent WebSocketEvent as_event http_trigger_of parse source_of validated"
    ),
    "lambda_kit.events.authorizers": "Policy appsync iot refuse simple",
    "lambda_kit.events.bedrock": "answer",
    "lambda_kit.events.cognito": (
        "accept create_challenge custom_message fail_authentication issue_tokens map_attributes migrate_user "
        "next_challenge pre_sign_up pre_token_generation respond verify_challenge"
    ),
    "lambda_kit.events.custom_resources": "Outcome custom_resource failed success",
    "lambda_kit.events.edge": "request response",
    "lambda_kit.events.evaluations": "Evaluation evaluate metric_data metric_description metric_error put_evaluations",
    "lambda_kit.events.pipelines": (
        "JobOutcome deployment_hook failed hook_failed hook_succeeded job_failed job_succeeded pipeline_job success "
        "unfinished"
    ),
    "lambda_kit.events.rotation": "RotatingSecret rotation",
    "lambda_kit.events.step_functions": "fail heartbeat succeed",
    "lambda_kit.flags": "AppConfigAgent AppConfigData Explanation FeatureFlags Fetched FlagFile Source StaticFlags",
    "lambda_kit.flags.openfeature": "Provider",
    "lambda_kit.http": (
        "ApiKey BadRequest Bearer Body ClientResponse Conflict Connection ContentTooLarge Cookie Cors Depends "
        "EventStream File FileResponse Forbidden Form Gone Header HttpApp HttpError HttpFunction InternalServerError "
        "InvalidRequest JsonLines MethodNotAllowed NotFound OpenApi PreconditionFailed Query Redirect Response "
        "ResponseHeaders Router SecurityHeaders ServerEvent ServiceUnavailable SocketAnswer TestClient TestSocket "
        "TooManyRequests Unauthorized UnprocessableContent UnsupportedMediaType UploadFile check_etag connection "
        "from_header http"
    ),
    "lambda_kit.idempotency": (
        "AlreadyInProgress Claim Codec DynamoDBStore FailedEarlier IdempotencyError LeaseLost MemoryStore "
        "MissingIdempotencyKey PayloadMismatch PowertoolsKeys Record RedisStore ResultNotStored ResultTooLarge "
        "SQLiteStore Store StoreUnavailable UnreadableRecord decide free_key idempotent key_of"
    ),
    "lambda_kit.init_cache": "AsyncResource InitCache Resource ResourceInfo init",
    "lambda_kit.invocation": "Invocation LambdaContext current_invocation",
    "lambda_kit.local": (
        "Environment FunctionError FunctionUrl Outcome RuntimeApi RuntimeClientMissing ServedBatch ServedRequest "
        "SqsMapping SqsQueue main"
    ),
    "lambda_kit.logger": "Logger",
    "lambda_kit.metrics": "Metrics Unit",
    "lambda_kit.parameters": (
        "FromEnv FromParameter FromSecret Parameter Secret SecretValue Settings app_config by_path get get_many put "
        "secret"
    ),
    "lambda_kit.pipeline": "Handler Layer Stream handler layer provide time_limit",
    "lambda_kit.runtime": "main",
    "lambda_kit.testing": (
        "AgentRequest Checkpoint ExtensionRequest FakeAppConfigAgent FakeClock FakeContext FakeExtension "
        "FakeXRayDaemon Invoke Logs MetricPoint MetricValues Ministack MinistackMissing RealFunction RealResult "
        "RecordedLogs RecordedMetrics RecordedSpans Recording Result Run SpanException SpanNode Spans StartFunction "
        "StoreContract assert_logged assert_metric assert_spans freeze_clock invoke make_context override_stores "
        "recorded reset"
    ),
    "lambda_kit.testing.events": (
        "authorizer cloudwatch_logs cognito custom_resource destination dynamodb event_bridge firehose http joined "
        "kafka kinesis mq of s3 s3_batch s3_event_bridge schedule secrets_rotation sns sqs websocket"
    ),
    "lambda_kit.tracer": "Span Tracer",
}
