"""The labeling page, run by Streamlit's own test driver on a real collection."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from PIL import Image, ImageDraw
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

import labeling.app
from core.fingerprint import fingerprint
from core.genres import GENRES
from core.settings import Settings
from db.labels import cast
from db.memes import Added, Collection, Seen
from db.models import Verdict, Vote
from labeling.showing import GENRE_ANSWERS, OTHER_ANSWERS

HOSTILE = "<script>alert(1)</script> **bold** [link](http://example.com) :smile: $x$"


def draw(number: int, size: tuple[int, int] = (96, 96)) -> bytes:
    """A PNG that no other number gives: its bits as black and white squares, four by four."""
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    width, height = size[0] / 4, size[1] / 4
    pattern = (number + 1) * 0x9E37
    for place in range(16):
        if pattern >> place & 1:
            x, y = place % 4 * width, place // 4 * height
            pen.rectangle((x, y, x + width, y + height), "black")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collection]:
    monkeypatch.setenv("MEMEERA_DATA_DIR", str(tmp_path))
    opened = Collection.open(Settings.load())
    yield opened
    opened.database.engine.dispose()
    st.cache_resource.clear()


@pytest.fixture
def add(collection: Collection) -> Callable[..., int]:
    def add_one(number: int, **seen: Any) -> int:
        data = draw(number)
        with collection.adding() as adder:
            outcome = adder.add(
                data, fingerprint(data), Seen("test", f"post-{number}", "drawn", **seen)
            )
        assert isinstance(outcome, Added)
        return outcome.meme_id

    return add_one


def page(who: str = "ana") -> AppTest:
    app: AppTest = AppTest.from_file(labeling.app.__file__, default_timeout=10)
    if who:
        app.query_params["who"] = who
    app.run()
    return app


def press(app: AppTest, key: str) -> AppTest:
    """Press the button that this key on the keyboard presses."""
    button(app, key).click().run()
    return app


def button(app: AppTest, key: str) -> Any:
    (found,) = [b for b in app.button if (b.key or "").split("-")[0] == key]
    return found


def shown(app: AppTest) -> int:
    return int(app.session_state["showing"].meme_id)


def texts(app: AppTest) -> list[str]:
    return [text.value for text in app.text]


def standing(collection: Collection) -> list[tuple[int, str, str, str | None]]:
    with collection.database.reading() as session:
        votes = session.scalars(select(Vote).where(Vote.undone_at.is_(None)).order_by(Vote.id))
        return [(vote.meme_id, vote.annotator, vote.verdict, vote.genre) for vote in votes]


def test_the_first_visit_asks_for_a_name(collection: Collection, add: Callable[..., int]) -> None:
    meme = add(0)
    app = page(who="")
    assert app.title[0].value == "Who is labeling?"
    assert "showing" not in app.session_state

    app.text_input[0].set_value("  Ana \n Lima ")
    app.button[0].click().run()

    assert app.query_params["who"] == "Ana Lima"
    assert shown(app) == meme
    assert not app.exception


def test_a_blank_name_is_asked_again(collection: Collection) -> None:
    assert page(who="  ").title[0].value == "Who is labeling?"


def test_every_genre_has_a_button_with_its_digit_and_definition(
    collection: Collection, add: Callable[..., int]
) -> None:
    add(0)
    app = page()
    for genre in GENRES:
        drawn = button(app, str(genre.digit))
        assert drawn.proto.shortcut == str(genre.digit)
        assert genre.name in drawn.label
        assert genre.definition in drawn.label


def test_an_answer_is_recorded_for_the_meme_shown(
    collection: Collection, add: Callable[..., int]
) -> None:
    answers = GENRE_ANSWERS + OTHER_ANSWERS
    memes = [add(number) for number in range(len(answers))]
    app = page()
    for meme, answer in zip(memes, answers, strict=True):
        assert shown(app) == meme
        press(app, answer.key)
    assert standing(collection) == [
        (meme, "ana", answer.verdict, answer.genre)
        for meme, answer in zip(memes, answers, strict=True)
    ]


def test_two_answers_to_one_picture_count_once(
    collection: Collection, add: Callable[..., int]
) -> None:
    first, _ = add(0), add(1)
    app = page()
    button(app, "1").click()
    button(app, "2").click()
    app.run()
    assert standing(collection) == [(first, "ana", Verdict.GENRE, GENRES[0].key)]


def test_undo_brings_the_meme_back(collection: Collection, add: Callable[..., int]) -> None:
    first, second = add(0), add(1)
    app = press(page(), "1")
    assert shown(app) == second

    press(app, "undo")
    assert shown(app) == first
    assert standing(collection) == []

    press(app, "2")
    assert standing(collection) == [(first, "ana", Verdict.GENRE, GENRES[1].key)]
    assert shown(app) == second


def test_undo_with_nothing_to_undo_says_so(collection: Collection, add: Callable[..., int]) -> None:
    meme = add(0)
    app = press(page(), "undo")
    assert shown(app) == meme
    assert app.toast[0].value == "There is nothing to undo."


def test_undo_takes_back_a_skip_after_the_last_meme(
    collection: Collection, add: Callable[..., int]
) -> None:
    meme = add(0)
    app = press(page(), "S")
    assert app.session_state["showing"] is None
    press(app, "undo")
    assert shown(app) == meme


def test_an_empty_collection_names_the_commands_that_fill_it(collection: Collection) -> None:
    app = page()
    assert "There are no memes yet" in app.info[0].value
    assert "python -m crawler import" in app.code[0].value


def test_the_end_is_told(collection: Collection, add: Callable[..., int]) -> None:
    add(0)
    app = press(page(), "1")
    assert "Nothing is left for you" in app.success[0].value
    assert app.caption[0].value == "1 labelled · 0 left"


def test_what_others_labelled_or_you_skipped_is_not_left(
    collection: Collection, add: Callable[..., int]
) -> None:
    memes = [add(number) for number in range(4)]
    with collection.database.writing() as session:
        cast(session, memes[0], "bo", genre=GENRES[0].key)
        cast(session, memes[1], "bo", verdict=Verdict.SKIP)
        cast(session, memes[2], "ana", verdict=Verdict.SKIP)
    app = page()
    assert shown(app) == memes[1]
    assert app.caption[0].value == "0 labelled · 2 left"


def test_crawled_text_is_shown_as_it_is(collection: Collection, add: Callable[..., int]) -> None:
    add(0, title=HOSTILE, community="**memes**")
    app = page()
    assert HOSTILE in texts(app)
    assert "from **memes**" in texts(app)
    parsed = [element.value for element in app.markdown] + [c.value for c in app.caption]
    assert not [text for text in parsed if "bold" in text or "memes" in text]


def test_a_lost_picture_can_only_be_skipped(
    collection: Collection, add: Callable[..., int], tmp_path: Path
) -> None:
    meme, second = add(0), add(1)
    next((tmp_path / "media").rglob(f"{_sha256(0)}.*")).unlink()
    app = page()
    assert app.error[0].value == f"The picture file of meme {meme} is missing or damaged: skip it."
    assert [(b.key or "").split("-")[0] for b in app.button] == ["rename", "S", "undo"]
    press(app, "S")
    assert shown(app) == second
    assert not app.error


def _sha256(number: int) -> str:
    return fingerprint(draw(number)).sha256


def test_the_keys_can_be_turned_off(collection: Collection, add: Callable[..., int]) -> None:
    add(0)
    app = page()
    app.toggle[0].set_value(False).run()
    assert [b.proto.shortcut for b in app.button if b.proto.shortcut] == []


def test_a_database_that_does_not_open_is_told_on_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MEMEERA_DATABASE_URL", "nonsense://here")
    app = page()
    assert app.error[0].value == "The collection does not open:"
    assert "MEMEERA_DATABASE_URL" in texts(app)[0]
