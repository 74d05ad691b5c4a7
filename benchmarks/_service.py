"""A process that answers as SSM, Secrets Manager, the parameters extension and DynamoDB do, and quickly.

Its processor time is not that of what is measured. It counts requests, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from typing import Any

VALUE = "eu-west-1.db.example.com"
NAME = "/app/db/host"
_PARAMETER = {
    "Name": NAME,
    "Type": "String",
    "Value": VALUE,
    "Version": 1,
    "LastModifiedDate": 1795420800.0,
    "ARN": "arn:aws:ssm:eu-west-1:123456789012:parameter/app/db/host",
    "DataType": "text",
}
_FIFTY = [{**_PARAMETER, "Name": f"/app/many/p{i:02d}"} for i in range(50)]
_SECRET = {"Name": "shop/db", "VersionId": "v-1", "SecretString": '{"user": "u"}', "VersionStages": ["AWSCURRENT"]}


_items: dict[str, dict[str, Any]] = {}  # of the one table that there is


def _write(operation: bytes, request: dict[str, Any]) -> dict[str, Any] | None:
    """Write an item; None if that is refused, because a completed one is there."""
    key = request.get("Key") or request["Item"]
    name: str = key["id"]["S"]
    if operation == b"putitem":
        if _items.get(name, {}).get("status") == {"S": "COMPLETED"}:
            return None
        _items[name] = request["Item"]
    elif operation == b"updateitem":
        names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
        sets = request["UpdateExpression"].removeprefix("SET ").partition(" REMOVE")[0]
        for one in sets.split(","):
            attribute, _, value = one.strip().partition(" = ")
            _items.setdefault(name, dict(key))[names[attribute]] = values[value]
    else:
        _items.pop(name, None)
    return {}


_latency = 0.0  # seconds before each reply


class _Connection(asyncio.Protocol):
    requests = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (stop := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:stop].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < stop + 4 + size:
                return
            body = self._buffer[stop + 4 : stop + 4 + size]
            self._buffer = self._buffer[stop + 4 + size :]
            answer = self._answer(head, body)
            if _latency:
                asyncio.get_running_loop().call_later(_latency, self._transport.write, answer)
            else:
                self._transport.write(answer)

    def _answer(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"get /requests"):
            return _framed({"requests": _Connection.requests})
        _Connection.requests += 1
        if b"dynamodb_20120810" in head:
            return self._write(head.partition(b"dynamodb_20120810.")[2].split(b"\r", 1)[0], json.loads(body))
        if b"getparametersbypath" in head:
            start = int(json.loads(body).get("NextToken", 0))
            more = {"NextToken": str(start + 10)} if start < 40 else {}
            return _framed({"Parameters": _FIFTY[start : start + 10], **more})
        if b"amazonssm.getparameters\r" in head:
            return _framed({"Parameters": [{**_PARAMETER, "Name": name} for name in json.loads(body)["Names"]]})
        if b"secretsmanager" in head:
            return _framed(_SECRET)
        return _framed({"Parameter": _PARAMETER})

    def _write(self, operation: bytes, request: dict[str, Any]) -> bytes:
        reply = _write(operation, request)
        if reply is not None:
            return _framed(reply)
        refused = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
        item = _items[request["Item"]["id"]["S"]]
        return _framed(
            {"__type": refused, "message": "The conditional request failed", "Item": item}, b"400 Bad Request"
        )


def _framed(reply: dict[str, Any], status: bytes = b"200 OK") -> bytes:
    body = json.dumps(reply).encode()
    return (
        b"HTTP/1.1 " + status + b"\r\ncontent-type: application/x-amz-json-1.1\r\nx-amzn-requestid: r-1\r\n"
        b"content-length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )


class Service:
    """The process.

    Args:
        latency: seconds before each reply; 0 by default.

    Attributes:
        port: where it listens, on the loopback interface.
        url: the same as a URL.
    """

    def __init__(self, latency: float = 0.0) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks._service", str(latency)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._child.stdout is not None
        self.port = int(self._child.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def environ(self) -> dict[str, str]:
        """Return the environment in which a function finds it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_SESSION_TOKEN": "token",
        }

    def requests(self) -> int:
        """Return how many requests it has answered, this one left out."""
        from urllib.request import urlopen

        with urlopen(f"{self.url}/requests") as answer:
            return int(json.load(answer)["requests"])

    def close(self) -> None:
        """End the process."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait()
        self._child.stdout.close()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()

    def wait() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, daemon=True).start()
    await ended.wait()


if __name__ == "__main__":
    _latency = float(sys.argv[1])
    asyncio.run(_serve())
