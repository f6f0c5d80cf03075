"""What the network is fed: squares, words, genres, years and weights."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.settings import Settings
from core.words import Line
from db.media import MediaStore
from db.splits import Split
from tests.conftest import Trained
from training.examples import Examples, examples_of
from training.lines import N_GRAMS, written
from training.picture import picture_of
from training.registry import SNAPSHOT, Registry
from training.snapshot import Row, Snapshot

pytest.importorskip("tensorflow")
from training.dataset import batches, feature_batches
from training.shards import Shards

SIDE = 48
GENRES = ("rage_comic", "text_post", "political")
HALLO = (Line("hallo", (0.1, 0.1, 0.9, 0.2), 0.9),)


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


@pytest.fixture(scope="module")
def shards(rows: list[Row], media: MediaStore, tmp_path_factory: pytest.TempPathFactory) -> Shards:
    """Shards that hold these rows and one more, which is not wanted."""
    shards = Shards.open(Settings(data_dir=tmp_path_factory.mktemp("shards")), SIDE)
    shards.fill(rows, media, {row.sha256 for row in rows})
    return shards


@pytest.fixture(scope="module")
def examples(rows: list[Row], shards: Shards) -> Examples:
    """The rows as numbers; the words of the first ten were read."""
    words = [HALLO] * 10 + [None] * (len(rows) - 10)
    return examples_of(rows, GENRES, 2026, words, shards.aspects, balance=1.0)


def fed(data: Any, n: int) -> dict[str, np.ndarray]:
    """All that one epoch brings, by name, in the examples' order."""
    parts = list(data.as_numpy_iterator())
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    assert sorted(whole["position"]) == list(range(n))
    order = np.argsort(whole["position"])
    return {name: values[order] for name, values in whole.items()}


def test_validation_sees_the_pictures_as_people_will_send_them(
    rows: list[Row], shards: Shards, examples: Examples, media: MediaStore
) -> None:
    whole = fed(batches(shards, examples, 4), len(rows))
    sent = np.stack([picture_of(media.get(row.sha256, row.format), SIDE) for row in rows])
    # One comes from a small JPEG, the other from the file.
    assert np.abs(whole["picture"] - sent).mean() < 2  # of 255
    assert np.abs(whole["picture"] - np.roll(sent, 1, axis=0)).mean() > 40
    assert whole["picture"].shape == (len(rows), SIDE, SIDE, 3)
    assert [GENRES[i] for i in whole["genre"].argmax(axis=1)] == [row.genre for row in rows]
    assert (whole["genre_weight"] == examples.genre_weight).all()
    assert (whole["year"] == examples.year).all()


def test_words_come_with_their_meme_and_are_given_where_they_were_read(
    rows: list[Row], shards: Shards, examples: Examples
) -> None:
    whole = fed(batches(shards, examples, 4), len(rows))
    assert whole["grams"].shape == (len(rows), N_GRAMS)
    assert (whole["grams"].any(axis=1) == examples.text.known).all()
    assert (whole["layout"] == examples.text.layout).all()
    assert whole["given"].tolist() == [[1, 1]] * 10 + [[1, 0]] * 5
    assert whole["read"].tolist() == [1] * 10 + [0] * 5


def test_each_meme_has_its_own_words_whichever_are_wanted(rows: list[Row], shards: Shards) -> None:
    words = [(Line("ab" * (i + 1), (0.1, 0.1, 0.9, 0.2), 0.9),) for i in range(len(rows))]
    examples = examples_of(rows, GENRES, 2026, words, shards.aspects)
    expected = np.stack(
        [
            written(lines, shards.aspects[row.sha256]).grams()
            for row, lines in zip(rows, words, strict=True)
        ]
    )
    places = np.array([7, 2, 11])
    features = np.arange(len(rows), dtype=np.float16)[:, None]
    for data in (
        batches(shards, examples, 2, places=places),
        batches(shards, examples, 2, places=places, seed=1),
        feature_batches(features, examples, 2, places=places),
        feature_batches(features, examples, 2, places=places, seed=1),
    ):
        parts = list(data.as_numpy_iterator())
        found = np.concatenate([part["position"] for part in parts])
        assert sorted(found) == [2, 7, 11]
        grams = np.concatenate([part["grams"] for part in parts])
        assert np.allclose(grams, expected[found])
        if "features" in parts[0]:
            assert (np.concatenate([part["features"] for part in parts])[:, 0] == found).all()


def test_training_sees_them_mixed_and_changed_but_not_replaced(
    rows: list[Row], shards: Shards, examples: Examples
) -> None:
    plain = fed(batches(shards, examples, 4), len(rows))["picture"]
    data = batches(shards, examples, 4, seed=1)
    whole = fed(data, len(rows))
    pictures = whole["picture"]
    assert pictures.min() >= 0
    assert pictures.max() <= 255
    changed = (pictures != plain).any(axis=(1, 2, 3))
    assert changed.sum() > len(rows) / 2
    nearest = [np.abs(plain - one).mean(axis=(1, 2, 3)).argmin() for one in pictures]
    assert np.mean(nearest == np.arange(len(rows))) > 0.7
    orders = [
        [int(i) for batch in data.as_numpy_iterator() for i in batch["position"]] for _ in range(2)
    ]
    assert orders[0] != orders[1]
    assert orders[0] != list(range(len(rows)))


def test_the_same_seed_gives_the_same_batches(
    rows: list[Row], shards: Shards, examples: Examples
) -> None:
    one, same, other = (
        fed(batches(shards, examples, 4, seed=seed, hidden_share=0.2), len(rows))
        for seed in (1, 1, 2)
    )
    for name in one:
        assert (one[name] == same[name]).all(), name
    assert (one["picture"] != other["picture"]).any()


def test_a_picture_or_its_words_are_denied_now_and_then_but_never_both(
    rows: list[Row], shards: Shards, examples: Examples
) -> None:
    features = np.arange(len(rows), dtype=np.float32)[:, None]
    data = feature_batches(features, examples, 4, seed=1, hidden_share=0.3)
    given = np.stack([fed(data, len(rows))["given"] for _ in range(60)])  # (60, N, 2)
    assert (given[:, 10:] == [1, 0]).all()  # of what was never read, the picture is all there is
    read = given[:, :10]
    assert read.any(axis=2).all()
    for which in range(2):
        assert abs(1 - read[:, :, which].mean() - 0.3) < 0.06
    assert (fed(data, len(rows))["features"] == features).all()


def test_memes_that_the_shards_do_not_hold_are_missed_loudly(
    rows: list[Row], shards: Shards
) -> None:
    gone = replace(rows[0], sha256="f" * 64)
    aspects = shards.aspects | {gone.sha256: 1.0}
    examples = examples_of([*rows, gone], GENRES, 2026, [None] * (len(rows) + 1), aspects)
    with pytest.raises(Exception, match="expected to contain 16 elements"):
        list(batches(shards, examples, 4))


def test_a_damaged_record_is_found(rows: list[Row], media: MediaStore, tmp_path: Path) -> None:
    import tensorflow as tf

    shards = Shards.open(Settings(data_dir=tmp_path), SIDE)
    shards.fill(rows, media, {row.sha256 for row in rows})
    (file,) = map(Path, shards.files)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    examples = examples_of(rows, GENRES, 2026, [None] * len(rows), shards.aspects)
    with pytest.raises(tf.errors.DataLossError):
        list(batches(shards, examples, 4))
