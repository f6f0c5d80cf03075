"""Connections that never say what they want, against a real server."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("uvicorn", reason="Streamlit, which brings uvicorn, is not installed")
import uvicorn
from starlette.types import Receive, Scope, Send

from core.slow_heads import bound_heads, bounded_protocol

HEAD_TIMEOUT_S = 0.3
SLOW_S = 3 * HEAD_TIMEOUT_S
ASK = b"GET / HTTP/1.1\r\nHost: x\r\n"


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Slower than a head may be; of a websocket nothing is ever said."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        return
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(SLOW_S if scope["path"] == "/slow" else 0)
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    config = uvicorn.Config(
        answer,
        port=0,
        lifespan="off",
        log_level="critical",
        ws="websockets-sansio",
        http=bounded_protocol(HEAD_TIMEOUT_S),
    )
    server = uvicorn.Server(config)
    running = threading.Thread(target=server.run)
    running.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    running.join()


@pytest.fixture
def opened(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        yield connection


def answered(connection: socket.socket) -> bytes:
    """All of an answer."""
    got = b""
    while not got.endswith(b"ok"):
        more = connection.recv(1000)
        assert more, got
        got += more
    return got


@pytest.mark.parametrize("sent", [b"", b"G", ASK, ASK + b"X: " + b"y" * 100])
def test_a_head_that_stays_half_is_hung_up_on(opened: socket.socket, sent: bytes) -> None:
    opened.sendall(sent)
    assert opened.recv(100) == b""


def test_a_head_that_drips_is_hung_up_on(opened: socket.socket) -> None:
    opened.sendall(ASK)
    with pytest.raises(OSError):  # noqa: PT012  # at one of the pieces
        for _ in range(100):
            time.sleep(HEAD_TIMEOUT_S / 5)
            opened.sendall(b"X: y\r\n")


def test_the_second_request_of_a_connection_is_bounded_as_the_first(opened: socket.socket) -> None:
    opened.sendall(ASK + b"\r\n")
    assert b"200 OK" in answered(opened)
    time.sleep(SLOW_S)  # resting is another thing
    opened.sendall(ASK + b"\r\n")
    assert b"200 OK" in answered(opened)
    opened.sendall(ASK)
    assert opened.recv(100) == b""


def test_slow_answers_and_slow_bodies_are_let_be(opened: socket.socket) -> None:
    opened.sendall(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
    time.sleep(SLOW_S)
    opened.sendall(b"cd")
    assert b"200 OK" in answered(opened)


def test_a_websocket_may_be_silent(opened: socket.socket) -> None:
    opened.sendall(
        ASK + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    assert b"101 Switching" in opened.recv(1000)
    opened.settimeout(SLOW_S)
    with pytest.raises(TimeoutError):
        opened.recv(100)


def test_servers_that_choose_no_protocol_have_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn.config, "HTTP_PROTOCOLS", dict(uvicorn.config.HTTP_PROTOCOLS))
    bound_heads(1)
    config = uvicorn.Config(answer)
    config.load()
    assert config.http_protocol_class.__name__ == "Bounded"
