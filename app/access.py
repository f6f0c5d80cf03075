"""Who may ask: on this machine alone its own pages and programs, beyond it who has the token.

A page of another site can make a browser send a request here, but not hide where it comes from. A
browser shows the token once, in the address that the server gave or in a form, and gets a cookie
that follows from it.
"""

import hmac
import secrets
from html import escape
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

import anyio
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.guesses import Guesses
from app.problems import ApiError, as_response
from app.theme import PAGE_STYLE
from core.origins import LOCAL_HOSTS, is_local, is_same_origin

__all__ = ["Guard"]

_LOGIN: Final = "/login"
_OPEN: Final = ("/healthz",)  # what watches a server has no token
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_COOKIE: Final = "memeera_window"
_MAX_FORM: Final = 4096  # bytes
_FORM_TIMEOUT_S: Final = 10
_ASK: Final = {"WWW-Authenticate": "Bearer"}

_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>memeEra</title>
<style>{style}body{{display:grid;place-items:center;min-height:90vh}}
form{{display:grid;gap:.75rem;width:min(20rem,90vw)}}
input,button{{font:inherit;padding:.5rem .75rem;border:1px solid;border-radius:.5rem}}
input{{background:var(--panel);color:inherit}}p[role=alert]{{color:var(--accent);margin:0}}
button{{background:var(--accent);border-color:var(--accent);color:var(--ground)}}</style>
<main><form method="post" action="/login"><h1>memeEra</h1>
<label for="token">Access token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
{problem}<button>Open</button></form></main></html>"""
_PROBLEM: Final = '<p role="alert">{}</p>'


class Guard:
    """Around everything that is served, Streamlit's own pages included.

    Args:
        app: what is guarded.
        host: where the server listens.
        token: what callers have to show; None: nothing, which only a server that is reached from
            this machine alone may do.
    """

    def __init__(self, app: ASGIApp, *, host: str, token: SecretStr | None) -> None:
        self._app = app
        self._is_local = is_local(host)
        self._token = None if token is None else token.get_secret_value()
        self._guesses = Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            answer = await self._refusal(scope, receive)
        except ApiError as error:
            answer = as_response(error)
        if answer is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008, "reason": "not allowed"})

    async def _refusal(self, scope: Scope, receive: Receive) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        # Who has shown the token is no page that was led here.
        is_bare = self._is_local and self._token is None
        if is_bare and _host_name(headers.get("host", "")) not in LOCAL_HOSTS:
            return as_response(ApiError(421, "wrong_host", "this server is called otherwise"))
        origin = headers.get("origin")
        if (
            origin is not None
            and scope.get("method") not in _SAFE
            and not is_same_origin(origin, headers.get("host"))
        ):
            return as_response(
                ApiError(403, "forbidden_origin", "this request comes from another site's page")
            )
        if self._token is None or path in _OPEN or self._is_known(scope, headers):
            return None
        if path == _LOGIN and scope.get("method") == "POST":
            return await self._login(Request(scope, receive))
        if scope.get("method") == "GET" and self._is_token(_in_query(scope), scope):
            return self._with_cookie(Request(scope), path)
        if "text/html" in headers.get("accept", "") and scope.get("method") == "GET":
            return _form()
        return as_response(
            ApiError(401, "unauthorized", "send Authorization: Bearer, with MEMEERA_API_TOKEN")
        )

    def _is_known(self, scope: Scope, headers: Headers) -> bool:
        kind, _, shown = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._is_token(shown.strip(), scope)
        cookie = HTTPConnection(scope).cookies.get(_COOKIE, "")
        return secrets.compare_digest(cookie.encode(), self._cookie().encode())

    async def _login(self, request: Request) -> Response:
        form = bytearray()
        try:
            with anyio.fail_after(_FORM_TIMEOUT_S):
                async for chunk in request.stream():
                    form += chunk
                    if len(form) > _MAX_FORM:
                        return as_response(ApiError(413, "too_many_bytes", "that is no token"))
        except (TimeoutError, ClientDisconnect):
            return as_response(ApiError(408, "slow_upload", "the token did not arrive"))
        shown = parse_qs(form.decode("utf-8", "replace")).get("token", [""])[0]
        try:
            is_right = self._is_token(shown, request.scope)
        except ApiError as error:
            return _form(_PROBLEM.format(escape(str(error))), HTTPStatus.TOO_MANY_REQUESTS)
        if not is_right:
            return _form(_PROBLEM.format("That is not the token."))
        return self._with_cookie(request, ".")

    def _with_cookie(self, request: Request, to: str) -> Response:
        answer = RedirectResponse(to, HTTPStatus.SEE_OTHER)
        answer.set_cookie(
            _COOKIE,
            self._cookie(),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer

    def _is_token(self, shown: str, scope: Scope) -> bool:
        """Whether it is; a wrong one is counted.

        Raises:
            ApiError: there were too many wrong ones.
        """
        assert self._token is not None
        if not shown:
            return False
        client = scope["client"][0] if scope.get("client") else ""
        self._guesses.check(client)
        is_right = secrets.compare_digest(shown.encode(), self._token.encode())
        if not is_right:
            self._guesses.count(client)
        return is_right

    def _cookie(self) -> str:
        """Changes with the token, and tells nothing of it."""
        assert self._token is not None
        return hmac.digest(self._token.encode(), b"memeera window", "sha256").hex()


def _in_query(scope: Scope) -> str:
    """The token in the address that the server gave at its start, to be opened once."""
    query: bytes = scope.get("query_string", b"")
    return parse_qs(query.decode("latin-1")).get("token", [""])[0]


def _host_name(host: str) -> str:
    """The host of a Host header, without its port."""
    host = host.lower()
    return host if host.endswith("]") else host.rsplit(":", 1)[0] if ":" in host else host


def _form(problem: str = "", status: HTTPStatus = HTTPStatus.UNAUTHORIZED) -> Response:
    page = _PAGE.format(style=PAGE_STYLE, problem=problem)
    return HTMLResponse(page, status, _ASK)
