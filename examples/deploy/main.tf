# What functions of the kit need, with Terraform.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 6.0" }
  }
}

variable "subnets" {
  type        = list(string)
  description = "Where Managed Instances are started; they need a way to the services that functions call"
}

variable "security_groups" {
  type        = list(string)
  description = "The security groups of Managed Instances"
}

variable "parameters_extension" {
  type        = string
  description = "ARN of the Parameters and Secrets extension in your region: https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html"
  default     = "arn:aws:lambda:us-east-1:177933569100:layer:AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:12"
}

variable "app_config_extension" {
  type        = string
  description = "ARN of the AppConfig agent in your region: https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-integration-lambda-extensions-versions.html"
  default     = "arn:aws:lambda:us-east-1:027255383542:layer:AWS-AppConfig-Extension-Arm64:67"
}

locals {
  # The kit as a layer, which `make dist layer` builds in its repository.
  layer = "${path.module}/../../dist/lambda-kit-sdk-core-python3.13-arm64.zip"
  common = {
    runtime       = "python3.13"
    architectures = ["arm64"]
    timeout       = 30
    memory_size   = 512
  }
}

data "archive_file" "src" {
  type        = "zip"
  source_dir  = "src"
  output_path = "build/src.zip"
}

resource "aws_lambda_layer_version" "kit" {
  layer_name               = "lambda-kit"
  filename                 = local.layer
  source_code_hash         = filebase64sha256(local.layer)
  compatible_runtimes      = [local.common.runtime]
  compatible_architectures = local.common.architectures
}

resource "aws_dynamodb_table" "idempotency" {
  name         = "idempotency"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "expiration"
    enabled        = true
  }
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "orders-dead-letters"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue" "orders" {
  name                       = "orders"
  visibility_timeout_seconds = 6 * local.common.timeout
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 5
  })
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "kit" {
  statement {
    actions   = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:GetItem"]
    resources = [aws_dynamodb_table.idempotency.arn]
  }
  statement { # for Tracer
    actions   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "worker" {
  source_policy_documents = [data.aws_iam_policy_document.kit.json]

  statement {
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    resources = [aws_sqs_queue.orders.arn]
  }
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.worker.arn}:*"]
  }
}

resource "aws_iam_role" "worker" {
  name               = "orders-worker"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "worker" {
  role   = aws_iam_role.worker.id
  policy = data.aws_iam_policy_document.worker.json
}

resource "aws_cloudwatch_log_group" "worker" {
  name              = "/aws/lambda/orders-worker"
  retention_in_days = 30
}

resource "aws_lambda_function" "worker" {
  function_name    = "orders-worker"
  handler          = "worker.handler"
  role             = aws_iam_role.worker.arn
  runtime          = local.common.runtime
  architectures    = local.common.architectures
  timeout          = local.common.timeout
  memory_size      = local.common.memory_size
  filename         = data.archive_file.src.output_path
  source_code_hash = data.archive_file.src.output_base64sha256
  layers           = [aws_lambda_layer_version.kit.arn]

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO" # Lambda drops lines below it
    system_log_level      = "WARN"
    log_group             = aws_cloudwatch_log_group.worker.name
  }

  environment {
    variables = {
      LAMBDA_KIT_SERVICE = "shop"
      IDEMPOTENCY_TABLE  = aws_dynamodb_table.idempotency.name
    }
  }
}

resource "aws_lambda_event_source_mapping" "orders" {
  event_source_arn                   = aws_sqs_queue.orders.arn
  function_name                      = aws_lambda_function.worker.arn
  batch_size                         = 10
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"] # without it one failure retries the whole batch

  scaling_config {
    maximum_concurrency = 20
  }
}

# A function with AWS's two extensions: a parameter, and feature flags of AppConfig

resource "aws_appconfig_application" "shop" {
  name = "shop"
}

resource "aws_appconfig_environment" "prod" {
  name           = "prod"
  application_id = aws_appconfig_application.shop.id
}

resource "aws_appconfig_configuration_profile" "flags" {
  name           = "flags"
  application_id = aws_appconfig_application.shop.id
  location_uri   = "hosted"
  type           = "AWS.AppConfig.FeatureFlags"
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  here = "${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}"
}

data "aws_iam_policy_document" "api" {
  source_policy_documents = [data.aws_iam_policy_document.kit.json]

  statement {
    actions   = ["ssm:GetParameter"]
    resources = ["arn:${data.aws_partition.current.partition}:ssm:${local.here}:parameter/shop/*"]
  }
  statement {
    actions   = ["appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"]
    resources = ["${aws_appconfig_environment.prod.arn}/configuration/${aws_appconfig_configuration_profile.flags.configuration_profile_id}"]
  }
  statement {
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${data.aws_partition.current.partition}:logs:${local.here}:log-group:/aws/lambda/*"]
  }
}

resource "aws_iam_role" "api" {
  name               = "api"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "api" {
  role   = aws_iam_role.api.id
  policy = data.aws_iam_policy_document.api.json
}

resource "aws_lambda_function" "api" {
  function_name    = "api"
  handler          = "api.handler"
  role             = aws_iam_role.api.arn
  runtime          = local.common.runtime
  architectures    = local.common.architectures
  timeout          = local.common.timeout
  memory_size      = local.common.memory_size
  filename         = data.archive_file.src.output_path
  source_code_hash = data.archive_file.src.output_base64sha256
  layers           = [aws_lambda_layer_version.kit.arn, var.parameters_extension, var.app_config_extension]

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }

  environment {
    variables = {
      LAMBDA_KIT_SERVICE = "shop"
      IDEMPOTENCY_TABLE  = aws_dynamodb_table.idempotency.name
      FLAGS              = "${aws_appconfig_application.shop.name}:${aws_appconfig_environment.prod.name}:${aws_appconfig_configuration_profile.flags.name}"
    }
  }
}

resource "aws_lambda_function_url" "api" {
  function_name      = aws_lambda_function.api.function_name
  authorization_type = "AWS_IAM"
}

# SnapStart: an alias on a published version

resource "aws_lambda_function" "reports" {
  function_name    = "reports"
  handler          = "reports.handler"
  role             = aws_iam_role.worker.arn
  runtime          = local.common.runtime
  architectures    = local.common.architectures
  filename         = data.archive_file.src.output_path
  source_code_hash = data.archive_file.src.output_base64sha256
  layers           = [aws_lambda_layer_version.kit.arn]
  publish          = true

  snap_start {
    apply_on = "PublishedVersions"
  }
}

resource "aws_lambda_alias" "reports" {
  name             = "live"
  function_name    = aws_lambda_function.reports.function_name
  function_version = aws_lambda_function.reports.version
}

# A streamed response: the kit's own runtime client, which is experimental

resource "aws_lambda_function" "chat" {
  function_name    = "chat"
  handler          = "chat.handler"
  role             = aws_iam_role.worker.arn
  runtime          = local.common.runtime
  architectures    = local.common.architectures
  timeout          = 120
  filename         = data.archive_file.src.output_path
  source_code_hash = data.archive_file.src.output_base64sha256
  layers           = [aws_lambda_layer_version.kit.arn]

  environment {
    variables = { AWS_LAMBDA_EXEC_WRAPPER = "/opt/python/bin/lambda-kit-runtime" }
  }
}

resource "aws_lambda_function_url" "chat" {
  function_name      = aws_lambda_function.chat.function_name
  authorization_type = "AWS_IAM"
  invoke_mode        = "RESPONSE_STREAM"
}

# A container image, which has the kit inside: no layer

variable "image" {
  type        = string
  description = "The image of examples/deploy/Dockerfile, in a repository of ECR: ACCOUNT.dkr.ecr.REGION.amazonaws.com/hello:TAG"
}

resource "aws_lambda_function" "hello" {
  function_name = "hello"
  package_type  = "Image"
  image_uri     = var.image
  role          = aws_iam_role.worker.arn
  architectures = local.common.architectures
}

# Managed Instances: EC2 instances in your network that Lambda runs, several requests at a time in one environment

resource "aws_iam_role" "operator" {
  name               = "instances-operator"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy_attachment" "operator" {
  role       = aws_iam_role.operator.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/AWSLambdaManagedEC2ResourceOperator"
}

resource "aws_lambda_capacity_provider" "instances" {
  name = "instances"

  vpc_config {
    subnet_ids         = var.subnets
    security_group_ids = var.security_groups
  }

  permissions_config {
    capacity_provider_operator_role_arn = aws_iam_role.operator.arn
  }

  instance_requirements {
    architectures = local.common.architectures
  }
}

resource "aws_lambda_function" "prices" {
  function_name    = "prices"
  handler          = "prices.handler"
  role             = aws_iam_role.worker.arn
  runtime          = local.common.runtime
  architectures    = local.common.architectures
  memory_size      = 4096 # for all processes of an environment, of which there is one for each request at a time
  filename         = data.archive_file.src.output_path
  source_code_hash = data.archive_file.src.output_base64sha256
  layers           = [aws_lambda_layer_version.kit.arn]
  publish          = true # published versions run on the instances

  capacity_provider_config {
    lambda_managed_instances_capacity_provider_config {
      capacity_provider_arn                     = aws_lambda_capacity_provider.instances.arn
      per_execution_environment_max_concurrency = 16
      execution_environment_memory_gib_per_vcpu = 4
    }
  }
}
