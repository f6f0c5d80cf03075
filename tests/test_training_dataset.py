"""What the network is fed: squares, genres and weights."""

from pathlib import Path

import numpy as np
import pytest

from core.settings import Settings
from db.media import MediaStore
from db.splits import Split
from tests.conftest import Trained
from training.config import TrainConfig
from training.picture import picture_of
from training.registry import SNAPSHOT, Registry
from training.snapshot import Row, Snapshot

SIDE = 48


@pytest.fixture(scope="module")
def media(trained: Trained) -> MediaStore:
    """The pictures of the trained collection."""
    return MediaStore.open(Settings(data_dir=trained.data_dir))


@pytest.fixture(scope="module")
def rows(trained: Trained) -> list[Row]:
    """Twelve rows of the first genre and three of the last."""
    folder = Registry(trained.data_dir / "models").path(trained.version)
    train = Snapshot.load(folder / SNAPSHOT).of(Split.TRAIN)
    first, *_, last = trained.genres
    many = [row for row in train if row.genre == first][:12]
    return many + [row for row in train if row.genre == last][:3]


def fed(
    rows: list[Row], trained: Trained, media: MediaStore, folder: Path, *, training: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All that one epoch brings: pictures, one-hot genres, weights."""
    from training.dataset import batches

    config = TrainConfig(image_px=SIDE, batch_size=4, balance=1.0)
    data = batches(rows, trained.genres, media, config, folder, training=training)
    pictures, genres, weights = zip(*data.as_numpy_iterator(), strict=True)
    return np.concatenate(pictures), np.concatenate(genres), np.concatenate(weights)


def test_validation_sees_the_pictures_as_they_are_and_in_order(
    rows: list[Row], trained: Trained, media: MediaStore, tmp_path: Path
) -> None:
    pictures, genres, weights = fed(rows, trained, media, tmp_path, training=False)
    expected = [picture_of(media.get(row.sha256, row.format), SIDE) for row in rows]
    assert (pictures == np.stack(expected)).all()
    assert [trained.genres[i] for i in genres.argmax(axis=1)] == [row.genre for row in rows]
    assert (weights == 1).all()


def test_training_sees_them_mixed_changed_and_each_genre_with_the_same_weight(
    rows: list[Row], trained: Trained, media: MediaStore, tmp_path: Path
) -> None:
    plain, plain_genres, _ = fed(rows, trained, media, tmp_path, training=False)
    pictures, genres, weights = fed(rows, trained, media, tmp_path, training=True)
    assert pictures.shape == plain.shape
    assert pictures.min() >= 0
    assert pictures.max() <= 255
    assert sorted(genres.argmax(axis=1)) == sorted(plain_genres.argmax(axis=1))
    assert (genres.argmax(axis=1) != plain_genres.argmax(axis=1)).any()
    same = [any((one == other).all() for other in plain) for one in pictures]
    assert not all(same)
    # Of each picture, one as it was is still the nearest, and it has the same genre: changed, not
    # replaced.
    nearest = [np.abs(plain - one).mean(axis=(1, 2, 3)).argmin() for one in pictures]
    right = (plain_genres[nearest].argmax(axis=1) == genres.argmax(axis=1)).mean()
    assert right > 0.8
    per_genre = {i: weights[genres.argmax(axis=1) == i].sum() for i in set(genres.argmax(axis=1))}
    assert len(per_genre) == 2
    assert np.ptp(list(per_genre.values())) < 1e-3
    assert abs(weights.mean() - 1) < 1e-5
