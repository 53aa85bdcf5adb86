"""What X-Ray is told of an invocation, and that a trace never stands in the way of one."""

import json
import socket
from collections.abc import Iterator

import pytest

from foretell import tracing

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A socket that listens where Lambda's daemon would."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(2)
        port = listening.getsockname()[1]
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{port}")
        monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
        yield listening


def test_a_subsegment_of_the_trace_that_lambda_names(daemon: socket.socket) -> None:
    tracing.send("foretell-clv", 1_000.25, 1_000.5, {"model_version": "v", "status": "200"})

    header, _, document = daemon.recv(65_536).partition(b"\n")
    told = json.loads(document)
    assert json.loads(header) == {"format": "json", "version": 1}
    assert len(told.pop("id")) == 16
    assert told == {
        "type": "subsegment",
        "name": "foretell-clv",
        "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
        "parent_id": "53995c3f42cd8ad8",
        "start_time": 1_000.25,
        "end_time": 1_000.5,
        "annotations": {"model_version": "v", "status": "200"},
    }


@pytest.mark.parametrize(
    "trace", ["", TRACE.replace("Sampled=1", "Sampled=0"), "Sampled=1", "Root=;nonsense"]
)
def test_what_is_not_sampled_is_not_told(
    daemon: socket.socket, monkeypatch: pytest.MonkeyPatch, trace: str
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)

    tracing.send("foretell-clv", 1.0, 2.0, {})

    daemon.settimeout(0.05)
    with pytest.raises(TimeoutError):
        daemon.recv(1)


@pytest.mark.parametrize("address", ["", "nonsense", "127.0.0.1:x", "127.0.0.1:0", "no.such:2000"])
def test_where_nobody_listens_nothing_is_lost_but_the_trace(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address)

    tracing.send("foretell-clv", 1.0, 2.0, {})
