"""Which media are known already, asked before anything is fetched."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Meme, MemeStatus, Sighting

__all__ = ["known_media", "meme_at", "memes_with_bytes"]


def known_media(session: Session, source: str, post_ids: Sequence[str]) -> set[tuple[str, int]]:
    """Of these posts of one source, the media recorded: pairs of post id and media index."""
    rows = session.execute(
        select(Sighting.post_id, Sighting.media_index).where(
            Sighting.source == source, Sighting.post_id.in_(post_ids)
        )
    )
    return {(row.post_id, row.media_index) for row in rows}


def meme_at(session: Session, image_url: str) -> int | None:
    """The meme that was found under this address before, if any."""
    return session.scalar(
        select(Sighting.meme_id)
        .join(Meme)
        .where(Sighting.image_url == image_url, Meme.status == MemeStatus.ACTIVE)
        .order_by(Sighting.id.desc())
        .limit(1)
    )


def memes_with_bytes(session: Session, sha256s: Sequence[str]) -> dict[str, int]:
    """Of these files, by SHA-256, the memes that are kept already."""
    rows = session.execute(select(Meme.sha256, Meme.id).where(Meme.sha256.in_(sha256s)))
    return dict(rows.all())
