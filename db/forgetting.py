"""Forgets one meme, one post or all posts of one author, wherever something of it is kept."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, select, union
from sqlalchemy.orm import Session

from core.errors import BadInput
from core.settings import Settings
from db.deletions import Removed, Removing, half_removed, remove_gone, remove_memes
from db.engine import scrub
from db.media import MediaStore
from db.models import Copy, Meme, Pending, Refused, Sighting
from db.pseudonyms import pseudonym, salt_if_any
from db.session import Database

__all__ = ["BEYOND_REACH", "Forgotten", "forget"]

BEYOND_REACH: Final = (
    "exports, reports and backups that were made before, and models, which learned from it"
)

_SEEN: Final = (Sighting, Pending, Refused)
_HEX: Final = set("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed, and what could not be."""

    what: str  # that was asked for, and found
    removed: Removed
    models: tuple[str, ...]  # that learned from a file of it, and whose lists hold its SHA-256
    is_overwritten: bool  # False: old rows are still in SQLite's log, as others read meanwhile

    def counts(self) -> dict[str, int]:
        """How much was removed, by where it was."""
        one = self.removed
        counts = {"picture_files": one.files, "memes": one.memes, "posts": one.posts, **one.also}
        return {where: n for where, n in counts.items() if n}

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "what": self.what,
            "removed": self.counts(),
            "sha256s": self.removed.sha256s,
            "models": list(self.models),
            "overwritten": self.is_overwritten,
            "beyond_reach": BEYOND_REACH,
        }


@dataclass(frozen=True, slots=True)
class _Found:
    what: str
    posts: dict[str, list[str]]  # by source
    memes: tuple[int, ...] = ()


def forget(
    database: Database, media: MediaStore, settings: Settings, what: str, *, dry_run: bool = False
) -> Forgotten:
    """Remove a meme, a post or an author's posts; a picture that others posted stays theirs.

    Killed at any moment, the same call finishes it.

    Args:
        database: where the rows are.
        media: where the files are.
        settings: of the collection.
        what: `meme:ID`, `post:SOURCE:ID`, `author:NAME`, or these without the first word, a file's
            SHA-256, or a post's address.
        dry_run: only count.

    Raises:
        BadInput: there is no such thing here, or it may be two.
        MemeEraError: a file cannot be deleted.
    """
    with database.writing_alone() as session:
        removing = Removing(session, media, settings.data_dir, only_count=dry_run)
        if not dry_run:
            _finish_older(removing)
        found = _find(session, what)
        removed = remove_memes(removing, found.memes)
        for source, post_ids in found.posts.items():
            removed += remove_gone(removing, source, post_ids)
        if dry_run:
            session.rollback()
    is_overwritten = dry_run or scrub(database.engine)
    models = tuple(_models_with(settings.models_dir, removed.sha256s))
    return Forgotten(found.what, removed, models, is_overwritten)


def _finish_older(removing: Removing) -> None:
    for source, post_ids in half_removed(removing.session).items():
        remove_gone(removing, source, post_ids)


def _find(session: Session, what: str) -> _Found:
    kind, _, name = what.partition(":")
    if kind in _FINDERS and name:
        found = [_FINDERS[kind](session, name)]
    else:
        found = [find(session, what) for find in _FINDERS.values()]
    there = [one for one in found if one is not None]
    if len(there) == 1:
        return there[0]
    if there:
        kinds = " or ".join(f"{one.what.split()[0]}:{what}" for one in there)
        raise BadInput(f"{what} may be several things: say {kinds}")
    raise BadInput(
        f"nothing is kept of {what}; name a meme's number or its file's SHA-256, a post's address "
        "or post:SOURCE:ID, or author:NAME as the source writes it"
    )


def _meme(session: Session, name: str) -> _Found | None:
    if name.isdecimal() and len(name) < 19 and session.get(Meme, int(name)) is not None:
        return _Found(f"meme {name}", {}, (int(name),))
    if len(name) == 64 and set(name.lower()) <= _HEX:
        of_copy = select(Copy.meme_id).where(Copy.sha256 == name.lower())
        of_file = select(Meme.id).where(Meme.sha256 == name.lower()).union(of_copy)
        if (meme_id := session.scalar(of_file)) is not None:
            return _Found(f"meme {meme_id}", {}, (meme_id,))
    return None


def _post(session: Session, name: str) -> _Found | None:
    source, _, post_id = name.partition(":")
    posts: dict[str, list[str]] = defaultdict(list)
    for table in _SEEN:
        by_id = (table.source == source) & (table.post_id == post_id)
        for found in session.execute(
            select(table.source, table.post_id).where(or_(by_id, *_at(table, name))).distinct()
        ):
            posts[found.source].append(found.post_id)
    return _Found(f"post {name}", dict(posts)) if posts else None


def _at(table: type[Any], address: str) -> Iterator[ColumnElement[bool]]:
    if "/" in address:
        yield table.image_url == address
        yield _said(table, "permalink") == address


def _author(session: Session, name: str) -> _Found | None:
    posts: dict[str, list[str]] = defaultdict(list)
    key = salt_if_any(session)
    of_all = union(*(select(table.source) for table in _SEEN))
    for source in session.scalars(of_all).all():
        names = {pseudonym(key, source, one) for one in _spellings(name, source)}
        for table in _SEEN:
            posts[source] += session.scalars(
                select(table.post_id)
                .where(table.source == source, _said(table, "author").in_(names))
                .distinct()
            )
    posts = {source: ids for source, ids in posts.items() if ids}
    return _Found(f"author {name}", posts) if posts else None


def _spellings(name: str, source: str) -> Iterator[str]:
    """How a source may write an author of whom a person says this."""
    name = name.removeprefix(f"{source}:")
    yield name
    plain = name.removeprefix("/").removeprefix("u/").removeprefix("@")
    yield plain
    user, _, site = plain.partition("@")
    if site:  # Lemmy names a person by an address
        yield f"https://{site}/u/{user}"


def _said(table: type[Any], name: str) -> ColumnElement[Any]:
    """What is known of a post: a column, or in what waits a part of what is known."""
    column: ColumnElement[Any] = (
        getattr(table, name) if table is Sighting else table.seen[name].as_string()
    )
    return column


def _models_with(models_dir: Path, sha256s: Sequence[str]) -> Iterator[str]:
    """The models whose lists of memes name one of these files."""
    for folder in sorted(models_dir.glob("*/")):
        texts = (path.read_text("utf-8", "replace") for path in sorted(folder.glob("*.json")))
        if any(sha256 in text for text in texts for sha256 in sha256s):
            yield folder.name


_FINDERS: Final = {"meme": _meme, "post": _post, "author": _author}
