"""The errors of resources."""

from __future__ import annotations

from lambda_kit.errors._base import LambdaKitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class ResourceBuildError(LambdaKitError):
    """The factory of a resource raised. Nothing was cached, and the next call tries again.

    The exception of the factory is the `__cause__`.

    Attributes:
        resource: the name of the resource.
    """

    def __init__(self, message: str, *, resource: str) -> None:
        super().__init__(message)
        self.resource = resource


class ResourceCycle(LambdaKitError):
    """The factory of a resource needs this same resource, directly or through others.

    Attributes:
        chain: the names of the resources in calling order; the last one closes the cycle.
    """

    def __init__(self, chain: Iterable[str]) -> None:
        self.chain = tuple(chain)
        super().__init__(
            f"resource {self.chain[-1]!r} needs itself: {' -> '.join(self.chain)}; "
            "build what they share in a third resource, or call one of them later than in a factory"
        )
