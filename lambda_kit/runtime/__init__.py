"""A client of the Lambda Runtime API in pure Python, experimental: it runs a handler and can stream its response.

It takes the place of `awslambdaric`, AWS's client, where it is asked for, and looks the same from outside. Nothing else
of the kit needs it.

```text
python -m lambda_kit.runtime app.handler                    # in a container
AWS_LAMBDA_EXEC_WRAPPER=/opt/python/bin/lambda-kit-runtime  # on a managed runtime, with the kit in a layer
```

A handler needs no import from here. What it returns decides: an iterator of bytes and texts, or a
`lambda_kit.pipeline.Stream`, is sent part by part; any other value is sent as a whole.
"""

from __future__ import annotations

import os
import sys

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Run a handler until the environment ends. It returns on Managed Instances alone, after all workers have ended.

    Args:
        arguments: the program and `MODULE.FUNCTION`, which `_HANDLER` names otherwise; default `sys.argv`.

    Raises:
        SystemExit: 1 if the function cannot be initialised, or the Runtime API does not answer as it should; 64 if a
            hook before the snapshot failed; 65 if one after the restore failed.
    """
    arguments = sys.argv if arguments is None else arguments
    handler = arguments[1] if len(arguments) > 1 else os.environ.get("_HANDLER", "")
    address = os.environ.get("AWS_LAMBDA_RUNTIME_API", "")
    if not handler:
        _refuse("no handler was named; pass MODULE.FUNCTION, as in python -m lambda_kit.runtime app.handler")
    if not address:
        _refuse(
            "the environment variable AWS_LAMBDA_RUNTIME_API is not set: there is no Runtime API; on your machine, run "
            "lambda-kit invoke --runtime kit MODULE.FUNCTION"
        )
    workers = os.environ.get("AWS_LAMBDA_MAX_CONCURRENCY")
    if workers is not None:
        from lambda_kit.runtime._managed import run_workers

        run_workers(handler, address, int(workers))
        return
    from lambda_kit.runtime._loop import run

    run(handler, address)


def _refuse(problem: str) -> None:
    sys.stderr.write(f"lambda_kit.runtime: {problem}\n")
    raise SystemExit(1)
