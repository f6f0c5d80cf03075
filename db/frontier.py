"""The frontier of all crawls: media that are known and not fetched yet, and those that came to
nothing.

A medium is pending from the transaction in which its post is listed to the one in which it is
stored or refused, so that a crawl that is killed at any moment loses none.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.orm import Session

from core.errors import Reject
from db.columns import as_key
from db.memes import Seen
from db.models import Pending, Refused, Salt, Sighting, Watermark

__all__ = [
    "Medium",
    "Tries",
    "due",
    "enqueue",
    "mark_of",
    "move_mark",
    "n_pending",
    "next_due",
    "pending_counts",
    "pseudonym",
    "refuse_post",
    "refused_counts",
    "reject",
    "salt",
    "settle",
    "try_later",
]

_KEY: Final = ("source", "post_id", "media_index", "image_url")
_PSEUDONYM_BYTES: Final = 8

Place = tuple[str, str, int]  # source, post, index


@dataclass(frozen=True, slots=True)
class Medium:
    """One pending medium."""

    id: int
    seen: Seen
    attempts: int  # that failed


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a medium is tried, and how long it rests in between."""

    most: int = 6
    first_rest_s: float = 5.0  # seconds; each further one is six times as long

    def rest(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts."""
        return timedelta(seconds=self.first_rest_s * 6 ** (attempts - 1))


def enqueue(session: Session, listing: str, media: Sequence[Seen]) -> int:
    """Make media pending; gives how many were known already, wherever they are now."""
    known = _known(session, media)
    now = datetime.now(UTC)
    rows = []
    for seen in media:
        if (place := _place(seen)) not in known:
            known.add(place)  # a page may show a post twice
            rows.append({**_columns(listing, seen), "attempts": 0, "next_try_at": now})
    if rows:
        session.execute(insert(Pending), rows)
    return len(media) - len(rows)


def refuse_post(session: Session, listing: str, seen: Seen, reason: Reject, detail: str) -> bool:
    """Record that a post came to no picture before anything was fetched; False: it was known."""
    if _known(session, [seen]):
        return False
    _add_refused(session, _columns(listing, seen), 0, reason, detail)
    return True


def due(
    session: Session, listings: Sequence[str] | None, *, without: Collection[int], limit: int
) -> list[Medium]:
    """The next media to fetch, in the order they were found.

    Args:
        session: reads.
        listings: whose; None: of all.
        without: ids of media that are not asked for: those under way.
        limit: at most so many.
    """
    query = (
        select(Pending)
        .where(*_of(listings, without), Pending.next_try_at <= datetime.now(UTC))
        .order_by(Pending.id)
        .limit(limit)
    )
    return [Medium(row.id, _seen(row), row.attempts) for row in session.scalars(query)]


def next_due(
    session: Session, listings: Sequence[str] | None, *, without: Collection[int]
) -> datetime | None:
    """When the next pending medium is to be tried; None: nothing is pending. Arguments as `due`."""
    return session.scalar(select(func.min(Pending.next_try_at)).where(*_of(listings, without)))


def _of(listings: Sequence[str] | None, without: Collection[int]) -> Iterator[ColumnElement[bool]]:
    if listings is not None:
        yield Pending.listing.in_(listings)
    if without:
        yield Pending.id.not_in(without)


def settle(session: Session, medium_ids: Collection[int]) -> None:
    """These media are stored, in this transaction: they are pending no more."""
    session.execute(delete(Pending).where(Pending.id.in_(medium_ids)))


def try_later(
    session: Session,
    medium_id: int,
    reason: Reject,
    detail: str,
    tries: Tries,
    *,
    not_before: datetime | None = None,
) -> bool:
    """Record an attempt that failed; False: it was the last one, and the medium is given up.

    Args:
        session: writes.
        medium_id: of the pending medium.
        reason: why it failed.
        detail: the same for people.
        tries: how often to try.
        not_before: when its host wants to be asked again.
    """
    row = session.get(Pending, medium_id)
    if row is None:  # another process had it meanwhile
        return True
    row.attempts += 1
    row.reason, row.detail = reason, detail
    if row.attempts >= tries.most:
        reject(session, medium_id, reason, f"{detail}; given up after {row.attempts} attempts")
        return False
    at = datetime.now(UTC) + tries.rest(row.attempts)
    row.next_try_at = at if not_before is None else max(at, not_before)
    return True


def reject(session: Session, medium_id: int, reason: Reject, detail: str) -> None:
    """The medium is no picture that is taken: it is pending no more, and never again."""
    row = session.get(Pending, medium_id)
    if row is None:
        return
    columns = {name: getattr(row, name) for name in ("listing", *_KEY, "seen")}
    session.delete(row)
    session.flush()
    _add_refused(session, columns, row.attempts, reason, detail)


def mark_of(session: Session, listing: str) -> str | None:
    """How far a listing has come; None: it never came to its end."""
    return session.scalar(select(Watermark.mark).where(Watermark.listing == listing))


def move_mark(session: Session, listing: str, mark: str) -> None:
    """Keep how far a listing has come."""
    session.merge(Watermark(listing=listing, mark=mark, moved_at=datetime.now(UTC)))


def salt(session: Session) -> bytes:
    """What this collection hashes authors' names with; made where there is none."""
    kept = session.scalar(select(Salt.salt).where(Salt.id == 1))
    if kept is None:
        kept = secrets.token_bytes(16)
        session.add(Salt(id=1, salt=kept))
        session.flush()
    return kept


def pseudonym(salt: bytes, source: str, author: str) -> str:
    """What an author is called here: 16 hex characters, the same for the same name.

    A salted hash: without the collection's salt, names cannot be tried out.
    """
    name = f"{source}:{author}".encode("utf-8", "backslashreplace")
    return hashlib.blake2b(name, key=salt, digest_size=_PSEUDONYM_BYTES).hexdigest()


def n_pending(session: Session, listings: Sequence[str] | None) -> int:
    """How many media wait to be fetched; listings as in `due`."""
    query = select(func.count(Pending.id)).where(*_of(listings, ()))
    return session.scalar(query) or 0


def pending_counts(session: Session) -> list[dict[str, Any]]:
    """Pending media by listing and by why their last attempt failed, ready for JSON."""
    rows = session.execute(
        select(Pending.listing, Pending.reason, func.count(), func.min(Pending.next_try_at))
        .group_by(Pending.listing, Pending.reason)
        .order_by(Pending.listing, Pending.reason)
    )
    return [
        {"listing": listing, "reason": reason, "media": n, "next_try_at": at.isoformat()}
        for listing, reason, n, at in rows
    ]


def refused_counts(session: Session) -> list[dict[str, Any]]:
    """Media that came to nothing, by listing and reason, ready for JSON."""
    rows = session.execute(
        select(Refused.listing, Refused.reason, func.count())
        .group_by(Refused.listing, Refused.reason)
        .order_by(Refused.listing, Refused.reason)
    )
    return [{"listing": listing, "reason": reason, "media": n} for listing, reason, n in rows]


def _place(seen: Seen) -> Place:
    return seen.source, as_key(seen.post_id), seen.media_index


def _known(session: Session, media: Iterable[Seen]) -> set[Place]:
    """Of these media, those that are stored, pending or refused."""
    by_source: dict[str, set[str]] = {}
    for seen in media:
        by_source.setdefault(seen.source, set()).add(seen.post_id)
    known: set[Place] = set()
    for source, post_ids in by_source.items():
        for table in (Sighting, Pending, Refused):
            rows = session.execute(
                select(table.post_id, table.media_index).where(
                    table.source == source, table.post_id.in_(post_ids)
                )
            )
            known.update((source, row.post_id, row.media_index) for row in rows)
    return known


def _columns(listing: str, seen: Seen) -> dict[str, Any]:
    said = asdict(seen)
    key = {name: said.pop(name) for name in _KEY}
    if seen.posted_at is not None:
        said["posted_at"] = seen.posted_at.isoformat()
    kept = {name: value for name, value in said.items() if value not in (None, False)}
    return {"listing": listing, **key, "seen": kept}


def _seen(row: Pending) -> Seen:
    said = dict(row.seen)
    if "posted_at" in said:
        said["posted_at"] = datetime.fromisoformat(said["posted_at"])
    return Seen(**{name: getattr(row, name) for name in _KEY}, **said)


def _add_refused(
    session: Session, columns: dict[str, Any], attempts: int, reason: Reject, detail: str
) -> None:
    session.execute(
        insert(Refused).values(
            **columns,
            attempts=attempts,
            reason=reason,
            detail=detail,
            refused_at=datetime.now(UTC),
        )
    )
