"""Versions are there whole or not at all, and one of them answers."""

import json
from pathlib import Path

import pytest

from core.errors import BadInput, NotReady
from training.registry import CARD, STARTER, Registry


def make(registry: Registry, mark: str) -> str:
    """Register a version with a card."""
    with registry.new_version(mark * 64, mark) as draft:
        needed = dict.fromkeys(("classes", "metrics", "snapshot", "config"))
        (draft.folder / CARD).write_text(json.dumps({"mark": mark, **needed}))
    return draft.version


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
    (tmp_path / ".work-given-up").mkdir()
    assert registry.versions() == []
    with registry.new_version("a" * 64, "a") as draft:
        assert (draft.work_dir / "half").read_text() == "done"
        (draft.folder / CARD).write_text("{}")
    assert {path.name for path in tmp_path.iterdir()} == {".lock", draft.version}


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


def test_the_champion_is_the_one_promoted_else_the_newest(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    with pytest.raises(NotReady, match="make demo"):
        registry.champion()
    first, second = make(registry, "a"), make(registry, "b")
    assert registry.champion() == max(first, second)
    registry.promote(first)
    assert registry.champion() == first
    assert Registry(tmp_path).champion() == first
    assert registry.versions() == sorted([first, second])  # the mark itself is no version


def test_an_unknown_or_damaged_version_is_told(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    version = make(registry, "a")
    for call in (registry.promote, registry.path, registry.card):
        with pytest.raises(BadInput, match=r"there is no model '\.\./a'"):
            call("../a")
    (registry.path(version) / CARD).write_text("{}")
    with pytest.raises(BadInput, match="lacks classes"):
        registry.card(version)
    (registry.path(version) / CARD).write_text("{")
    with pytest.raises(BadInput, match="damaged"):
        registry.card(version)


def test_going_back_lets_the_one_before_answer_and_there_and_back_again(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    first, second, third = (make(registry, mark) for mark in "abc")
    with pytest.raises(NotReady, match="nothing to go back to"):
        registry.roll_back()
    registry.promote(first)
    registry.promote(second)
    registry.promote(third)
    assert registry.roll_back() == second == registry.champion()
    assert registry.roll_back() == first == registry.champion()
    assert registry.roll_back() == third == registry.champion()


def test_of_many_versions_the_newest_and_those_that_answer_stay(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    versions = sorted(make(registry, "a") for _ in range(7))
    registry.promote(versions[0])
    registry.promote(versions[2])
    gone = registry.prune(2)
    assert gone == [versions[1], *versions[3:5]]
    assert registry.versions() == [versions[0], versions[2], *versions[5:]]
    assert registry.champion() == versions[2]
    assert registry.roll_back() == versions[0]
    assert registry.prune(2) == []


def test_the_starter_answers_until_there_is_a_model(tmp_path: Path) -> None:
    starter = tmp_path / "starter"
    registry = Registry(tmp_path / "models", starter)
    with pytest.raises(NotReady, match="there is no model"):
        registry.answering()
    starter.mkdir()
    needed = dict.fromkeys(("classes", "metrics", "snapshot", "config"))
    (starter / CARD).write_text(json.dumps(needed))
    assert registry.answering() == STARTER
    assert registry.path(STARTER) == starter
    assert registry.card(STARTER) == needed
    assert registry.versions() == []
    with pytest.raises(NotReady):
        registry.champion()
    with pytest.raises(BadInput, match="it has no rank"):
        registry.promote(STARTER)
    version = make(registry, "a")
    assert registry.answering() == version
