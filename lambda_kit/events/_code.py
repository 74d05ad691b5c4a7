"""Events of CodePipeline and CodeDeploy."""

from __future__ import annotations

import json
from contextlib import suppress

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._fields import Event, mapping, optional, parts, text
from lambda_kit.events._view import View, once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DATA = ("CodePipeline.job", "data")


class Artifact(View):
    """An artifact of a pipeline.

    See: `CodePipelineEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("name",)

    name = text("name")
    """The name of the artifact."""
    revision = optional("revision")
    """The revision; None for an output."""
    bucket = text("location", "s3Location", "bucketName")
    """The name of the bucket."""
    key = text("location", "s3Location", "objectKey")
    """The key of the object."""


class CodePipelineEvent(Event):
    """A job of an invoke action. The function reports its success or failure to CodePipeline.

    See: <https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "code_pipeline"
    _label = ("CodePipeline.job", "id")

    job_id = text("CodePipeline.job", "id")
    """The id of the job."""
    account = optional("CodePipeline.job", "accountId")
    """The account of the pipeline."""
    function_name = optional(*_DATA, "actionConfiguration", "configuration", "FunctionName")
    """The name of the function."""
    user_parameters = optional(*_DATA, "actionConfiguration", "configuration", "UserParameters")
    """The parameters of the action, as text; None without any."""
    input_artifacts = parts(Artifact, *_DATA, "inputArtifacts")
    """The artifacts that the action reads."""
    output_artifacts = parts(Artifact, *_DATA, "outputArtifacts")
    """The artifacts that the action writes."""
    artifact_credentials = mapping(*_DATA, "artifactCredentials")
    """The credentials for the artifacts: `accessKeyId`, `secretAccessKey`, `sessionToken`. They are secrets."""
    continuation_token = optional(*_DATA, "continuationToken")
    """The token that the function returned to go on later; None at first."""
    encryption_key_id = optional(*_DATA, "encryptionKey", "id")
    """The ARN of the key with which the artifacts are encrypted; None for the default."""

    @once
    def parameters(self) -> dict[str, Any]:
        """The parameters of the action as the object whose JSON they are; empty without any. They are decoded once.

        Raises:
            EventError: they are not a JSON object.
        """
        found = self.user_parameters
        if not found:
            return {}
        value: Any = None
        with suppress(ValueError, RecursionError):
            value = json.loads(found)
        if type_of(value) is not dict:
            raise EventError("'UserParameters' of the CodePipelineEvent is not the text of a JSON object")
        return value  # type: ignore[no-any-return]


class CodeDeployEvent(Event):
    """A hook of a deployment. The function reports its success or failure to CodeDeploy.

    See: <https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "code_deploy"
    _label = ("DeploymentId",)

    deployment_id = text("DeploymentId")
    """The id of the deployment."""
    hook_execution_id = text("LifecycleEventHookExecutionId")
    """The id of the run of the hook."""
