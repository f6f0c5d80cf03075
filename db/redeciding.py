"""Decides one file of the collection anew, and does what follows from it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from core.errors import MemeEraError
from core.fingerprint import Fingerprint, fingerprint
from db.belonging import are_apart, families_left, home_by_word
from db.decisions import record, repeats, standing
from db.matching import Decision, Matcher, New, Repost, SameTemplate
from db.media import MediaStore
from db.models import Copy, DecidedBy, Meme, MemeStatus, Template
from db.pictures import as_columns, as_fingerprint, keep_words
from db.recognition import Looked
from db.regrouping import merge_meme, move_copy, split_copy
from db.templates import family_for, new_template, tidy_template

__all__ = ["Ahead", "Redecider", "Tally"]


@dataclass(slots=True)
class Tally:
    """What became of the files of one rematch."""

    memes: int = 0  # looked at
    merged: int = 0  # memes that became copies of another
    regrouped: int = 0  # memes that went to another family
    copies: int = 0  # looked at
    moved: int = 0  # copies that went to another meme
    split: int = 0  # copies that became memes
    read_anew: int = 0  # files of which an older version kept less
    skipped: int = 0  # files that cannot be read; they stay as they are
    passes: int = 1  # over the copies
    changed: int = 0  # copies moved or split in this pass

    @property
    def n_seen(self) -> int:
        """How many files were looked at."""
        return self.memes + self.copies

    def __str__(self) -> str:
        return (
            f"{self.memes} memes and {self.copies} copies decided anew: {self.merged} memes merged "
            f"into others, {self.regrouped} to another family, {self.moved} copies to another "
            f"meme, {self.split} made memes; {self.read_anew} files read anew, "
            f"{self.skipped} skipped"
        )


@dataclass(frozen=True, slots=True)
class Ahead:
    """What was found out about a file before the transaction in which it is decided."""

    looked: Looked
    read: Fingerprint | None = None  # where its row keeps less than a fingerprint has
    why_not: str | None = None  # it cannot be read


class Redecider:
    """Decides files anew with what a matcher knows; the caller owns the transactions."""

    def __init__(
        self, matcher: Matcher, media: MediaStore, tally: Tally, warn: Callable[[str], None]
    ) -> None:
        self._matcher = matcher
        self._media = media
        self.tally = tally
        self._warn = warn

    def look(self, session: Session, table: type[Meme] | type[Copy], file_id: int) -> Ahead:
        """Find out about a file what takes long; changes nothing."""
        looked, read = Looked(), None
        row = session.get(table, file_id, options=[undefer(table.signature)])
        assert row is None or isinstance(row, Meme | Copy)  # mypy sees their common base
        if row is None or not _may_be_shown(session, row):
            return Ahead(looked)
        data = self._bytes_of(row)
        try:
            if row.signature is None:
                read = fingerprint(data())
            picture = as_fingerprint(row) if read is None else read
            self._matcher.decide(session, picture, data, looked)
        except MemeEraError as error:
            return Ahead(looked, why_not=str(error))
        return Ahead(looked, read)

    def decide_meme(self, session: Session, meme_id: int, ahead: Ahead) -> None:
        """A meme stays, in the family where it belongs, or becomes a copy of an older one."""
        self.tally.memes += 1
        meme = session.get(Meme, meme_id, options=[undefer(Meme.signature)])
        if meme is None or (decision := self._decide(session, meme, ahead)) is None:
            return
        sha256, was = meme.sha256, meme.template_id
        if isinstance(decision, Repost):
            if are_apart(session, was, session.get_one(Meme, decision.of).template_id):
                return  # a person said that the two are not even of one family
            merge_meme(session, meme, decision.of)
            record(session, sha256, decision.of, decision, gone_id=meme_id)
            self.tally.merged += 1
            return
        meme.template_id = _home(session, meme, decision)
        tidy_template(session, meme.template_id)
        tidy_template(session, was)
        self.tally.regrouped += meme.template_id != was
        last = standing(session, sha256)
        said_by_person = last is not None and last.by == DecidedBy.PERSON
        if ahead.read or not (said_by_person or repeats(last, meme_id, decision)):
            record(session, sha256, meme_id, decision)

    def decide_copy(self, session: Session, copy_id: int, ahead: Ahead) -> None:
        """A copy stays, goes to the meme that it repeats, or becomes a meme of its own."""
        self.tally.copies += 1
        copy = session.get(Copy, copy_id, options=[undefer(Copy.signature)])
        if copy is None or copy.removed_at is not None:
            return
        comparable = select(Meme.id).where(Meme.id == copy.meme_id, Meme.signature.is_not(None))
        if session.scalar(comparable) is None:
            self._skip(copy, "its meme was skipped, so it stays with it")
            return
        if (decision := self._decide(session, copy, ahead)) is None:
            return
        sha256 = copy.sha256
        last = standing(session, sha256)
        if last is not None and last.by == DecidedBy.PERSON:
            return
        match decision:
            case Repost(of=meme_id):
                if meme_id != copy.meme_id:
                    move_copy(session, copy, meme_id)
                    self.tally.moved += 1
                    self.tally.changed += 1
            case _:
                home = family_for(session, decision)
                if home in families_left(session, sha256):
                    home = new_template(session)
                meme_id = split_copy(session, copy, home)
                self.tally.split += 1
                self.tally.changed += 1
        if not repeats(last, meme_id, decision):
            record(session, sha256, meme_id, decision)

    def _decide(self, session: Session, row: Meme | Copy, ahead: Ahead) -> Decision | None:
        """What a file is, its row completed first; None where that cannot be told."""
        if not _may_be_shown(session, row):
            return None
        if ahead.why_not is not None:
            self._skip(row, ahead.why_not)
            return None
        if ahead.read is not None:
            for name, value in as_columns(ahead.read).items():
                setattr(row, name, value)
            session.flush()
            self.tally.read_anew += 1
        looked = ahead.looked
        try:
            picture = as_fingerprint(row)
            decision = self._matcher.decide(session, picture, self._bytes_of(row), looked)
        except MemeEraError as error:
            self._skip(row, str(error))
            return None
        if decision.words is not None:
            row.words = decision.words
        for meme_id, lines in looked.read.items():
            keep_words(session, meme_id, lines)
        session.flush()
        return decision

    def _bytes_of(self, row: Meme | Copy) -> Callable[[], bytes]:
        return partial(self._media.get, row.sha256, row.format)

    def _skip(self, row: Meme | Copy, why: str) -> None:
        """Its file, or that of a meme it has to be compared with, is gone or no picture now."""
        path = self._media.path(row.sha256, row.format)
        self._warn(f"{why}; skipped" if path in why else f"{path}: {why}; skipped")
        self.tally.skipped += 1


def _may_be_shown(session: Session, row: Meme | Copy) -> bool:
    meme = row if isinstance(row, Meme) else session.get_one(Meme, row.meme_id)
    return row.removed_at is None and meme.status == MemeStatus.ACTIVE


def _home(session: Session, meme: Meme, decision: SameTemplate | New) -> int:
    """The family where a meme belongs: by a person's word, or else as it was decided."""
    if (by_word := home_by_word(session, meme)) is not None:
        return by_word
    was = meme.template_id
    if isinstance(decision, New) and _represents(session, meme):
        return was
    home = family_for(session, decision)
    # Nor is what stayed behind sent after a meme that a person took out.
    return was if are_apart(session, was, home) else home


def _represents(session: Session, meme: Meme) -> bool:
    template = session.get(Template, meme.template_id)
    return template is not None and template.representative_id == meme.id
