"""The routes where accounts (OIDC) are asked for, in this process; and messages that never end."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import httpx
import pytest
from starlette.applications import Starlette
from streamlit.runtime.secrets import secrets_singleton
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

import labeling.routes
from core.settings import Settings
from db.memes import Collection
from labeling.access import TOKEN_LIFE_S, Access
from labeling.routes import PREFIX, TOKEN_HEADER, Routes, cookie_name
from tests.collecting import add
from tests.pictures import picture

PORT: Final = 8501
SECRET: Final = "of Streamlit's cookies"
AT: Final = f"http://127.0.0.1:{PORT}"
ANA: Final = {"is_logged_in": True, "email": "ana@x.org", "email_verified": True, "sub": "1"}


@pytest.fixture
def sha256(settings: Settings) -> Iterator[str]:
    """The one meme of a collection."""
    opened = Collection.open(settings)
    add(opened, picture(1), "a post")
    yield next(iter(opened.media.names()))
    opened.database.engine.dispose()


@pytest.fixture
def routes(settings: Settings, sha256: str) -> Routes:
    return Routes(settings, lambda: PORT)


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider is configured."""
    monkeypatch.setattr(secrets_singleton, "_secrets", {"auth": {"cookie_secret": SECRET}})


def cookies(session: str, user: dict[str, Any] | None = None, secret: str = SECRET) -> str:
    """What a browser sends along, in which that account is logged in."""
    sent = f"{cookie_name(PORT)}={session}"
    if user is None:
        return sent
    signed = create_signed_value(secret, "_streamlit_user", json.dumps(user)).decode()
    return f"{sent}; _streamlit_user={signed}"


def ask(
    routes: Routes,
    name: str,
    cookie: str,
    token: str | None = None,
    body: bytes | AsyncIterator[bytes] = b"{}",
) -> httpx.Response:
    """The answer to a message with a token, or to a request for a picture without one."""

    async def sent() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=routes.routes()))
        async with httpx.AsyncClient(transport=transport, base_url=AT) as client:
            headers = {b"Cookie": cookie.encode("latin-1"), b"Origin": AT.encode()}
            if token is None:
                return await client.get(f"{PREFIX}/{name}", headers=headers)
            told = headers | {TOKEN_HEADER.encode(): token.encode()}
            return await client.post(f"{PREFIX}/{name}", headers=told, content=body)

    return asyncio.run(sent())


@pytest.mark.usefixtures("accounts")
@pytest.mark.parametrize("kind", ["media", "thumbnail"])
def test_pictures_are_for_those_who_are_logged_in(routes: Routes, sha256: str, kind: str) -> None:
    session = routes.access.new_session()
    out = {"is_logged_in": False}
    name = f"{kind}/{sha256}"
    for cookie in (
        cookies(session),
        cookies(session, out),
        cookies(session, ANA, secret="of somebody else"),
        cookies("made.up", ANA),
        f"{cookies(session)}; _streamlit_user=é",
    ):
        answer = ask(routes, name, cookie)
        assert (answer.status_code, list(answer.json())) == (403, ["error"])
    assert ask(routes, name, cookies(session, ANA)).status_code == 200


@pytest.mark.usefixtures("accounts")
def test_a_token_is_worth_nothing_once_its_account_is_logged_out(routes: Routes) -> None:
    session = routes.access.new_session()
    token = routes.access.token(session, "ana@x.org")
    ben = ANA | {"email": "ben@x.org"}
    unverified = ANA | {"email_verified": False}
    assert ask(routes, "token", cookies(session, ANA), token).status_code == 200
    for cookie in (cookies(session), cookies(session, ben), cookies(session, unverified)):
        assert ask(routes, "token", cookie, token).status_code == 403


def test_a_page_that_is_open_gets_another_token_in_time(routes: Routes) -> None:
    now = 1_000_000.0
    routes.access = Access(b"secret", lambda: now)
    session = routes.access.new_session()
    token = routes.access.token(session, "ana")
    assert TOKEN_HEADER not in ask(routes, "token", cookies(session), token).headers
    now += TOKEN_LIFE_S * 0.75
    renewed = ask(routes, "token", cookies(session), token).headers[TOKEN_HEADER]
    now += TOKEN_LIFE_S * 0.75
    refused = ask(routes, "token", cookies(session), token)
    assert (refused.status_code, TOKEN_HEADER in refused.headers) == (403, False)
    assert "reload" in refused.json()["error"]
    assert ask(routes, "token", cookies(session), renewed).status_code == 200


def test_a_message_that_does_not_come_to_its_end_is_not_waited_for(
    routes: Routes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labeling.routes, "_BODY_S", 0.1)

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    session = routes.access.new_session()
    answer = ask(routes, "token", cookies(session), routes.access.token(session, "ana"), slow())
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")
    assert "did not come" in answer.json()["error"]
