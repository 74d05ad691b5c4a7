"""The context of a durable execution, as AWS's SDK makes it, for tests that need no service behind it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lambda_kit.testing import make_context

SDK = "aws_durable_execution_sdk_python"


def durable_context(execution: str = "arn:1", *, operations: dict[str, Any] | None = None, **options: Any) -> Any:
    """Return the context of the handler in an execution.

    Args:
        execution: the ARN of the execution.
        operations: those that earlier runs have reached, by their ids.
        **options: for `make_context`.
    """
    state: Any = import_module(f"{SDK}.state")
    context: Any = import_module(f"{SDK}.context")
    plugin: Any = import_module(f"{SDK}.plugin")
    return context.DurableContext.from_lambda_context(
        state=state.ExecutionState(
            durable_execution_arn=execution,
            initial_checkpoint_token="token",
            operations=operations or {},
            service_client=None,
            plugin_executor=plugin.PluginExecutor(None),
        ),
        lambda_context=make_context(**options),
        replay_status=state.ReplayStatus.REPLAY if operations else state.ReplayStatus.NEW,
    )


def one_operation() -> dict[str, Any]:
    """Return the operations of an execution that has waited once: its handler replays until it gets there again."""
    service: Any = import_module(f"{SDK}.lambda_service")
    identifier: Any = import_module(f"{SDK}.identifier")
    key = identifier.OperationIdNamespace(None).create_id_for_step(1)
    return {
        key: service.Operation(
            operation_id=key, operation_type=service.OperationType.WAIT, status=service.OperationStatus.SUCCEEDED
        )
    }
