"""The names that Powertools has for what this package does, and ours."""

from __future__ import annotations

FUNCTIONS = {
    "get_parameter": "use get(name)",
    "get_parameters": "use by_path(path)",
    "get_parameters_by_name": "use get_many(names)",
    "get_secret": "use secret(name), whose value is at .get_secret_value()",
    "get_app_config": "use app_config(application, environment, profile)",
    "set_parameter": "use put(name, value)",
    "set_secret": "the kit does not write secrets; use boto3",
    "clear_caches": "use lambda_kit.testing.reset(), or invalidate() of a handle",
    "SSMProvider": "use get(name, client=...) or Parameter(name)",
    "SecretsProvider": "use secret(name, client=...) or Secret(name)",
    "AppConfigProvider": "use app_config(application, environment, profile, client=...)",
    "DynamoDBProvider": "the kit has no parameters in DynamoDB; use boto3 in a function under @init.resource",
    "BaseProvider": "a source of your own is a function under @init.resource(ttl=...)",
}
OPTIONS = {
    "max_age": "it is called ttl",
    "force_fetch": "it is called fresh",
    "boto3_client": "it is called client",
    "boto3_session": "pass client=session.client(...)",
    "boto_config": "pass client=boto3.client(..., config=...)",
    "config": "pass client=boto3.client(..., config=...)",
    "raise_on_transform_error": "a value that does not fit its transform is always an error",
    "raise_on_error": "an error is always raised; default= stands for values that do not exist",
    "parameter_type": "pass secure=True for a SecureString",
    "kms_key_id": "it is called key_id",
}
