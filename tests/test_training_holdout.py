"""What is kept aside stays so, and grows with the collection."""

import hashlib
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import BadInput
from db.listing import LabelledMeme
from tests.test_db_splits import meme
from training.holdout import _Holdout

NOTHING = _Holdout(frozenset(), frozenset())


def memes(n: int, first: int = 0) -> list[LabelledMeme]:
    """Two a family, with the hashes of real files."""
    return [
        replace(meme(i, template=i // 2), sha256=hashlib.sha256(str(i).encode()).hexdigest())
        for i in range(first, first + n)
    ]


def test_of_the_families_that_come_one_in_seven_is_kept_aside_whole() -> None:
    grown = NOTHING.grown(memes(2800))
    aside = defaultdict(set)
    for one in memes(2800):
        aside[one.template_id].add(one.sha256 in grown.files)
    assert all(len(said) == 1 for said in aside.values())
    share = sum(said == {True} for said in aside.values()) / 1400
    assert 1 / 9 < share < 1 / 5


def test_whether_they_come_at_once_or_one_by_one_the_same_are_kept_aside() -> None:
    at_once = NOTHING.grown(memes(60))
    one_by_one = NOTHING
    for n in range(0, 62, 2):
        one_by_one = one_by_one.grown(memes(n))
    assert one_by_one == at_once
    assert at_once.grown(memes(60)) == at_once  # nothing is new


def test_what_was_learned_from_once_is_not_kept_aside_later() -> None:
    first = NOTHING.grown(memes(60))
    more = [replace(one, template_id=0) for one in memes(60, first=60)]  # all of an old family
    assert first.grown(memes(60) + more).files == first.files


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "7", "null", "[" * 100_000),
        *('{"sha256": 5}', '{"sha256": [1]}', '{"x": []}', '{"sha256": null}'),
        '{"sha256": [], "considered": 5}',
    ],
)
def test_a_damaged_file_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "holdout.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"holdout\.json: damaged") as told:
        _Holdout.load(path)
    assert "\n" not in str(told.value)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    grown = NOTHING.grown(memes(30))
    grown.save(tmp_path / "holdout.json")
    assert _Holdout.load(tmp_path / "holdout.json") == grown
