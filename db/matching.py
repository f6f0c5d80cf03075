"""Is this picture a meme we have, another meme on a template we have, or neither?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import cv2
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.batched import batched
from core.fingerprint import Fingerprint
from core.words import to_json
from db.candidates import Candidates
from db.columns import ASKED_AT_ONCE
from db.distinct import barred_from
from db.index import HashIndex
from db.media import MediaStore
from db.models import DecidedBy, DecisionRecord, Meme, MemeStatus
from db.recognition import FAMILY_BITS, NEAR_BITS, SHORT_BITS, Looked, Recognition

__all__ = ["Decision", "Matcher", "New", "Repost", "SameTemplate", "newest_decision"]

# Rows held at a time while the index loads: 20,000 leave the processor's cache and take twice as
# long.
_N_LOADED: Final = 2_000
# Above so many changes, and a quarter of all memes, reading all anew is quicker.
_MANY_CHANGES: Final = 10_000


# Made once: to put a statement together takes longer than to run it.
_NEWEST: Final = select(func.max(DecisionRecord.id))


@dataclass(frozen=True, slots=True)
class Repost:
    """The same meme again."""

    of: int  # meme id
    score: float  # residual of the worst spots, 0 to 1
    by: DecidedBy
    # What was read in the picture on the way, to be kept with it; None: nothing was read.
    words: list[Any] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SameTemplate:
    """Another meme on a base picture that we have."""

    template: int  # template id
    nearest: int  # meme id
    score: float
    by: DecidedBy
    also: tuple[int, ...] = ()  # templates that turn out to be the same one
    words: list[Any] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class New:
    """Neither."""

    nearest: int | None = None  # meme id, where there is any meme
    score: float | None = None
    by: DecidedBy = DecidedBy.BITS
    words: list[Any] | None = field(default=None, compare=False)


Decision = Repost | SameTemplate | New


def newest_decision(session: Session) -> int:
    """The last decision about any meme that a session sees; 0: none."""
    return session.connection().scalar(_NEWEST) or 0


class Matcher:
    """The hashes of all active memes in memory; it follows what any process does to memes.

    At first all are read from the table. From then on the decisions that were made since name the
    memes that came, changed or went (`db.decisions`).
    """

    def __init__(self, media: MediaStore) -> None:
        # Pictures here are small: OpenCV's threads would only wait for one another.
        cv2.setNumThreads(1)
        self._media = media
        self.n_forgotten = 0
        """How often it started over: what was found while it did is worth nothing."""
        self.forget()

    def forget(self) -> None:
        """Start over: for after a rollback, which takes back rows that were followed."""
        self._whole = HashIndex(64, 256)
        self._inner = HashIndex(256)  # of the memes that frame a picture
        self._last_decision: int | None = None
        self._up_to: int | None = 0  # the greatest meme id looked at; None: no bound
        self.n_forgotten += 1

    @property
    def as_of(self) -> int | None:
        """The last decision about any meme that was followed."""
        return self._last_decision

    def knows_beyond(self, meme_id: int) -> bool:
        """Whether memes with greater ids may have been taken in."""
        return self._up_to is None or self._up_to > meme_id

    def follow(self, session: Session, *, up_to: int | None = None) -> None:
        """Take in what became of memes since, by this process or another.

        With `up_to`, of memes with greater ids nothing is known; it never becomes less.
        """
        newest = newest_decision(session)
        if self._last_decision is not None and newest > self._last_decision:
            self._follow_decisions(session)
        if self._up_to is not None and (up_to is None or up_to > self._up_to):
            self._load(session, after=self._up_to, up_to=up_to)
            self._up_to = up_to
        # Not back: a session that began before may see less than is known.
        self._last_decision = max(newest, self._last_decision or 0)

    def decide(
        self,
        session: Session,
        picture: Fingerprint,
        data: Callable[[], bytes],
        looked: Looked | None = None,
    ) -> Decision:
        """What a picture is to the memes followed so far.

        Args:
            session: reads what is kept of the memes nearby.
            picture: what is asked about.
            data: gives the bytes of its file, where its words have to be read.
            looked: what was found out about it before; what is found now is added.
        """
        looked = Looked() if looked is None else looked
        candidates = Candidates(session, self._media)
        recognition = Recognition(
            picture,
            data,
            self,
            candidates,
            lambda: barred_from(session, picture.sha256),
            looked,
        )
        same = recognition.same()
        words = None if looked.words is None else to_json(looked.words)
        if same is not None:
            match, by_words = same
            by = DecidedBy.WORDS if by_words else DecidedBy.PIXELS
            return Repost(match.candidate.meme_id, match.overlay.score, by, words)
        by = DecidedBy.PIXELS if looked.words is None else DecidedBy.WORDS
        nearest = recognition.nearest
        if nearest is None:
            return New(words=words)
        template = nearest.candidate.template_id
        return SameTemplate(
            template,
            nearest=nearest.candidate.meme_id,
            score=nearest.overlay.score,
            by=by,
            also=tuple(sorted(recognition.one_family - {template})),
            words=words,
        )

    def learn(self, meme_id: int, picture: Fingerprint, decision_id: int) -> None:
        """Take in a meme that was just added, without asking the database.

        Only for whoever holds the lock on the collection and has followed it until now.
        """
        if self._last_decision is None:
            return
        self._take_in([(meme_id, picture.phash64, picture.phash256, picture.inner_phash256)])
        self._last_decision = decision_id

    def near(self, phash64: str, phash256: str, k: int, k_related: int = 0) -> list[int]:
        """The memes nearest by the long hash of their pictures, then by the short one."""
        related, near = self._whole.nearest(
            (phash64, SHORT_BITS, k_related), (phash256, NEAR_BITS, k)
        )
        in_turn = near + [(meme, bits) for meme, bits in related if bits <= FAMILY_BITS]
        return list(dict.fromkeys(meme for meme, _ in in_turn))

    def related(self, phash64: str, k: int) -> list[int]:
        """The memes nearest by the short hash of their pictures."""
        (related,) = self._whole.nearest((phash64, FAMILY_BITS, k))
        return [meme for meme, _ in related]

    def framing(self, phash256: str, k: int) -> list[int]:
        """The memes that frame the nearest pictures."""
        (framing,) = self._inner.nearest((phash256, NEAR_BITS, k))
        return [meme for meme, _ in framing]

    def _follow_decisions(self, session: Session) -> None:
        rows = session.execute(
            select(DecisionRecord.meme_id, DecisionRecord.gone_id)
            .where(DecisionRecord.id > self._last_decision)
            .execution_options(yield_per=_N_LOADED)
        )
        touched = {meme for row in rows for meme in row if meme is not None}
        if self._up_to is not None:
            touched = {meme for meme in touched if meme <= self._up_to}
        if len(touched) > max(_MANY_CHANGES, len(self._whole) // 4):
            up_to = self._up_to
            self.forget()
            self._load(session, after=0, up_to=up_to)
            self._up_to = up_to
            return
        for some in batched(sorted(touched), ASKED_AT_ONCE):
            self._take_in_again(session, some)

    def _take_in_again(self, session: Session, memes: Sequence[int]) -> None:
        rows = session.execute(
            select(Meme.id, Meme.phash64, Meme.phash256, Meme.inner_phash256).where(
                Meme.id.in_(memes), Meme.status == MemeStatus.ACTIVE
            )
        ).all()
        gone: dict[int, Sequence[str] | None] = dict.fromkeys(memes)
        self._whole.update(gone | {row.id: (row.phash64, row.phash256) for row in rows})
        framing = {row.id: (row.inner_phash256,) for row in rows if row.inner_phash256}
        self._inner.update(gone | framing)

    def _load(self, session: Session, *, after: int, up_to: int | None) -> None:
        """Take in memes in the order of their ids, a part of the rows at a time."""
        query = (
            select(Meme.id, Meme.phash64, Meme.phash256, Meme.inner_phash256)
            .where(Meme.id > after, Meme.status == MemeStatus.ACTIVE)
            .order_by(Meme.id)
        )
        if up_to is not None:
            query = query.where(Meme.id <= up_to)
        # Through the connection: the session would take a third longer over rows that are plain.
        rows = session.connection().execute(query, execution_options={"yield_per": _N_LOADED})
        for some in rows.partitions():
            self._take_in(some)

    def _take_in(self, rows: Sequence[Any]) -> None:
        """Take in memes that were not held: id, the two hashes, and that of what it frames."""
        memes, short, long, inner = zip(*rows, strict=True)
        self._whole.append(memes, short, long)
        framing = [(meme, code) for meme, code in zip(memes, inner, strict=True) if code]
        self._inner.append([meme for meme, _ in framing], [code for _, code in framing])
