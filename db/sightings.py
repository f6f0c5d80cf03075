"""Which files are known already, asked before anything is fetched or stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import CompoundSelect, bindparam, func, null, select, union_all
from sqlalchemy.orm import Session

from db.media import MediaStore
from db.models import Copy, Meme, MemeStatus, Sighting

__all__ = ["Kept", "files_at", "kept", "kept_files"]


# Made once: to put a statement together takes longer than to run it.
_KEPT: Final[CompoundSelect[Any]] = union_all(
    select(Meme.id.label("meme_id"), null().label("copy_id"), Meme.removed_at).where(
        Meme.sha256 == bindparam("sha256")
    ),
    select(Copy.meme_id, Copy.id, Copy.removed_at).where(Copy.sha256 == bindparam("sha256")),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a file is kept: a meme's own, or one of its copies."""

    meme_id: int
    copy_id: int | None
    is_removed: bool = False  # it was kept, and is gone for good


def files_at(session: Session, media: MediaStore, image_urls: Sequence[str]) -> dict[str, str]:
    """The SHA-256 of the file that was found under each address last, where any was.

    A file's name outlasts what is decided about it: by the time the answer is used, another process
    may have found that its meme is a repost, or that it is a meme of its own. A file that the store
    has lost is left out, so that it is fetched again and put back.
    """
    rows = session.execute(
        select(
            Sighting.image_url,
            func.coalesce(Copy.sha256, Meme.sha256),
            func.coalesce(Copy.format, Meme.format),
        )
        .select_from(Sighting)
        .join(Meme, Meme.id == Sighting.meme_id)
        .outerjoin(Copy, Copy.id == Sighting.copy_id)
        .where(
            Sighting.image_url.in_(image_urls),
            Meme.status == MemeStatus.ACTIVE,
            Copy.removed_at.is_(None),
        )
        .order_by(Sighting.id)
    )
    return {url: sha256 for url, sha256, format_name in rows if media.has(sha256, format_name)}


def kept_files(session: Session, sha256s: Sequence[str]) -> set[str]:
    """Those of these files, by SHA-256, that are kept already."""
    return set(
        session.scalars(
            union_all(
                select(Meme.sha256).where(Meme.sha256.in_(sha256s)),
                select(Copy.sha256).where(Copy.sha256.in_(sha256s)),
            )
        )
    )


def kept(session: Session, sha256: str) -> Kept | None:
    """Where the file of these bytes is kept now; None: nowhere."""
    row: Any = session.connection().execute(_KEPT, {"sha256": sha256}).first()
    return None if row is None else Kept(row.meme_id, row.copy_id, row.removed_at is not None)
