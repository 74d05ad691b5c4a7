"""A runtime that streams its responses. It takes over when it is imported, and the client that imports it waits.

The path says what it sends.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

HTTP = "application/vnd.awslambda.http-integration-response"
EVENTS = {"content-type": "text/event-stream", "cache-control": "no-store"}
HOST, PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")


class Connection:
    def __init__(self) -> None:
        self.socket = socket.create_connection((HOST, int(PORT)))
        self.source = self.socket.makefile("rb")

    def reply(self) -> tuple[dict[str, str], bytes]:
        self.source.readline()
        headers: dict[str, str] = {}
        while line := self.source.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        return headers, self.source.read(int(headers["content-length"]))

    def next(self) -> tuple[str, Any]:
        self.socket.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
        headers, body = self.reply()
        return headers["lambda-runtime-aws-request-id"], json.loads(body)

    def begin(self, request_id: str, content_type: str) -> None:
        self.socket.sendall(
            f"POST /2018-06-01/runtime/invocation/{request_id}/response HTTP/1.1\r\nHost: x\r\n"
            f"Content-Type: {content_type}\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n"
            "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )

    def part(self, data: bytes) -> None:
        if data:
            self.socket.sendall(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self, trailers: dict[str, str] | None = None) -> None:
        fields = "".join(f"{name}: {value}\r\n" for name, value in (trailers or {}).items())
        self.socket.sendall(b"0\r\n" + fields.encode() + b"\r\n")
        self.reply()


def await_file(path: str) -> None:
    while not Path(path).exists():
        time.sleep(0.005)


def prelude(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\0" * 8


def answer(connection: Connection, request_id: str, path: str, query: str) -> None:
    connection.begin(request_id, HTTP if path != "/plain" else "text/plain")
    if path == "/plain":
        for part in (b"one", b"two"):
            connection.part(part)
    elif path == "/steps":  # the query names a folder
        connection.part(prelude(statusCode=200, headers=EVENTS, cookies=["a=1"]))
        for number in range(3):
            connection.part(b"data: %d\n\n" % number)
            await_file(f"{query}/{number}")
    elif path == "/split":  # the head comes byte by byte
        for byte in prelude(statusCode=202, headers={"x-a": "1"}) + b"body":
            connection.part(bytes([byte]))
    elif path == "/large":
        connection.part(prelude(statusCode=200))
        for _ in range(int(query)):
            connection.part(b"x" * (1 << 20))
    elif path == "/headless":
        connection.part(b'{"statusCode": 200}')
    elif path == "/malformed":
        connection.part(prelude(statusCode="none"))
    elif path in ("/breaks", "/fails-early"):
        if path == "/breaks":
            connection.part(prelude(statusCode=200))
            connection.part(b"half")
        error = {"errorType": "ValueError", "errorMessage": "bad value"}
        connection.end(
            {
                "Lambda-Runtime-Function-Error-Type": "ValueError",
                "Lambda-Runtime-Function-Error-Body": base64.b64encode(json.dumps(error).encode()).decode(),
            }
        )
        return
    elif path in ("/crash", "/hang"):
        connection.part(prelude(statusCode=200))
        connection.part(b"half")
        if path == "/crash":
            os._exit(3)
        time.sleep(60)
    connection.end()


def serve() -> None:
    connection = Connection()
    while True:
        request_id, event = connection.next()
        answer(connection, request_id, event["rawPath"], event["rawQueryString"])


serve()
