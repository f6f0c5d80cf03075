"""The cookie of a browser, and the tokens of the people in it."""

import pytest

from db.memes import Collection
from labeling.access import TOKEN_LIFE_S, Access, Expired, Refused


@pytest.fixture
def access() -> Access:
    return Access(b"secret")


@pytest.mark.parametrize("name", ["ana", "Ana Lima", "ana.lima@example.org", "Zoë 😀", "a:b"])
def test_a_token_tells_whose_it_is(access: Access, name: str) -> None:
    cookie = access.new_session()
    assert access.is_session(cookie)
    assert access.annotator(cookie, access.token(cookie, name)) == name


def test_a_token_ends_and_another_one_is_given_before() -> None:
    now = 1_000_000.0
    access = Access(b"secret", lambda: now)
    cookie = access.new_session()
    token = access.token(cookie, "ana")
    assert not access.is_old(token)
    now += TOKEN_LIFE_S - 1
    assert access.annotator(cookie, token) == "ana"
    assert access.is_old(token)
    assert not access.is_old(access.token(cookie, "ana"))
    now += 2
    with pytest.raises(Expired, match="no answer is lost"):
        access.annotator(cookie, token)


def test_nobody_gives_a_token_a_longer_life(access: Access) -> None:
    cookie = access.new_session()
    name, until, signature = access.token(cookie, "ana").split(".")
    with pytest.raises(Refused):
        access.annotator(cookie, f"{name}.{int(until) + 1}.{signature}")


def test_a_token_opens_nothing_in_another_browser(access: Access) -> None:
    token = access.token(access.new_session(), "ana")
    with pytest.raises(Refused, match="another session"):
        access.annotator(access.new_session(), token)


def test_a_token_with_another_name_on_it_is_refused(access: Access) -> None:
    cookie = access.new_session()
    _, _, signature = access.token(cookie, "ana").partition(".")
    name, _, _ = access.token(cookie, "bo").partition(".")
    with pytest.raises(Refused):
        access.annotator(cookie, f"{name}.{signature}")


@pytest.mark.parametrize("token", ["", ".", "x", "%%%.00", "YW5h", "é.é", "." * 5000])
def test_nonsense_is_no_token(access: Access, token: str) -> None:
    with pytest.raises(Refused):
        access.annotator(access.new_session(), token)


@pytest.mark.parametrize("cookie", ["", ".", "abc", "abc.", "é.é"])
def test_nonsense_is_no_session_and_neither_is_one_made_elsewhere(
    access: Access, cookie: str
) -> None:
    assert not access.is_session(cookie)
    assert not access.is_session(Access(b"other").new_session())
    with pytest.raises(Refused):  # a token for it may well be right
        access.annotator(cookie, access.token(cookie, "ana"))


def test_all_processes_of_a_collection_know_each_others_sessions(collection: Collection) -> None:
    cookie = Access.of(collection.database).new_session()
    assert Access.of(collection.database).is_session(cookie)
