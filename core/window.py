"""Serves a Streamlit page: the one way in which the labeling tool and the window start."""

import errno
import gc
import logging
import os
import signal
import socket
import sys
import webbrowser
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.cli import echo, warn
from core.errors import BadInput, MemeEraError
from core.theme import THEME

if TYPE_CHECKING:
    from starlette.middleware import Middleware
    from starlette.routing import BaseRoute

__all__ = ["serve_window"]

# Who listens everywhere is here as well, and this is what a browser can open.
_ANYWHERE: Final[Mapping[str, str]] = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
_HEAD_TIMEOUT_S: Final = 30.0  # as long as the API gives a body


def serve_window(
    script: Path,
    name: str,
    host: str,
    port: int,
    *,
    pages: Collection[str],
    open_browser: bool = False,
    routes: "Sequence[BaseRoute]" = (),
    middleware: "Sequence[Middleware]" = (),
    around: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    token: str | None = None,
    head_timeout_s: float = _HEAD_TIMEOUT_S,
) -> None:
    """Serve a Streamlit script until Ctrl-C or SIGTERM; says where, once it listens.

    Args:
        script: the page's file, which Streamlit runs.
        name: what is served, for the line that says where.
        host: where to listen.
        port: 0 lets the system choose.
        pages: the addresses at which a page is shown, without slashes at their ends; the root is
            one always. At others, 404 is answered.
        open_browser: whether to open the page in the user's browser.
        routes: what else is answered.
        middleware: what every request goes through.
        around: what is open on the server's loop while it answers; where it fails to open, the
            process ends with its error's one line.
        token: what the address is to carry.
        head_timeout_s: how long the head of a request may take to arrive.

    Raises:
        ModuleNotFoundError: Streamlit is not installed.
        MemeEraError: the port is taken.
        BadInput: there is no listening at this address, or no such port.
    """
    # The other commands of the same program need none of it.
    import streamlit as st
    from starlette.middleware import Middleware

    from core.known_pages import KnownPages
    from core.slow_heads import bound_heads

    _check_free(host, port)
    bound_heads(head_timeout_s)
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: sys.exit(0))
    # The server tells its own story at level INFO; the one line below is enough.
    logging.getLogger("uvicorn.error").addFilter(lambda record: record.levelno > logging.INFO)

    @asynccontextmanager
    async def announce(_app: st.App) -> AsyncIterator[None]:
        # The server listens by now; asked for port 0, the system has chosen one.
        at = _ANYWHERE.get(host, host)
        url = f"http://{f'[{at}]' if ':' in at else at}:{st.get_option('server.port')}"
        url += f"/?token={token}" if token else ""
        _send_at_once(st.get_option("server.port"))
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(around())
            except MemeEraError as error:
                # The server would tell a traceback and go on; nothing is under way yet.
                warn(error)
                os._exit(error.exit_code)
            echo(f"{name} at {url} (Ctrl-C ends it)")
            sys.stdout.flush()
            if open_browser:
                webbrowser.open(url)
            yield

    known = Middleware(
        KnownPages, pages=pages, root=lambda: str(st.get_option("server.baseUrlPath"))
    )
    st.App(script, lifespan=announce, routes=routes, middleware=[*middleware, known]).run(
        config={
            "server.address": host,
            "server.port": port,
            "server.headless": True,
            "server.fileWatcherType": "none",
            "browser.gatherUsageStats": False,
            "client.toolbarMode": "minimal",
            "logger.hideWelcomeMessage": True,
            **THEME,
        }
    )


def _send_at_once(port: int) -> None:
    """Let what listens on a port send small packets without waiting: 45 ms an answer otherwise.

    asyncio does so for sockets that it makes; Streamlit makes this one, and gives it to nobody.
    Connections inherit it.
    """
    for one in gc.get_objects():
        # Not isinstance, which wakes lazy modules.
        if type(one) is socket.socket and one.fileno() >= 0 and one.type == socket.SOCK_STREAM:
            name = one.getsockname()
            if isinstance(name, tuple) and name[1] == port:
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _check_free(host: str, port: int) -> None:
    if not host:
        raise BadInput("no host to listen on; 127.0.0.1 is this machine alone")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OverflowError as error:
            raise BadInput(f"port {port} does not exist; choose one from 0 to 65535") from error
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise MemeEraError(
                    f"port {port} of {host} is taken; choose another with --port"
                ) from error
            raise BadInput(f"cannot listen on {host}, port {port}: {error.strerror}") from error
