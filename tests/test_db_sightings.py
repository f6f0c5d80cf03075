"""Which files are known already."""

from sqlalchemy import select

from core.fingerprint import fingerprint, hash_bytes
from db.memes import Collection, Seen
from db.models import Copy, Meme, MemeStatus
from db.sightings import Kept, files_at, kept, kept_files
from tests.pictures import picture, repost


def add(collection: Collection, data: bytes, seen: Seen) -> int:
    with collection.adding() as adder:
        return adder.add(data, fingerprint(data), seen).meme_id


def test_an_address_leads_to_the_file_last_found_there(collection: Collection) -> None:
    first, second, copy = picture(1), picture(2), repost(picture(1))
    add(collection, first, Seen("lemmy", "1", "https://a/1.png"))
    meme = add(collection, second, Seen("lemmy", "2", "https://a/1.png"))
    add(collection, copy, Seen("lemmy", "3", "https://a/3.png"))
    with collection.database.reading() as session:
        found = files_at(session, collection.media, [f"https://a/{n}.png" for n in (1, 2, 3)])
        assert found == {
            "https://a/1.png": hash_bytes(second),
            "https://a/3.png": hash_bytes(copy),
        }
    with collection.database.writing() as session:
        session.get_one(Meme, meme).status = MemeStatus.REMOVED
    with collection.database.reading() as session:
        assert files_at(session, collection.media, ["https://a/1.png"]) == {
            "https://a/1.png": hash_bytes(first)
        }


def test_an_address_whose_file_was_lost_is_to_be_fetched_again(collection: Collection) -> None:
    for data, post_id in ((picture(1), "1"), (repost(picture(1)), "2")):
        add(collection, data, Seen("lemmy", post_id, f"https://a/{post_id}.png"))
    urls = ["https://a/1.png", "https://a/2.png"]
    with collection.database.reading() as session:
        assert set(files_at(session, collection.media, urls)) == set(urls)
        for url, data in zip(urls, (picture(1), repost(picture(1))), strict=True):
            collection.media.delete(hash_bytes(data), fingerprint(data).header.format)
            urls_left = set(files_at(session, collection.media, urls))
            assert url not in urls_left
        assert urls_left == set()


def test_files_are_known_by_their_bytes_those_of_copies_too(collection: Collection) -> None:
    meme = add(collection, picture(1), Seen("lemmy", "1", "url"))
    own, copy, same_looks = (
        hash_bytes(d) for d in (picture(1), repost(picture(1)), repost(picture(1), quality=70))
    )
    add(collection, repost(picture(1)), Seen("lemmy", "2", "url"))
    with collection.database.reading() as session:
        assert kept_files(session, [own, copy, same_looks]) == {own, copy}
        assert kept_files(session, []) == set()
        assert kept(session, own) == Kept(meme, None)
        assert kept(session, copy) == Kept(meme, session.scalars(select(Copy.id)).one())
        assert kept(session, same_looks) is None
