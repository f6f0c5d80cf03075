"""Which memes go into a data set, and on which side."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import NotReady
from db.labels import last_words
from db.listing import LabelledMeme, labelled_memes
from db.models import Sighting
from db.splits import KeptAside, Split, split

__all__ = ["SIDES", "Choice", "Chosen", "Selection", "choose"]

SIDES: Final = (Split.TRAIN, Split.VALIDATION, Split.TEST)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which memes of the collection are wanted, and how they are divided."""

    seed: int = 1
    test_fold: int | None = None
    min_votes: int = 1  # people who say the genre, where people say it
    weak: bool = False  # also those that only their communities say something of
    licensed: bool = False  # only those of which a source states a licence


@dataclass(frozen=True, slots=True)
class Chosen:
    """One meme that is wanted; a hundred thousand of these fit in memory."""

    meme: LabelledMeme
    split: Split
    family: str  # shared by what belongs together
    votes: int  # people whose word counts
    votes_for: int  # those of them who say this genre


@dataclass(frozen=True, slots=True)
class Selection:
    """All memes that are wanted, side by side; within a side in the order of their hashes.

    That order is as good as shuffled, and the same whoever exports.
    """

    chosen: tuple[Chosen, ...]
    n_annotators: int
    n_left_out: int  # of those that were asked for: they would leak into the test


def choose(session: Session, choice: Choice) -> Selection:
    """The memes that are wanted, each on its side.

    The sides are those of `training fit` with this seed: all labelled memes are divided, and then
    those that are not wanted are left aside.

    Raises:
        NotReady: there is no such meme, or too few to divide.
    """
    memes = labelled_memes(session)
    if not memes:
        raise NotReady(
            "no meme has a genre yet: python -m labeling, "
            "or python -m crawler import DIR --labels FILE"
        )
    family, sides = split(memes, choice.seed, KeptAside.of_fold(choice.test_fold))
    said = _Said.of(session, memes)
    wanted = _wanted(session, memes, said, choice)
    inside = sorted(
        (i for i in wanted if sides[i] is not Split.LEFT_OUT),
        key=lambda i: (SIDES.index(sides[i]), memes[i].sha256),
    )
    if not inside:
        raise NotReady(
            f"{len(memes)} memes have a genre, and none of them is as asked for: "
            "lower --min-votes, add --weak, or leave out --licensed"
        )
    names = _names(memes, family, inside)
    return Selection(
        tuple(
            Chosen(
                meme=memes[i],
                split=sides[i],
                family=names[family[i]],
                votes=said.votes[memes[i].meme_id],
                votes_for=said.votes_for[memes[i].meme_id],
            )
            for i in inside
        ),
        n_annotators=said.n_annotators({memes[i].meme_id for i in inside}),
        n_left_out=len(wanted) - len(inside),
    )


def _wanted(
    session: Session, memes: Sequence[LabelledMeme], said: "_Said", choice: Choice
) -> list[int]:
    """Positions of the memes that are asked for."""
    licensed = _licensed(session) if choice.licensed else {meme.meme_id for meme in memes}
    return [
        i
        for i, meme in enumerate(memes)
        if meme.meme_id in licensed
        and (said.votes_for[meme.meme_id] >= choice.min_votes if meme.by_people else choice.weak)
    ]


def _licensed(session: Session) -> set[int]:
    query = select(Sighting.meme_id).where(Sighting.licence != "", Sighting.gone_at.is_(None))
    return set(session.scalars(query))


def _names(
    memes: Sequence[LabelledMeme], family: Sequence[int], among: Iterable[int]
) -> dict[int, str]:
    """A name for each family: the least hash in it, of what is exported.

    So an export of an import of an export has the same names.
    """
    names: dict[int, str] = {}
    for i in sorted(among, key=lambda i: memes[i].sha256):
        names.setdefault(family[i], memes[i].sha256[:16])
    return names


@dataclass(slots=True)
class _Said:
    """What people said of memes: the last word of each, as in `db.labels.consensus`."""

    votes: Counter[int]  # by meme
    votes_for: Counter[int]  # by meme, those for its genre
    annotators: dict[str, set[int]]  # the memes that each judged

    @classmethod
    def of(cls, session: Session, memes: Iterable[LabelledMeme]) -> "_Said":
        genres = {meme.meme_id: meme.genre for meme in memes}
        words = last_words()
        said = cls(Counter(), Counter(), defaultdict(set))
        query = select(words.c.meme_id, words.c.annotator, words.c.genre)
        for meme_id, annotator, genre in session.execute(query.execution_options(yield_per=1000)):
            if meme_id in genres:
                said.votes[meme_id] += 1
                said.votes_for[meme_id] += genre == genres[meme_id]
                said.annotators[annotator].add(meme_id)
        return said

    def n_annotators(self, meme_ids: set[int]) -> int:
        return sum(not judged.isdisjoint(meme_ids) for judged in self.annotators.values())
