"""The texts that the pipeline of `warm_kit` writes and sends, made by hand: the least that they can cost in Python."""

from __future__ import annotations

import os
import socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HOST, _, _PORT = os.environ["AWS_XRAY_DAEMON_ADDRESS"].rpartition(":")
_daemon = socket.socket(type=socket.SOCK_DGRAM)
_daemon.connect((_HOST, int(_PORT)))


def by_hand(event: Any, context: Any) -> int | None:
    """Write one expression for each text, for these values alone: nothing is checked, escaped, kept or looked up."""
    header = os.environ["_X_AMZN_TRACE_ID"]
    root, parent = header[5:40], header[48:64]
    span, start = os.urandom(8).hex(), time.time()
    now = time.time()
    second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    line = (
        f'{{"timestamp":"{second}.{int(now % 1 * 1000):03d}Z","level":"INFO","message":"placing order",'
        f'"location":"benchmarks.functions.warm_kit.pipeline:62","service":"shop","functionName":"{context.function_name}",'
        f'"requestId":"{context.aws_request_id}","coldStart":false,"xrayTraceId":"{root}","order_id":"o-1"}}\n'
    )
    os.write(1, line.encode())
    end = time.time()
    metric = (
        f'{{"_aws":{{"Timestamp":{int(end * 1000)},"CloudWatchMetrics":[{{"Namespace":"Shop",'
        f'"Dimensions":[["service"]],"Metrics":[{{"Name":"Orders","Unit":"Count"}}]}}]}},"Orders":1,"service":"shop"}}\n'
    )
    os.write(1, metric.encode())
    document = (
        f'{{"format":"json","version":1}}\n{{"id":"{span}","name":"pipeline","start_time":{start:.6f},"end_time":{end:.6f},'
        f'"trace_id":"{root}","parent_id":"{parent}","type":"subsegment",'
        '"annotations":{"ColdStart":false,"Service":"shop"}}'
    )
    _daemon.send(document.encode())
    return os.getpid() if event.get("pid") else None
