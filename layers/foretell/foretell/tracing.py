"""One subsegment of an AWS X-Ray trace per invocation, with what to find it by.

Lambda names the trace in the environment and listens for subsegments on a local port: a header and
a JSON document in one datagram (the daemon's protocol, version 1). AWS's SDK for this reads so much
when it is imported that it would nearly double a cold start.
"""

import json
import os
import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Final

_HEADER: Final = b'{"format":"json","version":1}\n'


def send(name: str, started: float, ended: float, annotations: Mapping[str, str]) -> None:
    """Tell X-Ray of an invocation that it samples; times in seconds since 1970.

    What cannot be told is left out: a trace is no reason to fail.
    """
    address = os.environ.get("AWS_XRAY_DAEMON_ADDRESS")
    if not address:
        return
    trace = _trace()
    if trace.get("Sampled") != "1" or not {"Root", "Parent"} <= trace.keys():
        return
    document = {
        "type": "subsegment",
        "name": name,
        "id": secrets.token_hex(8),
        "trace_id": trace["Root"],
        "parent_id": trace["Parent"],
        "start_time": started,
        "end_time": ended,
        "annotations": dict(annotations),
    }
    host, _, port = address.rpartition(":")
    with suppress(OSError, ValueError):
        _socket().sendto(_HEADER + json.dumps(document).encode(), (host, int(port)))


def _trace() -> dict[str, str]:
    """Root=1-...;Parent=...;Sampled=1, anew with each invocation."""
    parts = os.environ.get("_X_AMZN_TRACE_ID", "").split(";")
    return dict(part.split("=", 1) for part in parts if "=" in part)


@cache
def _socket() -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.settimeout(0)
    return found
