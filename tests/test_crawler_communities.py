"""What the shipped map of communities says."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

import crawler.communities
from core.errors import BadInput
from core.genres import GENRES
from core.settings import Settings
from crawler.communities import load_priors
from db.labels import Prior
from demo.collection import COMMUNITIES

SHIPPED = Path(crawler.communities.__file__).with_name("communities.toml")
LINE = re.compile(
    r'(?P<name>[a-z0-9_]+) = \{ genre = "(?P<genre>[a-z_]+)", weight = 0\.\d \} '
    r"# (?P<reason>.+)"
)


def lines() -> list[re.Match[str] | None]:
    """Each line of the shipped file that is neither empty nor a comment alone."""
    text = SHIPPED.read_text(encoding="utf-8")
    return [LINE.fullmatch(line) for line in text.splitlines() if line and line[0] != "#"]


def shipped() -> list[Prior]:
    return load_priors(Settings(communities_file=None))


def test_there_are_many_communities_and_some_for_each_genre() -> None:
    priors = shipped()
    assert len(priors) >= 60
    counts = Counter(prior.genre for prior in priors)
    assert {known.key: counts[known.key] >= 5 for known in GENRES} == {
        known.key: True for known in GENRES
    }


def test_weights_admit_that_nobody_is_sure() -> None:
    assert all(0.4 <= prior.weight <= 0.9 for prior in shipped())


def test_each_line_has_a_lower_case_name_of_its_own_and_a_reason() -> None:
    found = [line for line in lines() if line]
    assert len(found) == len(lines())
    names = [line["name"] for line in found]
    assert len(set(names)) == len(names)
    assert sorted(names) == sorted(tomllib.loads(SHIPPED.read_text(encoding="utf-8")))
    assert all(len(line["reason"].split()) >= 3 for line in found)


def test_lines_are_grouped_in_the_order_of_the_genres() -> None:
    order = [known.key for known in GENRES]
    places = [order.index(line["genre"]) for line in lines() if line]
    assert places == sorted(places)


def test_what_posts_everything_is_left_out() -> None:
    assert not {"memes", "dankmemes", "funny"} & {prior.community for prior in shipped()}


def test_the_communities_of_the_demo_have_the_genres_it_draws() -> None:
    genres = {prior.community: prior.genre for prior in shipped()}
    for genre, names in COMMUNITIES.items():
        assert [genres[name] for name in names] == [genre] * len(names)


def test_a_file_of_ones_own_overrides_and_extends(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('F7U12 = { genre = "ironic", weight = 1 }\nx = { genre = "ironic", weight = 1 }')
    priors = {prior.community: prior for prior in load_priors(Settings(communities_file=own))}
    assert priors["f7u12"] == Prior("f7u12", "ironic", 1.0)
    assert len(priors) == len(shipped()) + 1


@pytest.mark.parametrize(
    "line",
    [
        'x = { genre = "ironic" }',
        'x = { genre = "ironic", weight = 0 }',
        'x = { genre = "ironic", weight = 1.1 }',
        "x = 0.5",
    ],
)
def test_a_line_that_says_nothing_usable_is_named(tmp_path: Path, line: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(line)
    with pytest.raises(BadInput, match=r"own\.toml: x: "):
        load_priors(Settings(communities_file=own))


def test_a_genre_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('x = { genre = "dank", weight = 0.5 }')
    with pytest.raises(BadInput, match="no genre 'dank'"):
        load_priors(Settings(communities_file=own))


def test_a_file_as_an_editor_saves_it_is_read_or_told_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    settings = Settings(communities_file=file)
    line = 'mine = { genre = "ironic", weight = 0.5 }\n'
    file.write_text(line, encoding="utf-8-sig")
    assert "mine" in {prior.community for prior in load_priors(settings)}
    file.write_text(line, encoding="utf-16")
    with pytest.raises(BadInput, match="line 1 is no UTF-8; save the file as UTF-8"):
        load_priors(settings)
