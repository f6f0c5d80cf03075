"""Answers 404 where there is no page; Streamlit alone shows its first page there, as 200."""

from collections.abc import Callable, Collection

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["KnownPages"]


class KnownPages:
    """Around everything that is served; pictures, modules and data pass as they are.

    Args:
        app: what answers.
        pages: the addresses that are pages, from the root, without slashes at their ends; the root
            itself is one always.
        root: tells under which path all is served, such as "/memes"; empty: under none. It is asked
            at each request: Streamlit has its settings only once it runs.
    """

    def __init__(
        self, app: ASGIApp, *, pages: Collection[str], root: Callable[[], str] = str
    ) -> None:
        self._app = app
        self._pages = {"", *pages}
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http" or self._is_page(scope["path"]):
            await self._app(scope, receive, send)
            return
        is_missing = False

        async def send_or_refuse(message: Message) -> None:
            nonlocal is_missing
            if message["type"] == "http.response.start" and _is_shown(message):
                is_missing = True
            if not is_missing:
                await send(message)

        await self._app(scope, receive, send_or_refuse)
        if is_missing:
            await _missing(self._root().strip("/"))(scope, receive, send)

    def _is_page(self, path: str) -> bool:
        page = path.strip("/").removeprefix(self._root().strip("/")).strip("/")
        return page in self._pages


def _is_shown(message: Message) -> bool:
    kind = Headers(raw=message["headers"]).get("content-type", "")
    return message["status"] == 200 and kind.startswith("text/html")


def _missing(root: str) -> HTMLResponse:
    first = f"/{root}/" if root else "/"
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>No such page</title>'
        f'<h1>There is no such page</h1><p><a href="{first}">Go to the first page</a></p></html>',
        404,
        {"Cache-Control": "no-store"},
    )
