"""Fingerprints as rows keep them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.fingerprint import Fingerprint
from core.images import Header
from core.words import Line, to_json
from db.models import Copy, Meme

__all__ = ["as_columns", "as_fingerprint", "keep_words", "moved"]

# What a meme's file and a copy's file have in common: the columns of `PictureFile`.
_COLUMNS = (
    "sha256",
    "phash64",
    "wide_phash64",
    "phash256",
    "inner_phash256",
    "motion",
    "format",
    "width",
    "height",
    "frames",
    "n_bytes",
    "signature",
    "words",
    "removed_at",
)


def as_columns(picture: Fingerprint) -> dict[str, Any]:
    """A fingerprint, by the names of the columns that keep it."""
    return {
        "sha256": picture.sha256,
        "phash64": picture.phash64,
        "wide_phash64": picture.wide_phash64,
        "phash256": picture.phash256,
        "inner_phash256": picture.inner_phash256,
        "motion": picture.motion,
        "format": picture.header.format,
        "width": picture.header.width,
        "height": picture.header.height,
        "frames": picture.header.frames,
        "n_bytes": picture.n_bytes,
        "signature": picture.signature,
    }


def as_fingerprint(row: Meme | Copy) -> Fingerprint:
    """The fingerprint that a row keeps; what was not taken yet is empty."""
    return Fingerprint(
        sha256=row.sha256,
        phash64=row.phash64,
        wide_phash64=row.wide_phash64 or "",
        phash256=row.phash256,
        header=Header(row.format, row.width, row.height, row.frames),
        n_bytes=row.n_bytes,
        signature=row.signature or b"",
        inner_phash256=row.inner_phash256,
        motion=row.motion,
    )


def keep_words(session: Session, meme_id: int, lines: Sequence[Line]) -> None:
    """Keep what was read in a meme's picture, so that it need not be read again."""
    unread = update(Meme).where(Meme.id == meme_id, Meme.words.is_(None))
    session.execute(unread.values(words=to_json(lines)))


def moved(row: Meme | Copy) -> dict[str, Any]:
    """All that is kept of a row's file, for a row of the other table."""
    return {name: getattr(row, name) for name in _COLUMNS}
