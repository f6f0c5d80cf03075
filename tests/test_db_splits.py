"""Who learns, who tests, and that no family is on both sides."""

from collections import defaultdict
from dataclasses import replace

import pytest

from core.errors import NotReady
from core.genres import GENRES
from db.listing import LabelledMeme
from db.splits import KeptAside, Split, families, fold_of, fold_of_places, split


def meme(
    number: int,
    genre: str = "ironic",
    template: int | None = None,
    groups: tuple[str, ...] = (),
    folds: tuple[int, ...] = (),
    by_people: bool = True,
) -> LabelledMeme:
    """A labelled meme, on a template of its own unless told."""
    return LabelledMeme(
        meme_id=number,
        sha256=f"{number:064x}",
        format="PNG",
        genre=genre,
        weight=1.0,
        by_people=by_people,
        trust=None,
        template_id=template if template is not None else 10_000 + number,
        groups=groups,
        folds=folds,
        sources=("folder",),
        places=("folder",),
        year_low=None,
        year_high=None,
    )


def test_a_family_is_joined_by_template_and_by_group() -> None:
    memes = [
        meme(0, template=1),
        meme(1, template=1, groups=("a",)),
        meme(2, groups=("a", "b")),
        meme(3, groups=("b",)),
        meme(4),
        meme(5, groups=("c",)),
    ]
    assert families(memes) == [0, 0, 0, 0, 4, 5]


def asides_are_whole_families_in_their_shares_with_every_genre() -> None:
    memes = [
        meme(i, genre=("ironic", "political")[i % 2], template=i // 4 * 2 + i % 2)
        for i in range(280)
    ]
    family, sides = split(memes, seed=1)
    of_family = defaultdict(set)
    for number, side in zip(family, sides, strict=True):
        of_family[number].add(side)
    assert all(len(sides) == 1 for sides in of_family.values())
    for side, share in ((Split.TEST, 1 / 7), (Split.VALIDATION, 6 / 49)):
        chosen = [m for m, s in zip(memes, sides, strict=True) if s is side]
        assert abs(len(chosen) / 280 - share) < 0.03
        assert {m.genre for m in chosen} == {"ironic", "political"}
    assert Split.LEFT_OUT not in sides


def test_the_same_seed_gives_the_same_sides() -> None:
    memes = [meme(i, genre=("ironic", "political")[i % 2]) for i in range(100)]
    assert split(memes, seed=1) == split(memes, seed=1)
    assert split(memes, seed=1) != split(memes, seed=2)


def test_a_named_fold_is_the_test_and_its_families_do_not_train() -> None:
    memes = [meme(i, folds=(i % 5,)) for i in range(100)]
    memes.append(meme(100, template=10_004, folds=(0,)))  # on the template of a meme of fold 4
    _, sides = split(memes, seed=1, aside=KeptAside(fold=4))
    assert [i for i, side in enumerate(sides) if side is Split.TEST] == list(range(4, 100, 5))
    assert sides[100] is Split.LEFT_OUT


def test_a_fold_that_nobody_has_is_told_with_those_there_are() -> None:
    memes = [meme(i, folds=(i % 2,)) for i in range(20)]
    with pytest.raises(NotReady, match=r"there are folds \[0, 1\]"):
        split(memes, seed=1, aside=KeptAside(fold=4))
    with pytest.raises(NotReady, match="import labels with a column fold"):
        split([meme(i) for i in range(20)], seed=1, aside=KeptAside(fold=4))


def test_tests_use_peoples_labels_alone_where_there_are_any() -> None:
    memes = [meme(i, by_people=i % 2 == 0) for i in range(140)]
    _, sides = split(memes, seed=1)
    tested = [m for m, side in zip(memes, sides, strict=True) if side is Split.TEST]
    assert tested
    assert all(m.by_people for m in tested)
    left_out = [m for m, side in zip(memes, sides, strict=True) if side is Split.LEFT_OUT]
    assert left_out
    assert not any(m.by_people for m in left_out)


def test_community_labels_test_where_people_gave_none() -> None:
    _, sides = split([meme(i, by_people=False) for i in range(140)], seed=1)
    assert sides.count(Split.TEST) == 20


def test_too_few_memes_are_told() -> None:
    with pytest.raises(NotReady, match="too few"):
        split([meme(i) for i in range(2)], seed=1)
    with pytest.raises(NotReady, match="too few"):
        split([meme(i, template=1) for i in range(50)], seed=1)


def test_the_test_can_be_files_that_are_named_and_their_places_are_not_learned_from() -> None:
    memes = [replace(meme(i), places=("a",) if i % 3 else ("a", "b")) for i in range(30)]
    named = frozenset(memes[i].sha256 for i in (3, 6))
    aside = KeptAside(files=named, places=frozenset({"b"}))
    _, sides = split(memes, seed=1, aside=aside)
    assert [i for i, side in enumerate(sides) if side is Split.TEST] == [3, 6]
    left_out = [i for i, side in enumerate(sides) if side is Split.LEFT_OUT]
    assert left_out == [i for i in range(0, 30, 3) if i not in (3, 6)]
    with pytest.raises(NotReady, match="kept aside for tests, none is labelled"):
        split(memes, seed=1, aside=KeptAside())


def test_places_lie_in_one_fold_each_and_no_fold_has_all_of_a_genre() -> None:
    # One place has most of its genre, another genre two small places alone, a third one place.
    where = ["big"] * 100 + ["ironic-1"] * 3 + ["ironic-2"] * 3 + ["only"] * 5
    where += [f"place {i % 20}" for i in range(100)]
    genre = ["political"] * 100 + ["ironic"] * 6 + ["rage_comic"] * 5
    genre += [("political", "viral_video")[i % 2] for i in range(100)]
    memes = [replace(meme(i, genre=genre[i]), places=(where[i],)) for i in range(len(where))]
    for seed in range(5):
        folds = fold_of_places(memes, seed, 10)
        assert len(set(folds)) == 10
        fold_at = {(where[i], folds[i]) for i in range(len(memes))}
        assert len(fold_at) == len(set(where))
        assert len({folds[i] for i in range(100, 106)}) == 2
        assert folds == fold_of_places(memes, seed, 10)
    other_order = memes[::-1]
    assert fold_of_places(other_order, 1, 10) == fold_of_places(memes, 1, 10)[::-1]


def test_of_few_places_each_is_a_fold_and_one_alone_is_told() -> None:
    memes = [replace(meme(i), places=(f"place {i % 3}", "zoo")) for i in range(30)]
    folds = fold_of_places(memes, 1, 10)
    assert len(set(folds)) == 3
    with pytest.raises(NotReady, match="there are 1 places; leaving one out takes two or more"):
        fold_of_places([meme(i) for i in range(30)], 1, 10)


def test_folds_are_of_whole_families_and_every_meme_is_in_one() -> None:
    memes = [meme(i, genre=GENRES[i % 2].key, template=i // 3) for i in range(60)]
    folds = fold_of(memes, seed=1, n_folds=5)
    assert set(folds) == set(range(5))
    for start in range(0, 60, 3):
        assert len(set(folds[start : start + 3])) == 1
    for fold in range(5):
        inside = [memes[i].genre for i in range(60) if folds[i] == fold]
        assert 0.3 < inside.count(GENRES[0].key) / len(inside) < 0.7
