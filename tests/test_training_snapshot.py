"""What a run knew: rows, sides, classes and a hash that names them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import BadInput
from db.splits import Split
from training.snapshot import Row, Snapshot


def row(number: int, genre: str, side: Split = Split.TRAIN) -> Row:
    """One row."""
    return Row(
        meme_id=number,
        sha256=f"{number:064x}",
        format="PNG",
        genre=genre,
        weight=1.0,
        by_people=True,
        trust="viewed",
        family=number,
        folds=(0, 1),
        places=("memes",),
        year_low=None,
        year_high=2019,
        split=side,
    )


def taken(rows: tuple[Row, ...], year: int = 2026) -> Snapshot:
    """A snapshot of these rows."""
    return Snapshot(rows, year)


ROWS = (row(1, "political"), row(2, "rage_comic"), row(3, "ironic", Split.TEST))


def test_a_snapshot_reads_back_as_it_was_saved(tmp_path: Path) -> None:
    taken(ROWS).save(tmp_path / "snapshot.json")
    assert Snapshot.load(tmp_path / "snapshot.json") == taken(ROWS)


def test_any_change_of_a_label_or_side_changes_the_hash() -> None:
    known = taken(ROWS).hash
    assert taken(ROWS).hash == known
    assert taken((replace(ROWS[0], genre="ironic"), *ROWS[1:])).hash != known
    assert taken((replace(ROWS[0], split=Split.TEST), *ROWS[1:])).hash != known
    assert taken(ROWS[:2]).hash != known
    assert taken(ROWS, 2027).hash != known


def test_a_snapshot_that_was_changed_by_hand_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    taken(ROWS).save(path)
    path.write_text(path.read_text().replace('"political"', '"ironic"'))
    with pytest.raises(BadInput, match="do not match its hash"):
        Snapshot.load(path)
    path.write_text(path.read_text()[:50])
    with pytest.raises(BadInput, match="damaged"):
        Snapshot.load(path)
    with pytest.raises(BadInput, match="is not there"):
        Snapshot.load(tmp_path / "missing.json")


def test_classes_are_the_genres_that_train_in_their_fixed_order() -> None:
    assert taken(ROWS).classes == ("rage_comic", "political")


def test_validation_leaves_out_what_is_not_learned() -> None:
    rows = (*ROWS, row(4, "ironic", Split.VALIDATION), row(5, "political", Split.VALIDATION))
    assert [r.meme_id for r in taken(rows).of(Split.VALIDATION)] == [5]


def test_counts_are_of_sides_and_genres(tmp_path: Path) -> None:
    counts = taken(ROWS).counts()
    assert counts["splits"] == {"train": 2, "validation": 0, "test": 1, "left_out": 0}
    assert counts["genres"] == {"rage_comic": 1, "ironic": 1, "political": 1}
    assert counts["families"] == counts["by_people"] == 3
    assert json.dumps(counts)
