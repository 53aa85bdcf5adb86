"""What Lambda hands a function: the event of an HTTP API (payload format 2.0) and a context."""

import json
from dataclasses import dataclass
from typing import Any

REQUEST_ID = "JKJaXmPLvHcESHA="


@dataclass(frozen=True)
class Context:
    """What Lambda tells a function of itself."""

    function_name: str = "foretell-test"
    memory_limit_in_mb: int = 1769
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:foretell-test"
    aws_request_id: str = "52fdfc07-2182-154f-163f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        """As much as Lambda ever gives."""
        return 900_000


def http_event(
    method: str, path: str, body: object = None, content_type: str | None = "application/json"
) -> dict[str, Any]:
    """The event of a request; a body that is no text is sent as JSON."""
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    headers = {"host": "abc123.execute-api.us-east-1.amazonaws.com"}
    if content_type and text is not None:
        headers["content-type"] = content_type
    if text is not None:
        headers["content-length"] = str(len(text.encode()))
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": headers["host"],
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "pytest",
            },
            "requestId": REQUEST_ID,
            "routeKey": f"{method} {path}",
            "stage": "$default",
            "time": "12/Mar/2026:19:03:58 +0000",
            "timeEpoch": 1773342238000,
        },
        "body": text,
        "isBase64Encoded": False,
    }
