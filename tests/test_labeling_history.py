"""The History page as far as Streamlit draws it: what people said of one meme."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from db.labels import cast
from db.memes import Collection
from db.models import Verdict
from tests.collecting import add
from tests.labeling_pages import collection_of_pages
from tests.pictures import picture


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collection]:
    with collection_of_pages(tmp_path, monkeypatch) as opened:
        yield opened


def script() -> None:
    """What Streamlit runs: the page alone, so that its parts can be asked for."""
    from core.settings import Settings
    from labeling.opened import opened
    from labeling.views.history import draw

    draw(opened(Settings.load()), "ana")


def test_the_years_that_people_gave_are_told_with_their_answers(collection: Collection) -> None:
    meme = add(collection, picture(1), "1").meme_id
    with collection.database.writing() as session:
        cast(session, meme, "ana", genre="ironic", years=(2015, 2016), nsfw=False)
        cast(session, meme, "bo", verdict=Verdict.SKIP, years=(2017, 2017))
        cast(session, meme, "cy", genre="ironic")
    app = AppTest.from_function(script, default_timeout=20)
    app.query_params["meme"] = str(meme)
    app.run()
    assert not app.exception
    answers = app.dataframe[0].value
    told = dict(zip(answers["who"], answers["and"], strict=True))
    assert told == {"ana": "safe for work, made 2015-2016", "bo": "made 2017", "cy": ""}
