"""Thin AWS Lambda handlers from composable, fully typed decorators, on top of a low-overhead init cache.

Every name below loads its module when it is first used: importing `lambda_kit` itself loads nothing else.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False

__version__ = "0.1.0"

# The distribution `lambda-kit`, which has nothing to do with this one, installs a package of the same name. Its modules
# beside these would work only until one of the two is upgraded or removed.
if os.path.exists(os.path.join(os.path.dirname(__file__), "mvc")):  # noqa: PTH110, PTH118, PTH120  # pathlib costs a cold start
    raise ImportError(
        "the package lambda_kit was installed from two distributions, lambda-kit and lambda-kit-sdk, into the same "
        "folder; keep one: pip uninstall --yes lambda-kit lambda-kit-sdk, then pip install lambda-kit-sdk"
    )


def lazy_exports(
    namespace: dict[str, Any], modules: dict[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the `__getattr__` and `__dir__` of a module whose names load their modules when they are first used.

    Args:
        namespace: the globals of the module.
        modules: the module that defines each name.
    """

    def load(name: str) -> Any:
        if (module := modules.get(name)) is None:
            raise _missing(namespace, name)
        from importlib import import_module

        value = namespace[name] = getattr(import_module(module), name)
        return value

    def names() -> list[str]:
        return sorted({*namespace, *modules})

    return load, names


def _missing(namespace: dict[str, Any], name: str) -> Exception:
    """Return the error for a name that a module does not have."""
    import sys

    module = namespace["__name__"]
    text = f"module {module!r} has no attribute {name!r}"
    path = namespace.get("__path__")
    # The import system asks for submodules, too, before it loads them: that has to be quick, and no ImportError.
    if name[:1] == "_" or (path and any(one.find_spec(f"{module}.{name}", path) for one in sys.meta_path)):
        return AttributeError(text, name=name)
    from lambda_kit._kernel.hints import missing_name

    return missing_name(text, name, namespace["__all__"], asking=sys._getframe(2))


def hide_credentials(message: str) -> str:
    """Return the message of an error with the URLs in it without user and password.

    It is here because the errors are below the room that knows URLs, as every module is.
    """
    from lambda_kit._kernel.urls import hidden_in_text

    return hidden_in_text(message)


def refuse_calls(package: str) -> None:
    """Let a package that has the name of its function say what to import, if it is called like that function.

    `from lambda_kit import batch` imports the package: its name and that of the function are the same.

    Args:
        package: the name of the package, for example `"lambda_kit.batch"`.
    """
    import sys
    from types import ModuleType

    name = package.rpartition(".")[2]

    class Package(ModuleType):
        def __call__(self, *_: object, **__: object) -> None:
            from lambda_kit.errors import ConfigurationError

            raise ConfigurationError(
                f"{package} is a package, and the function is in it: write from {package} import {name}"
            )

    sys.modules[package].__class__ = Package


if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.errors import LambdaKitError
    from lambda_kit.flags import FeatureFlags
    from lambda_kit.http import HttpApp
    from lambda_kit.idempotency import idempotent
    from lambda_kit.init_cache import init
    from lambda_kit.invocation import LambdaContext, current_invocation
    from lambda_kit.logger import Logger
    from lambda_kit.metrics import Metrics
    from lambda_kit.parameters import Parameter, Secret
    from lambda_kit.pipeline import handler, layer, provide, time_limit
    from lambda_kit.tracer import Tracer
else:
    _MODULES = {
        "FeatureFlags": "lambda_kit.flags",
        "HttpApp": "lambda_kit.http",
        "LambdaContext": "lambda_kit.invocation",
        "LambdaKitError": "lambda_kit.errors",
        "Logger": "lambda_kit.logger",
        "Metrics": "lambda_kit.metrics",
        "Parameter": "lambda_kit.parameters",
        "Secret": "lambda_kit.parameters",
        "Tracer": "lambda_kit.tracer",
        "current_invocation": "lambda_kit.invocation",
        "handler": "lambda_kit.pipeline",
        "idempotent": "lambda_kit.idempotency",
        "init": "lambda_kit.init_cache",
        "layer": "lambda_kit.pipeline",
        "provide": "lambda_kit.pipeline",
        "time_limit": "lambda_kit.pipeline",
    }
    __getattr__, __dir__ = lazy_exports(globals(), _MODULES)

__all__ = [
    "FeatureFlags",
    "HttpApp",
    "LambdaContext",
    "LambdaKitError",
    "Logger",
    "Metrics",
    "Parameter",
    "Secret",
    "Tracer",
    "current_invocation",
    "handler",
    "idempotent",
    "init",
    "layer",
    "provide",
    "time_limit",
]
