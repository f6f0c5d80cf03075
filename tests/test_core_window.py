"""Where a window may listen."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="Streamlit is not installed")

from core.errors import BadInput, MemeEraError
from core.window import _send_at_once, serve_window

PAGE = Path("page.py")  # never read: the port is looked at first


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_taken_port_is_named_with_the_option_that_chooses_another(taken_port: int) -> None:
    with pytest.raises(MemeEraError) as caught:
        serve_window(PAGE, "A page", "127.0.0.1", taken_port, pages=())
    assert str(caught.value) == (
        f"port {taken_port} of 127.0.0.1 is taken; choose another with --port"
    )
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_bad_input(host: str) -> None:
    with pytest.raises(BadInput, match=f"^cannot listen on {host}, port 8501: "):
        serve_window(PAGE, "A page", host, 8501, pages=())


def test_what_is_accepted_on_the_port_sends_at_once() -> None:
    def sends_at_once(listening: socket.socket) -> bool:
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                return bool(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert not sends_at_once(listening)
        _send_at_once(listening.getsockname()[1])
        assert sends_at_once(listening)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_does_not_exist_is_bad_input(port: int) -> None:
    with pytest.raises(BadInput, match=f"^port {port} does not exist"):
        serve_window(PAGE, "A page", "127.0.0.1", port, pages=())
