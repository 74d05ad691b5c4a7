"""Events of CloudFormation."""

from __future__ import annotations

from lambda_kit.events._fields import Event, mapping, optional, optional_whole, text


class CustomResourceEvent(Event):
    """A custom resource is created, updated or deleted. The function sends its answer to the `response_url`.

    See: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "custom_resource"
    _label = ("LogicalResourceId",)

    request_type = text("RequestType")
    """`"Create"`, `"Update"` or `"Delete"`."""
    response_url = text("ResponseURL")
    """The URL to which the answer is sent. It is a secret."""
    stack_id = text("StackId")
    """The ARN of the stack."""
    request_id = text("RequestId")
    """The id of the request."""
    resource_type = optional("ResourceType")
    """The type of the resource in the template, such as `"Custom::Bucket"`."""
    logical_resource_id = text("LogicalResourceId")
    """The name of the resource in the template."""
    physical_resource_id = optional("PhysicalResourceId")
    """The id that the function gave to the resource; None for `"Create"`."""
    service_token = optional("ServiceToken")
    """The ARN of the function."""
    properties = mapping("ResourceProperties")
    """The properties of the resource. CloudFormation turns numbers and truth values into text."""
    old_properties = mapping("OldResourceProperties")
    """The properties before an `"Update"`; empty for the others."""


class MacroEvent(Event):
    """A template, or a part of it, that a macro processes.

    See: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros-author.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cloudformation_macro"
    _label = ("transformId",)

    request_id = text("requestId")
    """The id of the request, which the answer repeats."""
    macro = text("transformId")
    """The account and the name of the macro."""
    fragment = mapping("fragment")
    """The template, or the part of it."""
    parameters = mapping("params")
    """The parameters of `Fn::Transform`; empty for a macro that stands in `Transform`."""
    template_parameters = mapping("templateParameterValues")
    """The values of the parameters of the template."""
    account = optional("accountId")
    """The account from which the macro is called."""
    region = optional("region")
    """The region of the macro."""


class HookEvent(Event):
    """An operation that a Lambda Hook checks: of a resource, a stack, or a change set.

    The shape is that of AWS's documentation; no recorded event was at hand.

    See: <https://docs.aws.amazon.com/cloudformation-cli/latest/hooks-userguide/lambda-hooks-create-lambda-function.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cloudformation_hook"
    _label = ("requestData", "targetName")

    client_request_token = text("clientRequestToken")
    """The token of the request, which the answer repeats."""
    account = optional("awsAccountId")
    """The account of the operation."""
    stack_id = optional("stackId")
    """The ARN of the stack; None for an operation of Cloud Control API."""
    change_set_id = optional("changeSetId")
    """The ARN of the change set; None without one."""
    hook_type_name = optional("hookTypeName")
    """The name of the hook."""
    hook_type_version = optional("hookTypeVersion")
    """The version of the hook."""
    invocation_point = text("actionInvocationPoint")
    """The point at which the hook runs, such as `"CREATE_PRE_PROVISION"`."""
    target_name = text("requestData", "targetName")
    """The type of the resource, or `"STACK"` or `"CHANGE_SET"`."""
    target_type = optional("requestData", "targetType")
    """The type of the target, such as `"AWS::S3::Bucket"` or `"RESOURCE"`."""
    target_logical_id = optional("requestData", "targetLogicalId")
    """The name of the resource in the template, or the ARN of the stack."""
    properties = mapping("requestData", "targetModel", "resourceProperties")
    """The properties of the resource; empty for stacks and change sets."""
    previous_properties = mapping("requestData", "targetModel", "previousResourceProperties")
    """The properties before an update; empty for others."""
    payload_url = optional("requestData", "payload")
    """The URL of the templates of a stack or a change set, valid for a short time. It is a secret."""
    invocation = optional_whole("requestContext", "invocation")
    """The number of the invocation for this operation, from 1 on."""
    callback_context = mapping("requestContext", "callbackContext")
    """The context that the function returned with `"IN_PROGRESS"`; empty at first."""
