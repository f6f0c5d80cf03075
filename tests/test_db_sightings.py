"""Which media are known already."""

from core.fingerprint import fingerprint
from db.memes import Collection, Seen
from db.models import Meme, MemeStatus
from db.sightings import known_media, meme_at, memes_with_bytes
from tests.pictures import picture, repost


def add(collection: Collection, data: bytes, seen: Seen) -> int:
    with collection.adding() as adder:
        return adder.add(data, fingerprint(data), seen).meme_id


def test_known_media_are_those_recorded_of_this_source(collection: Collection) -> None:
    add(collection, picture(1), Seen("lemmy", "1", "url"))
    add(collection, picture(2), Seen("lemmy", "1", "url", media_index=1))
    add(collection, picture(3), Seen("lemmy", "2", "url"))
    add(collection, picture(4), Seen("reddit", "3", "url"))
    with collection.database.reading() as session:
        assert known_media(session, "lemmy", ["1", "3", "9"]) == {("1", 0), ("1", 1)}
        assert known_media(session, "lemmy", []) == set()


def test_an_address_leads_to_the_meme_last_found_there(collection: Collection) -> None:
    first = add(collection, picture(1), Seen("lemmy", "1", "https://a/1.png"))
    second = add(collection, picture(2), Seen("lemmy", "2", "https://a/1.png"))
    with collection.database.reading() as session:
        assert meme_at(session, "https://a/1.png") == second
        assert meme_at(session, "https://a/2.png") is None
    with collection.database.writing() as session:
        session.get_one(Meme, second).status = MemeStatus.REMOVED
    with collection.database.reading() as session:
        assert meme_at(session, "https://a/1.png") == first


def test_files_are_known_by_their_bytes_not_by_their_looks(collection: Collection) -> None:
    meme = add(collection, picture(1), Seen("lemmy", "1", "url"))
    kept, same_looks = (fingerprint(d).sha256 for d in (picture(1), repost(picture(1))))
    add(collection, repost(picture(1)), Seen("lemmy", "2", "url"))
    with collection.database.reading() as session:
        assert memes_with_bytes(session, [kept, same_looks, "0" * 64]) == {kept: meme}
        assert memes_with_bytes(session, []) == {}
