"""A store in a DynamoDB table. Its attribute names are those of Powertools, so that both can share a table."""

from __future__ import annotations

import math

from lambda_kit._kernel import lifecycle
from lambda_kit.errors import ConditionalCheckFailed, ConfigurationError
from lambda_kit.idempotency._record import COMPLETED, IN_PROGRESS, Record, record_of, unreadable
from lambda_kit.idempotency._results import is_marked
from lambda_kit.idempotency._settings import Replaceable, refuse_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Never
    from weakref import ReferenceType

    from lambda_kit.aws import Caller
    from lambda_kit.idempotency._record import Claim

_LARGEST_ITEM = 400 * 1024  # bytes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
# The status of a completed record whose result Powertools could not read: it refuses the call, as it does not know it.
COMPLETED_HERE = "COMPLETED_BY_LAMBDA_KIT"
_ABSENT: dict[str, Any] = {"NULL": True}
_KINDS = {  # of the values of attributes
    "#status": ("S", "NULL"),
    "#expires": ("N", "NULL"),
    "#lease": ("N", "NULL"),
    "#payload": ("S", "NULL"),
    "#owner": ("S", "NULL"),
    "#result": ("S", "B", "NULL"),
}
_MAY_CLAIM = (
    "attribute_not_exists(#id) OR #expires <= :now "
    "OR (#status = :in_progress AND attribute_exists(#lease) AND #lease <= :now_ms) "
    "OR (#status = :in_progress AND #owner = :owner AND #lease < :lease)"  # a run that renews its own lease
)
_REST_OF_ITEM = 4 * 1024  # for names and the other attributes; a partition key alone may have 2 KiB


class DynamoDBStore(Replaceable):
    """Keeps records in a DynamoDB table. Each step is one conditional write.

    The default names of attributes are those of Powertools, so that one table serves both.

    Args:
        table: the name or the ARN of the table.
        client: a boto3 client of DynamoDB, used for every call; the kit's own by default.
        region: the region of the table; that of the function by default.
        partition_key: the name of the partition key.
        sort_key: the name of the sort key, in a table that has one. It then holds the key of the record.
        static_partition_key: the value of the partition key in a table with a sort key.
        status: the name of the attribute for the status.
        expires: the name of the attribute for the end of the record, in seconds since the epoch.
        leased_until: the name of the attribute for the end of a claim, in milliseconds since the epoch.
        result: the name of the attribute for the result.
        payload: the name of the attribute for the hash of the payload.
        owner: the name of the attribute for the token of the call.
        **unknown: options that do not exist, which are refused.

    Raises:
        ConfigurationError: a name is missing, two are the same, or the client is no boto3 client of DynamoDB.
    """

    max_bytes: int | None = _LARGEST_ITEM - _REST_OF_ITEM
    blocks = True

    def __init__(  # noqa: PLR0913  # the names of the attributes
        self,
        table: str,
        *,
        client: Any = None,
        region: str | None = None,
        partition_key: str = "id",
        sort_key: str | None = None,
        static_partition_key: str = "idempotency",
        status: str = "status",
        expires: str = "expiration",
        leased_until: str = "in_progress_expiration",
        result: str = "data",
        payload: str = "validation",
        owner: str = "owner",
        **unknown: Never,
    ) -> None:
        if unknown:
            refuse_options("DynamoDBStore", unknown)
        names: dict[str, Any] = {
            "#id": sort_key or partition_key,
            "#status": status,
            "#expires": expires,
            "#lease": leased_until,
            "#result": result,
            "#payload": payload,
            "#owner": owner,
        }
        given: Any = table
        if not isinstance(given, str):
            raise ConfigurationError(
                f"DynamoDBStore({given!r}): pass the name of the table; a client goes into client=, as in "
                "DynamoDBStore('records', client=boto3.client('dynamodb'))"
            )
        used = [table, partition_key, static_partition_key, *names.values()]
        if not all(isinstance(name, str) and name for name in used):
            raise ConfigurationError(f"DynamoDBStore({table!r}): pass texts as names of the table and of attributes")
        attributes = [partition_key, *names.values()] if sort_key else list(names.values())
        if twice := sorted({name for name in attributes if attributes.count(name) > 1}):
            raise ConfigurationError(
                f"DynamoDBStore({table!r}): two attributes have the name {', '.join(twice)}; pass different names"
            )
        self.table = table
        self._client = client
        self._region = region
        self._partition_key = partition_key
        self._sort_key = sort_key
        self._static = static_partition_key
        self._names = names
        self._claim_names = self._only("#id", "#expires", "#status", "#lease", "#owner")
        self._release_names = self._only("#id", "#owner", "#status")
        self._caller: Caller | None = None
        if client is not None:
            self._connect()  # raises for a client of another kind

    def __repr__(self) -> str:
        return f"<DynamoDBStore of the table {self.table}>"

    def claim(self, claim: Claim, /) -> Record | None:
        """See `Store`."""
        names = self._names
        # No key is free before its time: where milliseconds are too coarse, the claim lasts longer.
        now = int(claim.now * 1000)
        leased_until = str(math.ceil(claim.leased_until * 1000))
        item = self._key(claim.key)
        item[names["#status"]] = {"S": IN_PROGRESS}
        item[names["#expires"]] = {"N": str(int(claim.expires))}
        item[names["#owner"]] = {"S": claim.owner}
        item[names["#lease"]] = {"N": leased_until}
        if claim.payload is not None:
            item[names["#payload"]] = {"S": claim.payload}
        request = {
            "TableName": self.table,
            "Item": item,
            "ConditionExpression": _MAY_CLAIM,
            "ExpressionAttributeNames": self._claim_names,
            "ExpressionAttributeValues": {
                ":now": {"N": f"{now / 1000:.3f}"},
                ":now_ms": {"N": str(now)},
                ":in_progress": {"S": IN_PROGRESS},
                ":owner": {"S": claim.owner},
                ":lease": {"N": leased_until},
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            self._call("PutItem", request)
        except ConditionalCheckFailed as refused:
            there = self._refused_by(claim.key, refused)
            if there is not None and there.owner == claim.owner and there.status == IN_PROGRESS:
                return None  # this call's own claim, whose reply was lost
            return there
        return None

    def complete(self, record: Record, /) -> bool:
        """See `Store`."""
        result = record.result
        values: dict[str, Any] = {
            ":status": {"S": COMPLETED_HERE if is_marked(result) else COMPLETED},
            ":expires": {"N": str(int(record.expires))},
            ":owner": {"S": record.owner},
        }
        update, names = "SET #status = :status, #expires = :expires", ["#status", "#expires", "#owner", "#lease"]
        if result is not None:
            values[":result"] = {"B" if isinstance(result, bytes) else "S": result}
            update, names = f"{update}, #result = :result", [*names, "#result"]
        if record.payload is not None:
            values[":payload"] = {"S": record.payload}
            update, names = f"{update}, #payload = :payload", [*names, "#payload"]
        request = {
            "TableName": self.table,
            "Key": self._key(record.key),
            "UpdateExpression": f"{update} REMOVE #lease",
            "ConditionExpression": "#owner = :owner",
            "ExpressionAttributeNames": self._only(*names),
            "ExpressionAttributeValues": values,
        }
        try:
            self._call("UpdateItem", request)
        except ConditionalCheckFailed:
            return False
        return True

    def release(self, key: str, owner: str, /) -> bool:
        """See `Store`."""
        request = {
            "TableName": self.table,
            "Key": self._key(key),
            "ConditionExpression": "attribute_not_exists(#id) OR (#owner = :owner AND #status = :in_progress)",
            "ExpressionAttributeNames": self._release_names,
            "ExpressionAttributeValues": {":owner": {"S": owner}, ":in_progress": {"S": IN_PROGRESS}},
        }
        try:
            self._call("DeleteItem", request)
        except ConditionalCheckFailed:
            return False
        return True

    def delete(self, key: str, /) -> bool:
        """Delete the record of a key, whatever its state; return whether there was one."""
        request = {"TableName": self.table, "Key": self._key(key), "ReturnValues": "ALL_OLD"}
        return "Attributes" in self._call("DeleteItem", request)

    # Records as items

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        caller = self._caller
        if caller is None:
            caller = self._connect()
        return caller.call(operation, request)

    def _connect(self) -> Caller:
        from lambda_kit.aws import connect

        _watch_process()
        lifecycle.note(self, _stores)
        caller = self._caller = connect("dynamodb", self._client, region=self._region)
        return caller

    def disconnect(self) -> None:
        """Let the next call read from the environment again where DynamoDB is."""
        self._caller = None

    def _only(self, *names: str) -> dict[str, str]:
        return {name: self._names[name] for name in names}

    def _key(self, key: str) -> dict[str, Any]:
        if self._sort_key is None:
            return {self._partition_key: {"S": key}}
        return {self._partition_key: {"S": self._static}, self._sort_key: {"S": key}}

    def _refused_by(self, key: str, refused: ConditionalCheckFailed) -> Record | None:
        """Return the record that is there, which the reply carries."""
        item = refused.item
        if item is None:  # an endpoint that does not return it
            request = {"TableName": self.table, "Key": self._key(key), "ConsistentRead": True}
            item = self._call("GetItem", request).get("Item")
        if item is None:
            raise refused  # it was deleted meanwhile
        return self._record(key, item)

    def _record(self, key: str, item: dict[str, Any]) -> Record:
        """Return the record in an item; quickly, if the item is as stores write it."""
        names, get = self._names, item.get
        try:
            status, expires = item[names["#status"]]["S"], item[names["#expires"]]["N"]
            owner, lease, payload = get(names["#owner"]), get(names["#lease"]), get(names["#payload"])
            result = get(names["#result"])
            return Record(
                key,
                COMPLETED if status in (COMPLETED, COMPLETED_HERE) else IN_PROGRESS,
                owner=None if owner is None else owner["S"],
                expires=float(expires),
                leased_until=None if lease is None else float(lease["N"]) / 1000,
                payload=None if payload is None else payload["S"] or None,
                result=None if result is None else result["S"],
            )
        except (KeyError, TypeError, ValueError):
            return self._odd_record(key, item)

    def _odd_record(self, key: str, item: dict[str, Any]) -> Record:
        values: dict[str, Any] = {}
        for name, kinds in _KINDS.items():
            kind, value = next(iter(item.get(self._names[name], _ABSENT).items()))
            if kind not in kinds:
                raise unreadable(key)
            values[name] = None if kind == "NULL" else value
        lease = values["#lease"]
        return record_of(
            key,
            status=COMPLETED if values["#status"] in (COMPLETED, COMPLETED_HERE) else IN_PROGRESS,
            owner=values["#owner"],
            expires=values["#expires"] or "inf",
            leased_until=None if lease is None else float(lease) / 1000,
            payload=values["#payload"] or None,
            result=values["#result"],
        )


if not TYPE_CHECKING:  # so that options of Powertools are refused with ours before Python misses an argument
    DynamoDBStore.__init__.__defaults__ = ("",)


_stores: set[ReferenceType[DynamoDBStore]] = set()
_watched = False


def _watch_process() -> None:
    global _watched
    if not _watched:
        _watched = True
        for watch in (lifecycle.on_fork, lifecycle.on_restore, lifecycle.on_reset):
            watch(_disconnect)


def _disconnect() -> None:
    for store in lifecycle.living(_stores):
        store.disconnect()
