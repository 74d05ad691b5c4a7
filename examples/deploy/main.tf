# What functions of the kit need, with Terraform.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 6.0" }
  }
}

locals {
  # pip install --target layer/python lambda-kit-sdk, for the architecture of the functions
  common = {
    runtime       = "python3.13"
    architectures = ["arm64"]
    timeout       = 30
    memory_size   = 512
  }
}

data "archive_file" "layer" {
  type        = "zip"
  source_dir  = "layer"
  output_path = "build/layer.zip"
}

data "archive_file" "src" {
  type        = "zip"
  source_dir  = "src"
  output_path = "build/src.zip"
}

resource "aws_lambda_layer_version" "kit" {
  layer_name               = "lambda-kit"
  filename                 = data.archive_file.layer.output_path
  source_code_hash         = data.archive_file.layer.output_base64sha256
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

data "aws_iam_policy_document" "worker" {
  statement {
    actions   = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:GetItem"]
    resources = [aws_dynamodb_table.idempotency.arn]
  }
  statement {
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    resources = [aws_sqs_queue.orders.arn]
  }
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.worker.arn}:*"]
  }
  statement { # for Tracer
    actions   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    resources = ["*"]
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
