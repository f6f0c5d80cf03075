"""The labeling pages as far as Streamlit draws them: names, an empty collection, what is broken."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import labeling.app
from core.settings import Settings
from db.memes import Collection


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collection]:
    monkeypatch.setenv("MEMEERA_DATA_DIR", str(tmp_path))
    opened = Collection.open(Settings.load())
    yield opened
    opened.database.engine.dispose()
    st.cache_resource.clear()
    st.cache_data.clear()


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
