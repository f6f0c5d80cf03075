"""The labeling pages as far as Streamlit draws them: names, an empty collection, what is broken."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import labeling.app
from db.memes import Collection
from labeling.login import account
from labeling.people import clean_name
from tests.labeling_pages import collection_of_pages


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collection]:
    with collection_of_pages(tmp_path, monkeypatch) as opened:
        yield opened


def page(who: str = "ana") -> AppTest:
    app: AppTest = AppTest.from_file(labeling.app.__file__, default_timeout=10)
    if who:
        app.query_params["who"] = who
    app.run()
    return app


def test_the_first_visit_asks_for_a_name(collection: Collection) -> None:
    app = page(who="")
    assert app.title[0].value == "Who is labeling?"

    app.text_input[0].set_value("  Ana \n Lima ")
    app.button[0].click().run()

    assert app.query_params["who"] == "Ana Lima"
    assert not app.title
    assert not app.exception


def test_a_blank_name_is_asked_again(collection: Collection) -> None:
    assert page(who="  ").title[0].value == "Who is labeling?"


def test_an_empty_collection_names_the_commands_that_fill_it(collection: Collection) -> None:
    app = page()
    assert "There are no memes yet" in app.info[0].value
    assert "python -m crawler import" in app.code[0].value


def test_a_database_that_does_not_open_is_told_on_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MEMEERA_DATABASE_URL", "nonsense://here")
    app = page()
    assert app.error[0].value.startswith("The collection does not answer")
    assert "MEMEERA_DATABASE_URL" in app.text[0].value


@pytest.mark.parametrize(
    "name",
    [
        "import:labels.csv",
        "Import: x",
        " window:x",
        "visitor 0123",
        "VISITOR",
        "import\uff1ax",  # as wide as a letter of Chinese
        "im\u200bport:x",  # with a space that is not seen
        "model:v1",
        "account 12",
    ],
)
def test_a_name_of_the_machinery_is_nobodys(collection: Collection, name: str) -> None:
    app = page(who=name)
    assert app.title[0].value == "Who is labeling?"
    assert "choose another one" in app.warning[0].value


@pytest.mark.parametrize("name", ["Visitora", "Importance", "Ana: 2", "Windows fan"])
def test_a_name_that_only_looks_so_is_somebodys(collection: Collection, name: str) -> None:
    assert not page(who=name).title


def test_a_name_is_one_however_its_letters_are_written() -> None:
    assert clean_name("Jose\u0301") == clean_name("Jos\u00e9")


@pytest.mark.parametrize(
    ("told", "who"),
    [
        ({"email": "ana@x.org", "email_verified": True, "sub": "1"}, "ana@x.org"),
        ({"email": "ana@x.org", "email_verified": "true", "sub": "1"}, "ana@x.org"),
        ({"email": "ana@x.org", "email_verified": False, "sub": "1"}, "account 1"),
        ({"email": "ana@x.org", "email_verified": "false", "sub": "1"}, "account 1"),
        ({"email": "ana@x.org", "sub": "1", "iss": "https://x"}, "account 1 at https://x"),
        ({"email": "ana@x.org"}, ""),
        ({"sub": "1", "is_logged_in": False}, ""),
        ({}, ""),
    ],
)
def test_an_address_is_somebodys_only_where_the_provider_has_looked(
    told: dict[str, Any], who: str
) -> None:
    assert account({"is_logged_in": True} | told) == who


def test_where_accounts_are_configured_the_account_is_asked_for_and_no_name(
    collection: Collection,
) -> None:
    app: AppTest = AppTest.from_file(labeling.app.__file__, default_timeout=10)
    app.query_params["who"] = "somebody else"
    app.secrets["auth"] = {"client_id": "x", "client_secret": "x", "cookie_secret": "x"}
    app.run()
    assert [button.label for button in app.button] == ["Log in"]
    assert not app.text_input
    assert not app.info  # nothing of the collection is shown before
