"""Template families: how memes come into them and leave them, and which there are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from db.columns import insert_row
from db.matching import New, SameTemplate
from db.models import Meme, MemeStatus, Sighting, Template

__all__ = [
    "Family",
    "families",
    "family_for",
    "lead",
    "merge_templates",
    "new_template",
    "tidy_template",
]


# Made once: to put a statement together takes longer than to run it.
_LEAD: Final = update(Template).where(Template.id == bindparam("template"))


@dataclass(frozen=True, slots=True)
class Family:
    """One template, as a list shows it."""

    id: int
    n_memes: int
    n_sightings: int
    representative_id: int | None
    sha256: str | None  # of the representative
    image_url: str | None  # where the representative was seen first


def family_for(session: Session, decision: SameTemplate | New) -> int:
    """The template for a meme of which that was decided: an old one, or one made for it."""
    match decision:
        case SameTemplate(template=template, also=also):
            return merge_templates(session, {template, *also})
        case New():
            return new_template(session)


def new_template(session: Session) -> int:
    """Make a family that has no memes yet."""
    return insert_row(session, Template)


def merge_templates(session: Session, templates: Iterable[int]) -> int:
    """Make one family of several; the oldest stays, with its representative. Gives its id."""
    keep, *others = sorted(set(templates))
    if others:
        session.execute(update(Meme).where(Meme.template_id.in_(others)).values(template_id=keep))
        session.execute(delete(Template).where(Template.id.in_(others)))
    return keep


def lead(session: Session, template_id: int, meme_id: int) -> None:
    """Let a new family be represented by its first meme."""
    session.connection().execute(_LEAD, {"template": template_id, "representative_id": meme_id})


def tidy_template(session: Session, template_id: int) -> None:
    """After memes came or left: its representative is its oldest meme, or it is no more."""
    session.flush()
    template = session.get(Template, template_id)
    if template is None:  # merged into another meanwhile
        return
    if template.representative_id is not None:
        home = select(Meme.template_id).where(Meme.id == template.representative_id)
        if session.scalar(home) == template_id:
            return
    oldest = select(func.min(Meme.id)).where(Meme.template_id == template_id)
    template.representative_id = session.scalar(oldest)
    if template.representative_id is None:
        session.delete(template)
    session.flush()


def families(session: Session, *, limit: int | None, at_least: int = 2) -> Iterator[Family]:
    """The families of so many memes that may be shown, the largest first."""
    n_memes = func.count().label("n_memes")
    sizes = (
        select(Meme.template_id, n_memes)
        .where(Meme.status == MemeStatus.ACTIVE)
        .group_by(Meme.template_id)
        .having(n_memes >= at_least)
        .order_by(n_memes.desc(), Meme.template_id)
        .limit(limit)
        .subquery()
    )
    n_sightings = (
        select(func.count(Sighting.id))
        .join(Meme, Meme.id == Sighting.meme_id)
        .where(Meme.template_id == sizes.c.template_id, Meme.status == MemeStatus.ACTIVE)
        .scalar_subquery()
    )
    image_url = (
        select(Sighting.image_url)
        .where(Sighting.meme_id == Template.representative_id, Sighting.copy_id.is_(None))
        .order_by(Sighting.id)
        .limit(1)
        .scalar_subquery()
    )
    representative = select(Meme.id, Meme.sha256).subquery()
    rows = session.execute(
        select(
            Template.id,
            sizes.c.n_memes,
            n_sightings,
            Template.representative_id,
            representative.c.sha256,
            image_url,
        )
        .join(sizes, sizes.c.template_id == Template.id)
        .outerjoin(representative, representative.c.id == Template.representative_id)
        .order_by(sizes.c.n_memes.desc(), Template.id)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        yield Family(*row)
