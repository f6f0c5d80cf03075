"""What the collection holds: memes with all that is known of them, counts, the labelled ones."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload, undefer

from db.labels import consensus, weak_labels
from db.models import Base, Meme, MemeStatus, Sighting, Verdict
from db.years import Years, said_of, year_by_meme, years_of

__all__ = [
    "LabelledMeme",
    "UnlabelledMeme",
    "describe_memes",
    "labelled_memes",
    "stats",
    "unlabelled_memes",
]


@dataclass(frozen=True, slots=True)
class LabelledMeme:
    """One meme that training can use."""

    meme_id: int
    sha256: str
    format: str
    genre: str
    weight: float  # 1 for people's labels, below it for a community's prior
    by_people: bool
    trust: str | None  # what an imported label says of itself
    template_id: int
    groups: tuple[str, ...]  # what its sources say it belongs with
    folds: tuple[int, ...]  # those its sources put it in; reposts may lie in several
    sources: tuple[str, ...]
    places: tuple[str, ...]  # the communities it was seen in; where none is named, the sources
    # When it was made, both included; None: nothing is known on that side.
    year_low: int | None
    year_high: int | None


@dataclass(frozen=True, slots=True)
class UnlabelledMeme:
    """One meme whose genre neither people nor communities say."""

    meme_id: int
    sha256: str
    format: str
    template_id: int
    places: tuple[str, ...]  # as of LabelledMeme
    year_low: int | None
    year_high: int | None


def describe_memes(session: Session) -> Iterator[dict[str, Any]]:
    """Every meme, ready for JSON, in the order they came."""
    labels = {row.meme_id: row.genre for row in session.execute(consensus())}
    said = said_of(session)
    memes = session.scalars(
        select(Meme)
        .options(selectinload(Meme.sightings), undefer(Meme.words))
        .order_by(Meme.id)
        .execution_options(yield_per=1000)
    )
    for meme in memes:
        yield {
            "id": meme.id,
            "sha256": meme.sha256,
            "template_id": meme.template_id,
            "status": meme.status,
            "year": years_of(meme.sightings, said.get(meme.id, ())).high,
            "label": labels.get(meme.id),
            "words": None if meme.words is None else [line["text"] for line in meme.words],
            "sightings": [
                {
                    "source": sighting.source,
                    "community": sighting.community,
                    "post_id": sighting.post_id,
                    "image_url": sighting.image_url,
                    "posted_at": sighting.posted_at.isoformat() if sighting.posted_at else None,
                }
                for sighting in meme.sightings
            ],
        }


def stats(session: Session) -> dict[str, Any]:
    """Counts by table, label, community, source and year, ready for JSON."""
    label = consensus().subquery()
    active = Meme.status == MemeStatus.ACTIVE
    genres = session.execute(
        select(label.c.genre, func.count())
        .join(Meme, Meme.id == label.c.meme_id)
        .where(active, label.c.genre.is_not(None))
        .group_by(label.c.genre)
    )
    per_meme = func.count(Sighting.meme_id.distinct())
    communities = session.execute(
        select(Sighting.community, per_meme)
        .where(Sighting.community.is_not(None))
        .group_by(Sighting.community)
    )
    sources = session.execute(select(Sighting.source, per_meme).group_by(Sighting.source))
    years = Counter(year for _, year in session.execute(year_by_meme()))
    return {
        "tables": {
            table.name: session.scalar(select(func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
        },
        "genres": _by_size(dict(genres.all())),
        "communities": _by_size(dict(communities.all())),
        "sources": _by_size(dict(sources.all())),
        "years": {
            str(year or "unknown"): years[year] for year in sorted(years, key=lambda y: y or 0)
        },
    }


def labelled_memes(session: Session) -> list[LabelledMeme]:
    """The memes that have a genre: people's where they gave one, else their communities' prior."""
    votes = {row.meme_id: row for row in session.execute(consensus())}
    priors = {row.meme_id: row for row in session.execute(weak_labels())}
    said = said_of(session)
    labelled = []
    for meme in _active_memes(session):
        vote = votes.get(meme.id)
        years = years_of(meme.sightings, said.get(meme.id, ()))
        if vote is not None and vote.verdict == Verdict.GENRE:
            one = _labelled(meme, years, vote.genre, 1.0, by_people=True, trust=vote.trust)
            labelled.append(one)
        elif vote is None and (prior := priors.get(meme.id)) is not None:
            one = _labelled(meme, years, prior.genre, prior.weight, by_people=False, trust=None)
            labelled.append(one)
        # Not a meme, or nobody can tell: people's word keeps it out, whatever the community.
    return labelled


def unlabelled_memes(session: Session) -> list[UnlabelledMeme]:
    """The memes of which neither people nor communities say anything."""
    judged = {row.meme_id for row in session.execute(consensus())}
    judged |= {row.meme_id for row in session.execute(weak_labels())}
    said = said_of(session)
    return [
        _unlabelled(meme, years_of(meme.sightings, said.get(meme.id, ())))
        for meme in _active_memes(session)
        if meme.id not in judged
    ]


def _active_memes(session: Session) -> Iterable[Meme]:
    return session.scalars(
        select(Meme)
        .where(Meme.status == MemeStatus.ACTIVE)
        .options(selectinload(Meme.sightings))
        .order_by(Meme.id)
        .execution_options(yield_per=1000)
    )


def _places(meme: Meme) -> tuple[str, ...]:
    return tuple(sorted({s.community or s.source for s in meme.sightings}))


def _unlabelled(meme: Meme, years: Years) -> UnlabelledMeme:
    return UnlabelledMeme(
        meme_id=meme.id,
        sha256=meme.sha256,
        format=meme.format,
        template_id=meme.template_id,
        places=_places(meme),
        year_low=years.low,
        year_high=years.high,
    )


def _labelled(
    meme: Meme, years: Years, genre: str, weight: float, *, by_people: bool, trust: str | None
) -> LabelledMeme:
    return LabelledMeme(
        meme_id=meme.id,
        sha256=meme.sha256,
        format=meme.format,
        genre=genre,
        weight=weight,
        by_people=by_people,
        trust=trust,
        template_id=meme.template_id,
        groups=tuple(
            sorted({f"{s.source}:{s.source_group}" for s in meme.sightings if s.source_group})
        ),
        folds=tuple(sorted({s.fold for s in meme.sightings if s.fold is not None})),
        sources=tuple(sorted({s.source for s in meme.sightings})),
        places=_places(meme),
        year_low=years.low,
        year_high=years.high,
    )


def _by_size(counts: dict[Any, int]) -> dict[str, int]:
    return {str(key): n for key, n in sorted(counts.items(), key=lambda kv: (-kv[1], str(kv[0])))}
