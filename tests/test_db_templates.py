"""Template families: the largest first, none empty, each with a representative of its own."""

import pytest
from sqlalchemy import func, select, update

from core.fingerprint import hash_bytes
from db.memes import Collection
from db.models import Meme, MemeStatus, Template
from db.templates import Family, families, merge_templates, tidy_template
from tests.collecting import add, state
from tests.pictures import picture, repost, sibling


@pytest.fixture
def memes(collection: Collection) -> list[int]:
    """A family of two, of three and of one; a copy in the first, and one file seen twice."""
    made = [add(collection, data, str(i)).meme_id for i, data in enumerate(FILES)]
    with collection.database.writing() as session:
        # Whatever the matcher thinks of these drawings.
        for family in ((0, 1), (2, 3, 4), (5,)):
            chosen = [made[i] for i in family]
            home = session.get_one(Meme, chosen[0]).template_id
            session.execute(update(Meme).where(Meme.id.in_(chosen)).values(template_id=home))
        for template in session.scalars(select(Template.id)).all():
            tidy_template(session, template)
    add(collection, repost(FILES[1]), "copy")
    add(collection, FILES[1], "again")
    return made


FILES = [picture(3), sibling(3, 1), picture(1), sibling(1, 1), sibling(1, 2), picture(2)]


def listed(collection: Collection, limit: int | None = None, at_least: int = 2) -> list[Family]:
    with collection.database.reading() as session:
        return list(families(session, limit=limit, at_least=at_least))


def test_families_are_listed_by_size(collection: Collection, memes: list[int]) -> None:
    found = listed(collection)
    assert [(f.n_memes, f.n_sightings) for f in found] == [(3, 3), (2, 4)]
    assert [f.representative_id for f in found] == [memes[2], memes[0]]
    assert [f.sha256 for f in found] == [hash_bytes(FILES[2]), hash_bytes(FILES[0])]
    assert [f.image_url for f in found] == ["https://example.com/2", "https://example.com/0"]
    assert listed(collection, limit=1) == found[:1]
    assert [f.n_memes for f in listed(collection, at_least=1)] == [3, 2, 1]


def test_removed_memes_do_not_count(collection: Collection, memes: list[int]) -> None:
    with collection.database.writing() as session:
        for meme in (memes[1], memes[4]):  # one of each
            session.get_one(Meme, meme).status = MemeStatus.REMOVED
    assert [(f.n_memes, f.n_sightings) for f in listed(collection)] == [(2, 2)]


def test_of_merged_templates_the_oldest_stays_with_its_representative(
    collection: Collection, memes: list[int]
) -> None:
    with collection.database.writing() as session:
        home = [session.get_one(Meme, meme).template_id for meme in memes]
        assert merge_templates(session, [home[5], home[2], home[0], home[5]]) == home[0]
        assert merge_templates(session, [home[0]]) == home[0]
    (family,) = listed(collection, at_least=1)
    assert (family.id, family.n_memes, family.representative_id) == (home[0], 6, memes[0])
    with collection.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Template)) == 1


def test_a_family_that_lost_its_representative_is_represented_by_its_oldest(
    collection: Collection, memes: list[int]
) -> None:
    with collection.database.writing() as session:
        left = session.get_one(Meme, memes[0]).template_id
        session.get_one(Meme, memes[0]).template_id = session.get_one(Meme, memes[5]).template_id
        tidy_template(session, left)
    assert state(collection)["representatives"] == sorted(hash_bytes(FILES[i]) for i in (1, 2, 5))


def test_a_family_without_memes_is_no_more(collection: Collection, memes: list[int]) -> None:
    with collection.database.writing() as session:
        left = session.get_one(Meme, memes[5]).template_id
        session.get_one(Meme, memes[5]).template_id = session.get_one(Meme, memes[0]).template_id
        tidy_template(session, left)
        tidy_template(session, left)  # gone already
        assert session.get(Template, left) is None
    assert [f.n_memes for f in listed(collection, at_least=1)] == [3, 3]
