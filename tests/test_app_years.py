"""An answer's years never contradict what the collection knows of the picture."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select, update

from app.answering import Question, Serving, answer
from app.messages import Classification
from app.parts import Part
from core.settings import Settings
from db.media import MediaStore
from db.models import Meme, Sighting
from db.session import Database
from memeEraML import MemeEra
from tests.conftest import Trained

KNOWN_PARTS = frozenset({Part.KNOWN, Part.YEARS})


@pytest.fixture
def settings(trained: Trained, tmp_path: Path) -> Settings:
    """The collection, of which the first meme was seen in the last minute of 2006."""
    settings = Settings(data_dir=trained.copy_to(tmp_path / "data"))
    database = Database.open(settings)
    with database.writing() as session:
        session.execute(
            update(Sighting)
            .where(Sighting.meme_id == 1)
            .values(posted_at=datetime(2006, 12, 31, 23, 59, tzinfo=UTC))
        )
    database.engine.dispose()
    return settings


def first_meme(settings: Settings) -> bytes:
    database = Database.open(settings)
    with database.reading() as session:
        meme = session.scalars(select(Meme).where(Meme.id == 1)).one()
        data = MediaStore.open(settings).get(meme.sha256, meme.format)
    database.engine.dispose()
    return data


def recompressed(data: bytes) -> bytes:
    file = BytesIO()
    Image.open(BytesIO(data)).convert("RGB").save(file, "JPEG", quality=80)
    return file.getvalue()


def asked(settings: Settings, version: str, data: bytes, parts: frozenset[Part]) -> Classification:
    question = Question(settings, Serving.of(settings, version), data, words=False, parts=parts)
    said = answer(question)
    assert isinstance(said, Classification)
    return said


@pytest.mark.parametrize("parts", [frozenset[Part](), KNOWN_PARTS])
def test_the_api_tells_no_year_after_the_picture_was_seen(
    settings: Settings, trained: Trained, parts: frozenset[Part]
) -> None:
    said = asked(settings, trained.version, first_meme(settings), parts)
    assert said.year.low <= said.year.value <= said.year.high <= 2006
    if said.years is not None:  # the chart of the window
        assert not any(said.years.scores[2007 - said.years.first :])


def test_a_repost_is_no_younger_either_and_an_unknown_picture_is_as_the_model_says(
    settings: Settings, trained: Trained
) -> None:
    data = recompressed(first_meme(settings))
    assert asked(settings, trained.version, data, KNOWN_PARTS).year.high <= 2006
    free = asked(settings, trained.version, data, frozenset())
    assert free.year.high > 2006


def test_the_command_line_tells_no_year_after_the_picture_was_seen(
    settings: Settings, trained: Trained
) -> None:
    model = MemeEra.load(trained.version, settings)
    data = first_meme(settings)
    assert model.classify(data, words=False).year.high <= 2006
    assert model.classify(Image.open(BytesIO(data)), words=False).year.high > 2006
