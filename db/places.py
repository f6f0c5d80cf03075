"""Where files were seen, for people who look at them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from db.models import Copy, Meme, Sighting

__all__ = ["Place", "first_places"]


@dataclass(frozen=True, slots=True)
class Place:
    """One place where a file was seen, in the words of its source."""

    source: str
    community: str | None
    title: str | None
    address: str  # of the post, or of the picture where that has none
    posted_at: datetime | None
    n_places: int  # where this file was seen, this one included


def first_places(session: Session, sha256s: Collection[str], n: int) -> dict[str, list[Place]]:
    """Where each of these files was seen first, in at most n places; files seen nowhere lack."""
    of_files = union_all(
        select(Meme.sha256, Sighting.id)
        .join(Sighting, (Sighting.meme_id == Meme.id) & Sighting.copy_id.is_(None))
        .where(Meme.sha256.in_(sha256s)),
        select(Copy.sha256, Sighting.id)
        .join(Sighting, Sighting.copy_id == Copy.id)
        .where(Copy.sha256.in_(sha256s)),
    ).subquery()
    sha256, sighting = of_files.c
    numbered = select(
        sha256,
        sighting,
        func.row_number().over(partition_by=sha256, order_by=sighting).label("place"),
        func.count().over(partition_by=sha256).label("n_places"),
    ).subquery()
    rows = session.execute(
        select(
            numbered.c.sha256,
            Sighting.source,
            Sighting.community,
            Sighting.title,
            func.coalesce(Sighting.permalink, Sighting.image_url),
            Sighting.posted_at,
            numbered.c.n_places,
        )
        .join(numbered, numbered.c.id == Sighting.id)
        .where(numbered.c.place <= n)
        .order_by(numbered.c.sha256, numbered.c.place)
    )
    found: dict[str, list[Place]] = {}
    for file, *place in rows:
        found.setdefault(file, []).append(Place(*place))
    return found
