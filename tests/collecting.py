"""Adds pictures to a collection, and tells what became of it without naming any id."""

from typing import Any

from sqlalchemy import select

from core.fingerprint import fingerprint, hash_bytes
from db.memes import AddOutcome, Collection, Seen
from db.models import Copy, Meme, Sighting, Template, Vote
from db.regrouping import merge_meme, split_copy
from db.sightings import kept
from db.templates import new_template
from tests.pictures import picture


def place(post_id: str, **more: object) -> Seen:
    """Where a picture was seen; its address ends in the post's name."""
    return Seen("test", post_id, f"https://example.com/{post_id}", **more)  # type: ignore[arg-type]


def add(collection: Collection, data: bytes, post_id: str, **more: object) -> AddOutcome:
    """Add one picture in a transaction of its own."""
    with collection.adding() as adder:
        return adder.add(data, fingerprint(data), place(post_id, **more))


def add_some(collection: Collection, n: int) -> list[int]:
    """Add so many different pictures; gives the ids of their memes."""
    return [add(collection, picture(i), f"some-{i}").meme_id for i in range(n)]


def state(collection: Collection) -> dict[str, Any]:
    """All that matters of a collection: files, families, what was seen and said, and of what."""
    with collection.database.reading() as session:
        memes = {meme.id: meme for meme in session.scalars(select(Meme))}
        copies = {copy.id: copy for copy in session.scalars(select(Copy))}

        def file(row: Sighting | Vote) -> tuple[str, str]:
            """The file that was seen or judged, and the meme that it belongs to."""
            meme = memes[row.meme_id]
            return (meme if row.copy_id is None else copies[row.copy_id]).sha256, meme.sha256

        families: dict[int, list[str]] = {}
        for meme in memes.values():
            families.setdefault(meme.template_id, []).append(meme.sha256)
        return {
            "memes": {
                m.sha256: (m.phash256, m.signature, m.status, m.nsfw, m.posted_at)
                for m in memes.values()
            },
            "copies": {c.sha256: memes[c.meme_id].sha256 for c in copies.values()},
            "families": sorted(sorted(family) for family in families.values()),
            "representatives": sorted(
                memes[t.representative_id].sha256
                for t in session.scalars(select(Template))
                if t.representative_id is not None
            ),
            "sightings": {s.post_id: file(s) for s in session.scalars(select(Sighting))},
            "votes": {v.idempotency_key: file(v) for v in session.scalars(select(Vote))},
        }


def make_meme(collection: Collection, data: bytes) -> int:
    """Make a copy a meme of its own, in a family of its own, and nobody said so."""
    with collection.database.writing_alone() as session:
        copy = session.scalars(select(Copy).where(Copy.sha256 == hash_bytes(data))).one()
        return split_copy(session, copy, new_template(session))


def make_copy(collection: Collection, data: bytes, of: bytes) -> None:
    """Make a meme a copy of another."""
    with collection.database.writing_alone() as session:
        into = kept(session, hash_bytes(of))
        meme = session.scalars(select(Meme).where(Meme.sha256 == hash_bytes(data))).one()
        assert into is not None
        merge_meme(session, meme, into.meme_id)
