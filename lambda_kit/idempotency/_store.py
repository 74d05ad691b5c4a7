"""The protocol of a store of records."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from lambda_kit.idempotency._record import Claim, Record

    class Store(Protocol):
        """Keeps one record for each key.

        Each method is one atomic step, whoever else calls one at the same time, in this process or another. A method
        raises any exception if it fails. Then it is not known whether the step was made, and the step is asked for
        again with the same arguments. `lambda_kit.testing.StoreContract` holds the tests that a store has to pass.

        A store may also have these attributes:

        - `max_bytes`: the longest result that it takes, as JSON in UTF-8; without it, or with None, there is no limit.
        - `delete(key)`: deletes the record of a key, whatever its state, and returns whether there was one, for
          `free_key`.
        - `blocks`: whether its methods wait for something, so that coroutines call them in a thread; True by default.
        """

        def claim(self, claim: Claim, /) -> Record | None:
            """Keep `claim.record()` unless there is a record over which `decide` does not let the call run.

            A claim of the same owner that is in progress stays as it is: an earlier attempt may arrive after a later
            one, and must not shorten its lease.

            Returns:
                None if the claim is kept now; else the record that is there.
            """
            ...

        def complete(self, record: Record, /) -> bool:
            """Replace the record of the same key and owner by `record`, which is completed.

            Returns:
                True if that is so now, or was already; False if there is no record, or one of another owner.
            """
            ...

        def release(self, key: str, owner: str, /) -> bool:
            """Delete the record if it has this owner and is in progress.

            Returns:
                True if the key was free, or is now; False if the record is completed, or of another owner.
            """
            ...
else:

    class Store:
        """Keeps one record for each key; a protocol for type checkers."""
