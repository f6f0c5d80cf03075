"""What is around the Streamlit pages when they are served: the routes, the session's cookie."""

from typing import Final

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.origins import LOCAL_HOSTS, is_local
from labeling.access import Access
from labeling.routes import PREFIX, cookie_name

__all__ = ["PAGES", "middleware", "page_path", "port", "prefix"]

PAGES: Final = ("label", "grid", "review", "duplicates", "history", "progress")
"""Their addresses, as `labeling/app.py` draws them."""


def port() -> int:
    """The port that the server listens on; asked for port 0, the system has chosen one."""
    return int(st.get_option("server.port"))


def prefix() -> str:
    """What the addresses of our routes begin with, where Streamlit is told of a base path too."""
    return page_path(PREFIX.lstrip("/"))


def page_path(name: str) -> str:
    """The address of a page of ours on this server."""
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}/{name}" if base else f"/{name}"


def middleware(access: Access, host: str) -> list[Middleware]:
    """For Streamlit's app.

    Args:
        access: makes the sessions.
        host: where the server listens; on this machine alone, no other host's name is answered to.
    """
    wrapped = [Middleware(_Sessions, access=access)]
    if is_local(host):
        wrapped.insert(0, Middleware(TrustedHostMiddleware, allowed_hosts=list(LOCAL_HOSTS)))
    return wrapped


class _Sessions:
    """Gives each browser its cookie together with the page."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = cookie_name(port())
        has_session = self._access.is_session(HTTPConnection(scope).cookies.get(name, ""))

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and not has_session and _is_page(message):
                # Lax, so that a link from elsewhere to the page finds the session that there is.
                MutableHeaders(scope=message).append(
                    "Set-Cookie",
                    f"{name}={self._access.new_session()}; Path=/; HttpOnly; SameSite=Lax",
                )
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def _is_page(message: Message) -> bool:
    kind = Headers(raw=message["headers"]).get("content-type", "")
    return kind.startswith("text/html")
