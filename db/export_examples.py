"""All that a data set tells of each meme in it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.genres import GENRES
from db.export_choice import Chosen
from db.models import Community, Meme, Sighting
from db.splits import Split

__all__ = ["CLASSES", "Example", "describe"]

CLASSES: Final = tuple(genre.key for genre in GENRES)
"""The genres; a label is a place in here."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row of a data set."""

    file_name: str
    sha256: str
    format: str
    genre: str
    label: int  # place in CLASSES
    split: Split
    family: str
    by_people: bool
    weight: float  # 1 for people's labels, below it for a community's prior
    votes: int
    votes_for: int
    trust: str | None
    year_low: int | None
    year_high: int | None
    fold: int | None
    community: str | None  # of a weak label, the one that it is from
    nsfw: bool
    width: int  # px
    height: int  # px
    frames: int
    title: str | None
    words: tuple[str, ...]  # lines that were read in the picture
    sources: tuple[str, ...]
    communities: tuple[str, ...]
    permalinks: tuple[str, ...]
    licences: tuple[str, ...]


def describe(
    session: Session, chosen: Sequence[Chosen], file_names: Iterable[str]
) -> Iterator[Example]:
    """All that is known of these memes, in their order; some hundreds at a time."""
    ids = [one.meme.meme_id for one in chosen]
    memes = {
        row.id: row
        for row in session.execute(
            select(Meme.id, Meme.width, Meme.height, Meme.frames, Meme.nsfw, Meme.words).where(
                Meme.id.in_(ids)
            )
        )
    }
    seen: defaultdict[int, list[Any]] = defaultdict(list)
    for row in session.execute(
        select(
            Sighting.meme_id,
            Sighting.source,
            Sighting.community,
            Sighting.permalink,
            Sighting.title,
            Sighting.licence,
            Sighting.gone_at,
        )
        .where(Sighting.meme_id.in_(ids))
        .order_by(Sighting.id)
    ):
        seen[row.meme_id].append(row)
    priors = {
        row.name: row.genre for row in session.execute(select(Community.name, Community.genre))
    }
    for one, file_name in zip(chosen, file_names, strict=True):
        yield _example(one, file_name, memes[one.meme.meme_id], seen[one.meme.meme_id], priors)


def _example(
    one: Chosen, file_name: str, row: Any, seen: Sequence[Any], priors: dict[str, str]
) -> Example:
    meme = one.meme
    there = [place for place in seen if place.gone_at is None]  # what is gone is not passed on
    communities = _distinct(place.community for place in there)
    telling = [name for name in communities if meme.by_people or priors.get(name) == meme.genre]
    return Example(
        file_name=file_name,
        sha256=meme.sha256,
        format=meme.format,
        genre=meme.genre,
        label=CLASSES.index(meme.genre),
        split=one.split,
        family=one.family,
        by_people=meme.by_people,
        weight=meme.weight,
        votes=one.votes,
        votes_for=one.votes_for,
        trust=meme.trust,
        year_low=meme.year_low,
        year_high=meme.year_high,
        fold=meme.folds[0] if meme.folds else None,
        community=telling[0] if telling else None,
        nsfw=row.nsfw,
        width=row.width,
        height=row.height,
        frames=row.frames,
        title=next((place.title for place in there if place.title), None),
        words=tuple(line["text"] for line in row.words or ()),
        sources=_distinct(place.source for place in there),
        communities=communities,
        permalinks=_distinct(place.permalink for place in there),
        licences=_distinct(place.licence for place in there),
    )


def _distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
