"""What the collection holds, as scripts and training read it."""

import json
from datetime import UTC, datetime

import pytest

from core.fingerprint import fingerprint
from core.words import Line, to_json
from db.labels import Prior, cast, set_priors
from db.listing import LabelledMeme, describe_memes, labelled_memes, stats
from db.memes import Collection, Seen
from db.models import Meme, MemeStatus, Verdict
from tests.pictures import picture, repost


def add(collection: Collection, number: int, *seen: Seen) -> int:
    """A meme seen in these places; gives its id."""
    data = picture(number)
    with collection.adding() as adder:
        (meme,) = {adder.add(data, fingerprint(data), where).meme_id for where in seen}
        return meme


def place(post_id: str, **more: object) -> Seen:
    return Seen("test", post_id, f"https://example.com/{post_id}", **more)  # type: ignore[arg-type]


def vote(collection: Collection, meme: int, what: str | Verdict, annotator: str = "ana") -> None:
    with collection.database.writing() as session:
        if isinstance(what, Verdict):
            cast(session, meme, annotator, verdict=what)
        else:
            cast(session, meme, annotator, genre=what, trust="viewed")


def remove(collection: Collection, meme: int) -> None:
    with collection.database.writing() as session:
        session.get_one(Meme, meme).status = MemeStatus.REMOVED


def described(collection: Collection) -> list[dict[str, object]]:
    with collection.database.reading() as session:
        return json.loads(json.dumps(list(describe_memes(session))))  # type: ignore[no-any-return]


def test_a_meme_is_described_by_exactly_the_fields_that_scripts_rely_on(
    collection: Collection,
) -> None:
    meme = add(
        collection,
        1,
        place("p1", community="Memes", posted_at=datetime(2016, 5, 6, 7, 8, 9, tzinfo=UTC)),
        Seen("folder", "/pictures/1.png#ab", "/pictures/1.png"),
    )
    vote(collection, meme, "ironic")
    with collection.database.reading() as session:
        template_id = session.get_one(Meme, meme).template_id
    assert described(collection) == [
        {
            "id": meme,
            "sha256": fingerprint(picture(1)).sha256,
            "template_id": template_id,
            "status": "active",
            "year": 2016,
            "label": "ironic",
            "words": None,
            "sightings": [
                {
                    "source": "test",
                    "community": "memes",
                    "post_id": "p1",
                    "image_url": "https://example.com/p1",
                    "posted_at": "2016-05-06T07:08:09+00:00",
                },
                {
                    "source": "folder",
                    "community": None,
                    "post_id": "/pictures/1.png#ab",
                    "image_url": "/pictures/1.png",
                    "posted_at": None,
                },
            ],
        }
    ]


def test_memes_are_described_in_the_order_they_came_removed_ones_too(
    collection: Collection,
) -> None:
    memes = [add(collection, number, place(str(number))) for number in range(3)]
    remove(collection, memes[1])
    vote(collection, memes[2], Verdict.NOT_A_MEME)
    found = described(collection)
    assert [meme["id"] for meme in found] == memes
    assert [meme["status"] for meme in found] == ["active", "removed", "active"]
    assert [meme["label"] for meme in found] == [None, None, None]


def test_words_are_the_lines_that_were_read(collection: Collection) -> None:
    memes = [add(collection, number, place(str(number))) for number in range(3)]
    lines = (Line("ONE DOES NOT", (0, 0, 1, 0.5), 0.9), Line("SIMPLY", (0, 0.5, 1, 1), 0.8))
    with collection.database.writing() as session:
        session.get_one(Meme, memes[1]).words = []  # read: there are none
        session.get_one(Meme, memes[2]).words = to_json(lines)
    words = [meme["words"] for meme in described(collection)]
    assert words == [None, [], ["ONE DOES NOT", "SIMPLY"]]


def test_an_empty_collection_has_nothing_to_describe(collection: Collection) -> None:
    assert described(collection) == []


@pytest.mark.parametrize(
    ("seen", "year"),
    [
        ([{}], None),
        ([{"posted_at": datetime(2014, 1, 1, tzinfo=UTC)}], 2014),
        ([{"year_low": 2009, "year_high": 2011}], 2011),
        ([{"year_low": 2009}], None),
        ([{"year_high": 2011, "posted_at": datetime(2014, 1, 1, tzinfo=UTC)}], 2011),
        ([{"year_high": 2015, "posted_at": datetime(2014, 1, 1, tzinfo=UTC)}], 2014),
        ([{"posted_at": datetime(2014, 1, 1, tzinfo=UTC)}, {"year_high": 2012}], 2012),
        (
            [
                {"posted_at": datetime(2014, 1, 1, tzinfo=UTC)},
                {"posted_at": datetime(2013, 12, 31, 23, 59, tzinfo=UTC)},
                {},
            ],
            2013,
        ),
    ],
)
def test_a_meme_is_of_the_latest_year_in_which_it_can_have_been_made(
    collection: Collection, seen: list[dict[str, object]], year: int | None
) -> None:
    add(collection, 1, *(place(str(number), **more) for number, more in enumerate(seen)))
    assert described(collection)[0]["year"] == year


def test_stats_count_by_table_genre_community_source_and_year(collection: Collection) -> None:
    new_year = datetime(2015, 1, 1, tzinfo=UTC)
    first = add(
        collection,
        1,
        place("1", community="a", posted_at=new_year),
        place("2", community="A", posted_at=new_year),
        place("3", community="b"),
    )
    second = add(collection, 2, place("4", community="b", year_high=2012))
    third = add(collection, 3, Seen("folder", "5", "5.png"))
    removed = add(collection, 4, Seen("folder", "6", "6.png"))
    vote(collection, first, "ironic")
    vote(collection, second, "ironic")
    vote(collection, third, Verdict.UNSURE)
    vote(collection, removed, "political")
    remove(collection, removed)
    with collection.database.writing() as session:
        set_priors(session, [Prior("a", "ironic", 0.5)])

    with collection.database.reading() as session:
        counts = stats(session)

    assert counts == {
        "tables": {
            "community": 1,
            "run": 0,
            "template": 4,
            "meme": 4,
            "sighting": 6,
            "vote": 4,
            "copy": 0,
            "decision": 4,
            "distinct_pair": 0,
            "rematch": 0,
            "pending": 0,
            "refused": 0,
            "watermark": 0,
            "salt": 0,
            "lease": 0,
            "prediction": 0,
        },
        "genres": {"ironic": 2},
        "communities": {"b": 2, "a": 1},
        "sources": {"folder": 2, "test": 2},
        "years": {"unknown": 2, "2012": 1, "2015": 1},
    }
    assert list(counts["communities"]) == ["b", "a"]
    assert list(counts["years"]) == ["unknown", "2012", "2015"]


def labelled(collection: Collection) -> dict[int, LabelledMeme]:
    with collection.database.reading() as session:
        return {meme.meme_id: meme for meme in labelled_memes(session)}


def test_training_sees_all_that_is_known_of_a_labelled_meme(collection: Collection) -> None:
    meme = add(
        collection,
        1,
        place("1", source_group="g2", fold=3),
        Seen("folder", "2", "2.png", source_group="g1", fold=0),
        place("3", source_group="g2", fold=3),
        place("4"),
    )
    vote(collection, meme, "ironic")
    with collection.database.reading() as session:
        template_id = session.get_one(Meme, meme).template_id
    assert labelled(collection) == {
        meme: LabelledMeme(
            meme_id=meme,
            sha256=fingerprint(picture(1)).sha256,
            format="PNG",
            genre="ironic",
            weight=1.0,
            by_people=True,
            trust="viewed",
            template_id=template_id,
            groups=("folder:g1", "test:g2"),
            folds=(0, 3),
            sources=("folder", "test"),
            places=("folder", "test"),
            year_low=None,
            year_high=None,
        )
    }


def test_peoples_word_overrides_what_the_community_suggests(collection: Collection) -> None:
    with collection.database.writing() as session:
        set_priors(session, [Prior("memes", "top_bottom_text", 0.4)])
    memes = [add(collection, n, place(str(n), community="memes")) for n in range(5)]
    add(collection, 5, place("5"))  # nobody says anything of it
    vote(collection, memes[0], "ironic")
    vote(collection, memes[1], Verdict.NOT_A_MEME)
    vote(collection, memes[2], Verdict.UNSURE)
    vote(collection, memes[3], Verdict.SKIP)

    found = labelled(collection)

    assert {meme: (row.genre, row.weight, row.by_people) for meme, row in found.items()} == {
        memes[0]: ("ironic", 1.0, True),
        memes[3]: ("top_bottom_text", 0.4, False),
        memes[4]: ("top_bottom_text", 0.4, False),
    }
    assert found[memes[4]].trust is None


def test_training_does_not_see_removed_memes(collection: Collection) -> None:
    meme = add(collection, 1, place("1"))
    vote(collection, meme, "ironic")
    remove(collection, meme)
    assert labelled(collection) == {}


def test_a_repost_is_listed_under_the_meme_it_repeats(collection: Collection) -> None:
    add(collection, 1, place("1"))
    data = repost(picture(1))
    with collection.adding() as adder:
        adder.add(data, fingerprint(data), place("2"))
    (meme,) = described(collection)
    assert [sighting["post_id"] for sighting in meme["sightings"]] == ["1", "2"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("places", "years"),
    [
        ([{}], (None, None)),
        ([{"posted_at": datetime(2016, 5, 6, tzinfo=UTC)}], (None, 2016)),
        ([{"year_low": 2012, "year_high": 2014}], (2012, 2014)),
        # Seen before a source says that it was made: the sighting is right.
        ([{"year_low": 2012, "year_high": 2014}, {"year_high": 2010}], (None, 2010)),
        ([{"year_low": 2012, "year_high": 2014}, {"year_high": 2013}], (2012, 2013)),
        ([{"year_low": 2012}, {"year_low": 2013}], (2013, None)),
    ],
)
def test_a_meme_was_made_between_what_its_sources_know_and_where_it_was_first_seen(
    collection: Collection,
    places: list[dict[str, object]],
    years: tuple[int | None, int | None],
) -> None:
    meme = add(collection, 1, *(place(str(i), **where) for i, where in enumerate(places)))
    vote(collection, meme, "ironic")
    one = labelled(collection)[meme]
    assert (one.year_low, one.year_high) == years


def test_where_it_was_seen_is_the_community_or_else_the_source(collection: Collection) -> None:
    meme = add(
        collection, 1, place("1", community="memes"), Seen("folder", "2", "2.png"), place("3")
    )
    vote(collection, meme, "ironic")
    assert labelled(collection)[meme].places == ("folder", "memes", "test")
