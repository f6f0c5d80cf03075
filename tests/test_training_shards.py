"""Small pictures in shards, made once per meme."""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.fingerprint import fingerprint
from core.settings import Settings
from core.shards import n_in_shards, take_out
from db.media import MediaStore
from tests.pictures import picture
from tests.test_training_snapshot import row
from training.snapshot import Row

tf = pytest.importorskip("tensorflow")
from training import shards as shards_module  # noqa: E402
from training.shards import Shards, parse  # noqa: E402


@pytest.fixture
def media(settings: Settings) -> MediaStore:
    """An empty store."""
    return MediaStore.open(settings)


def kept(media: MediaStore, numbers: Sequence[int]) -> list[Row]:
    """Rows whose pictures are in the store."""
    rows = []
    for number in numbers:
        data = picture(number)
        sha256 = fingerprint(data).sha256
        media.put(sha256, "PNG", data)
        rows.append(replace(row(number, "political"), sha256=sha256))
    return rows


def filled(settings: Settings, media: MediaStore, rows: list[Row], *more: str) -> Shards:
    """Shards with these rows, of a collection that holds them and what else is named."""
    shards = Shards.open(settings, 64)
    shards.fill(rows, media, {*(one.sha256 for one in rows), *more})
    return shards


def stored(shards: Shards) -> dict[str, bytes]:
    """What lies in the files: JPEG by SHA-256."""
    records = [parse(record) for record in tf.data.TFRecordDataset(shards.files)]
    found = {one["sha256"].numpy().decode(): one["jpeg"].numpy() for one in records}
    assert len(found) == len(records)  # nothing twice
    assert set(found) == set(shards.aspects)
    return found


def test_each_picture_is_there_once_small_and_in_its_proportions(
    settings: Settings, media: MediaStore
) -> None:
    rows = kept(media, range(3))
    wide = Image.linear_gradient("L").resize((900, 600)).convert("RGB")
    file = io.BytesIO()
    wide.save(file, "PNG")
    sha256 = fingerprint(file.getvalue()).sha256
    media.put(sha256, "PNG", file.getvalue())
    rows.append(replace(row(9, "political"), sha256=sha256))
    shards = filled(settings, media, rows)
    found = stored(shards)
    assert set(found) == {one.sha256 for one in rows}
    with Image.open(io.BytesIO(found[sha256])) as small:
        assert small.size == (64, 43)
        off = np.asarray(small).astype(int) - np.asarray(wide.resize(small.size))
    assert np.abs(off).mean() < 2  # of 255
    assert shards.aspects[sha256] == 600 / 900


def test_only_what_is_new_is_prepared(settings: Settings, media: MediaStore) -> None:
    rows = kept(media, range(6))
    first = filled(settings, media, rows[:4], *(one.sha256 for one in rows))
    before = {path: Path(path).stat().st_mtime_ns for path in first.files}
    for one in rows[:4]:
        Path(media.path(one.sha256, "PNG")).unlink()  # it would be missed, if it were read again
    again = filled(settings, media, rows)
    assert set(stored(again)) == {one.sha256 for one in rows}
    assert len(again.files) == 2
    assert {path: Path(path).stat().st_mtime_ns for path in first.files} == before


def test_what_is_gone_from_the_collection_is_gone_from_the_shards(
    settings: Settings, media: MediaStore
) -> None:
    rows = kept(media, range(4))
    filled(settings, media, rows)
    assert set(stored(filled(settings, media, rows[:2]))) == {one.sha256 for one in rows[:2]}
    on_disk = b"".join(path.read_bytes() for path in settings.data_dir.rglob("shards/*/*"))
    assert rows[3].sha256.encode() not in on_disk


@pytest.mark.parametrize(
    "what", ["cut", "no list", "list cut", "list odd", "list deep", "records gone"]
)
def test_a_shard_that_is_damaged_is_told_and_made_anew(
    settings: Settings, media: MediaStore, what: str
) -> None:
    rows = kept(media, range(4))
    (file,) = map(Path, filled(settings, media, rows).files)
    listed = file.with_suffix(".json")
    match what:
        case "cut":
            file.write_bytes(file.read_bytes()[:-10])
        case "no list":  # its writer was killed
            listed.unlink()
        case "list cut":
            listed.write_text(listed.read_text()[:-10])
        case "list odd":
            listed.write_text('{"aspects": {"a": "wide"}, "n_bytes": null}')
        case "list deep":
            listed.write_text("[" * 100_000)
        case "records gone":
            file.unlink()
    told: list[str] = []
    shards = Shards.open(settings, 64)
    shards.fill(rows, media, {one.sha256 for one in rows}, told.append)
    assert set(stored(shards)) == {one.sha256 for one in rows}
    assert len(told) == (0 if what == "no list" else 1)
    assert all("prepared anew" in line for line in told)


def test_many_small_shards_become_one(
    settings: Settings, media: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards_module, "_N_SMALL", 2)
    rows = kept(media, range(5))
    everything = [one.sha256 for one in rows]
    for i in range(4):
        shards = filled(settings, media, rows[: i + 1], *everything)
    assert len(shards.files) == 2
    assert set(stored(shards)) == set(everything[:4])


def test_pictures_that_cannot_be_read_are_named_and_the_others_are_prepared(
    settings: Settings, media: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards_module, "_N_PER_SHARD", 2)
    rows = kept(media, range(5))
    Path(media.path(rows[0].sha256, "PNG")).unlink()
    Path(media.path(rows[4].sha256, "PNG")).write_bytes(b"no picture")
    lost = {rows[0].sha256, rows[4].sha256}
    active = {one.sha256 for one in rows}
    shards = Shards.open(settings, 64)
    assert shards.fill(rows, media, active) == lost
    assert set(stored(shards)) == active - lost
    assert len(shards.files) == 2  # none of nothing
    assert Shards.open(settings, 64).fill(rows, media, active) == lost


def test_a_network_of_another_size_has_pictures_of_its_own(
    settings: Settings, media: MediaStore
) -> None:
    rows = kept(media, [1])
    shards = Shards.open(settings, 300)
    shards.fill(rows, media, {rows[0].sha256})
    with Image.open(io.BytesIO(stored(shards)[rows[0].sha256])) as small:
        assert max(small.size) == 300


def test_what_is_forgotten_is_taken_out_of_real_shards(
    settings: Settings, media: MediaStore
) -> None:
    rows = kept(media, range(4))
    before = stored(filled(settings, media, rows))
    gone = [rows[1].sha256, rows[3].sha256]
    assert n_in_shards(settings.data_dir, gone) == 2
    assert take_out(settings.data_dir, gone) == 2
    assert take_out(settings.data_dir, gone) == 0
    # Training reads what is left, and has nothing to say of it.
    told: list[str] = []
    left = Shards.open(settings, 64)
    left.fill([rows[0], rows[2]], media, {rows[0].sha256, rows[2].sha256}, told.append)
    assert told == []
    assert stored(left) == {one.sha256: before[one.sha256] for one in (rows[0], rows[2])}
    assert take_out(settings.data_dir, [rows[0].sha256, rows[2].sha256]) == 2
    assert list((settings.data_dir / "shards" / "64px").iterdir()) == []
