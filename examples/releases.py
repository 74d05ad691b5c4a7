"""An action of CodePipeline that releases a version; a list stands for the place where versions are published.

lambda-kit invoke releases.release --event code-pipeline
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambda_kit import Logger, handler
from lambda_kit.events import CodePipelineEvent, as_event
from lambda_kit.events.pipelines import JobOutcome, failed, pipeline_job, success, unfinished

if TYPE_CHECKING:
    from lambda_kit.invocation import LambdaContext

log = Logger(service="releases")
published: list[str] = []


@handler(log, pipeline_job(), as_event(CodePipelineEvent))
def release(event: CodePipelineEvent, context: LambdaContext) -> JobOutcome:
    """Release a version in two runs. CodePipeline is told the outcome in any case, also when this raises."""
    version = event.parameters.get("version")
    if not version:
        return failed("UserParameters has no version", kind="ConfigurationError")
    if event.continuation_token is None:
        log.info("publishing", version=version)
        published.append(version)
        return unfinished(version, summary="publishing", percent=50)
    return success(summary=f"published {version}", variables={"version": version})
