"""Versions are there whole or not at all, and one of them answers."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, NotReady
from training.registry import CARD, STARTER, Registry

GENRE = {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 3}
NEEDED: dict[str, Any] = {
    "classes": ["ironic"],
    "metrics": {
        "macro_f1": 0.5,
        "accuracy": 1,
        "n": 3,
        "per_genre": {"ironic": GENRE},
        "confusion": {"classes": ["ironic"], "rows": [[3]]},
    },
    "snapshot": {"splits": {"train": 3}},
    "config": {"weights": "none"},
}


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """An empty one, of a memeEra that came without the starter."""
    return Registry(tmp_path, tmp_path / "no starter")


def make(registry: Registry, mark: str) -> str:
    """Register a version with a card."""
    with registry.new_version(mark * 64, mark) as draft:
        (draft.folder / CARD).write_text(json.dumps({"mark": mark, **NEEDED}))
    return draft.version


def with_starter(tmp_path: Path) -> Registry:
    starter = tmp_path / "shipped"
    starter.mkdir()
    (starter / CARD).write_text(json.dumps(NEEDED))
    return Registry(tmp_path / "models", starter)


def test_a_version_joins_when_it_is_whole(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models")
    version = make(registry, "a")
    assert registry.versions() == [version]
    assert version.endswith("-aaaaaaaa")
    assert registry.card(version)["mark"] == "a"


def test_a_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    with pytest.raises(ZeroDivisionError), registry.new_version("b" * 64, "run") as draft:
        (draft.folder / CARD).write_text(str(1 / 0))
    assert registry.versions() == []
    assert {path.name for path in tmp_path.iterdir()} == {".lock", ".work-run"}


def test_a_run_that_was_killed_is_no_version_and_leaves_what_the_same_run_goes_on_from(
    tmp_path: Path,
) -> None:
    registry = Registry(tmp_path)
    killed = tmp_path / ".draft-20260101-000000-aaaaaaaa"
    killed.mkdir()
    (killed / CARD).write_text("{}")
    (tmp_path / ".work-a").mkdir()
    (tmp_path / ".work-a" / "half").write_text("done")
    given_up, stopped = tmp_path / ".work-given-up", tmp_path / ".work-stopped"
    for left in (given_up, stopped):
        left.mkdir()
    long_ago = time.time() - 40 * 24 * 3600
    os.utime(given_up, (long_ago, long_ago))
    assert registry.versions() == []
    with registry.new_version("a" * 64, "a") as draft:
        assert (draft.work_dir / "half").read_text() == "done"
        (draft.folder / CARD).write_text("{}")
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {".lock", draft.version, stopped.name}  # another run goes on from that


def test_while_a_run_is_at_work_another_is_told_so(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    with (
        registry.new_version("a" * 64, "a"),
        pytest.raises(NotReady, match="another run is training"),
        Registry(tmp_path).new_version("b" * 64, "b"),
    ):
        pass


def test_two_runs_of_one_second_are_two_versions(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    versions = {make(registry, "a") for _ in range(3)}
    assert len(versions) == 3


def test_the_champion_is_the_one_promoted_else_the_newest(
    registry: Registry, tmp_path: Path
) -> None:
    with pytest.raises(NotReady, match="make demo"):
        registry.champion()
    first, second = sorted([make(registry, "a"), make(registry, "b")])
    assert registry.champion() == second
    assert registry.champion(but=second) == first
    registry.promote(first)
    assert registry.champion() == first
    assert Registry(tmp_path).champion() == first
    assert registry.versions() == [first, second]  # the mark itself is no version


def test_an_unknown_or_damaged_version_is_told(registry: Registry) -> None:
    version = make(registry, "a")
    for call in (registry.promote, registry.path, registry.card):
        with pytest.raises(BadInput, match=r"there is no model '\.\./a'"):
            call("../a")
    (registry.path(version) / CARD).write_text("{}")
    with pytest.raises(BadInput, match="damaged: classes: Field required"):
        registry.card(version)
    (registry.path(version) / CARD).write_text("{")
    with pytest.raises(BadInput, match="damaged"):
        registry.card(version)


def test_going_back_lets_the_one_before_answer_and_there_and_back_again(
    registry: Registry,
) -> None:
    first, second, third = (make(registry, mark) for mark in "abc")
    with pytest.raises(NotReady, match="nothing to go back to"):
        registry.roll_back()
    registry.promote(first)
    registry.promote(second)
    registry.promote(third)
    assert registry.roll_back() == second == registry.champion()
    assert registry.roll_back() == first == registry.champion()
    assert registry.roll_back() == third == registry.champion()


def test_of_many_versions_the_newest_and_those_that_answer_stay(registry: Registry) -> None:
    versions = sorted(make(registry, "a") for _ in range(7))
    registry.promote(versions[0])
    registry.promote(versions[2])
    gone = registry.prune(2)
    assert gone == [versions[1], *versions[3:5]]
    assert registry.versions() == [versions[0], versions[2], *versions[5:]]
    assert registry.champion() == versions[2]
    assert registry.roll_back() == versions[0]
    assert registry.prune(2) == []


def test_the_starter_is_a_version_like_any_other(tmp_path: Path) -> None:
    registry = with_starter(tmp_path)
    assert registry.champion() == STARTER
    assert registry.path(STARTER) == tmp_path / "shipped"
    assert registry.card(STARTER) == NEEDED
    assert registry.report() == ["* starter  macro F1 0.500  3 memes  weights none"]
    version = make(registry, "a")
    assert registry.versions() == [version]  # those that were made here
    assert registry.champion() == STARTER  # until the other is promoted
    assert [row["version"] for row in registry.described()] == [STARTER, version]
    registry.promote(version)
    assert registry.champion() == version
    assert registry.roll_back() == STARTER == registry.champion()
    assert registry.roll_back() == version
    registry.promote(STARTER)
    assert registry.champion() == STARTER
    assert [row["champion"] for row in registry.described()] == [True, False]
    assert registry.prune(1) == []


def test_going_back_reaches_the_starter_that_was_never_promoted(tmp_path: Path) -> None:
    registry = with_starter(tmp_path)
    first, second = make(registry, "a"), make(registry, "b")
    registry.promote(first)
    registry.promote(second)
    assert [registry.roll_back() for _ in range(3)] == [first, STARTER, second]


DEEP = "[" * 100_000 + "]" * 100_000


def changed(**fields: Any) -> str:
    return json.dumps(NEEDED | fields)


@pytest.mark.parametrize(
    "card",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b"\xff\xfe{\x00}\x00",
        b"{" + b"\x00" * 50,
        DEEP.encode(),
        changed(metrics=[1, 2]).encode(),
        changed(metrics=None).encode(),
        changed(metrics=NEEDED["metrics"] | {"macro_f1": "good"}).encode(),
        changed(metrics=NEEDED["metrics"] | {"macro_f1": float("nan")}).encode(),
        changed(metrics=NEEDED["metrics"] | {"per_genre": {"ironic": 1}}).encode(),
        changed(
            metrics=NEEDED["metrics"] | {"confusion": {"classes": ["ironic"], "rows": [[1, 2]]}}
        ).encode(),
        changed(classes="ironic").encode(),
        changed(classes=[1]).encode(),
        changed(classes=[]).encode(),
        changed(snapshot={"splits": {"train": "many"}}).encode(),
        changed(snapshot={"splits": {"train": 10**400}}).encode(),
        changed(config={"weights": 5}).encode(),
        changed(created_at=2026).encode(),
        changed(years="2005-2026").encode(),
        changed(history={"loss": 1}).encode(),
        changed(calibration=0.5).encode(),
    ],
)
def test_an_odd_card_is_one_line_and_the_others_are_listed(tmp_path: Path, card: bytes) -> None:
    registry = with_starter(tmp_path)
    odd, good = make(registry, "a"), make(registry, "b")
    (registry.path(odd) / CARD).write_bytes(card)
    with pytest.raises(BadInput, match=r"card\.json: damaged") as told:
        registry.card(odd)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 600
    with pytest.raises(BadInput, match="damaged"):
        registry.promote(odd)
    lines = dict(line[2:].split("  ", 1) for line in registry.report())
    assert set(lines) == {STARTER, odd, good}
    assert "damaged" in lines[odd]
    assert lines[good].startswith("macro F1")
    assert registry.champion() == STARTER
