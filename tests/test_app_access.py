"""Who has the token, and how often one may be wrong about it."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

pytest.importorskip("limits", reason="what the window needs is not installed")
from pydantic import SecretStr
from starlette.types import Message, Receive, Scope, Send

from app.access import Guard
from core.errors import BadInput
from core.settings import Settings

TOKEN = "x" * 16
ALLOWED = 10  # a minute


async def served(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


class Caller:
    """Asks a guard, without a network."""

    def __init__(self) -> None:
        self._guard = Guard(served, host="0.0.0.0", token=SecretStr(TOKEN))

    def ask(
        self,
        client: str = "192.0.2.1",
        *,
        method: str = "GET",
        path: str = "/v1/models/memeera",
        query: str = "",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and body of the answer."""
        told = {"host": "here"} | dict(headers or {})
        scope: Scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "scheme": "http",
            "server": ("here", 80),
            "client": (client, 1),
            "headers": [(name.encode(), value.encode()) for name, value in told.items()],
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body}

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(self._guard(scope, receive, send))
        found = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        return sent[0]["status"], found, sent[1]["body"].decode()

    def by_bearer(self, token: str, client: str = "192.0.2.1") -> int:
        return self.ask(client, headers={"authorization": f"Bearer {token}"})[0]

    def by_form(self, token: str) -> tuple[int, str]:
        body = urlencode({"token": token}).encode()
        status, _, page = self.ask(method="POST", path="/login", body=body)
        return status, page

    def by_address(self, token: str) -> int:
        return self.ask(path="/", query=urlencode({"token": token}))[0]


@pytest.fixture
def caller() -> Caller:
    return Caller()


def test_after_ten_wrong_tokens_an_address_waits_whatever_it_shows(caller: Caller) -> None:
    assert {caller.by_bearer(f"guess {i}") for i in range(ALLOWED)} == {401}
    status, headers, body = caller.ask(headers={"authorization": "Bearer guess"})
    assert status == 429
    assert 1 <= int(headers["retry-after"]) <= 60
    assert "too_many_guesses" in body
    assert caller.by_bearer(TOKEN) == 429  # or the guesses would go on being told apart
    assert caller.by_bearer(TOKEN, client="192.0.2.2") == 200


def test_the_form_and_the_address_are_no_other_way_to_guess(caller: Caller) -> None:
    assert {caller.by_form(f"guess {i}")[0] for i in range(5)} == {401}
    assert {caller.by_address(f"guess {i}") for i in range(5)} == {401}
    status, page = caller.by_form("guess")
    assert status == 429
    assert "try again in" in page
    assert caller.by_address("guess") == 429


def test_who_owns_a_network_of_ipv6_is_one(caller: Caller) -> None:
    for i in range(ALLOWED):
        assert caller.by_bearer("guess", f"2001:db8::{i}") == 401
    assert caller.by_bearer("guess", "2001:db8::ffff:1") == 429
    assert caller.by_bearer("guess", "2001:db8:0:1::1") == 401


def test_right_tokens_and_none_are_no_guesses(caller: Caller) -> None:
    for _ in range(2 * ALLOWED):
        assert caller.by_bearer(TOKEN) == 200
        assert caller.ask()[0] == 401
        assert caller.ask(headers={"cookie": "memeera_window=old"})[0] == 401
    assert caller.by_form(TOKEN)[0] == 303


def test_the_cookie_is_let_in_while_others_guess(caller: Caller) -> None:
    status, headers, _ = caller.ask(path="/", query=f"token={TOKEN}")
    assert status == 303
    cookie = headers["set-cookie"].partition(";")[0]
    for _ in range(ALLOWED + 1):
        caller.by_bearer("guess")
    assert caller.ask(headers={"cookie": cookie})[0] == 200


def test_a_short_token_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMEERA_API_TOKEN", "x" * 15)
    with pytest.raises(BadInput, match=r"^MEMEERA_API_TOKEN: .* at least 16 characters") as caught:
        Settings.load()
    assert "xxx" not in str(caught.value)
    monkeypatch.setenv("MEMEERA_API_TOKEN", TOKEN)
    assert Settings.load().api_token is not None
