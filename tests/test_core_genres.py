"""The eight genres."""

import pytest

from core.errors import BadInput
from core.genres import GENRES, Genre, genre


def test_there_are_the_eight_genres_that_scripts_rely_on() -> None:
    assert [known.key for known in GENRES] == [
        "rage_comic",
        "top_bottom_text",
        "text_post",
        "ironic",
        "post_ironic",
        "viral_video",
        "political",
        "experimental",
    ]


def test_each_has_its_own_digit_name_and_definition() -> None:
    assert [known.digit for known in GENRES] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert len({known.name for known in GENRES}) == 8
    assert all(known.definition.endswith(".") for known in GENRES)


@pytest.mark.parametrize("known", GENRES, ids=lambda known: known.key)
def test_a_genre_is_found_by_its_key(known: Genre) -> None:
    assert genre(known.key) is known


def test_an_unknown_genre_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadInput, match=r"no genre 'dank'; the genres are rage_comic, top_bottom"):
        genre("dank")
