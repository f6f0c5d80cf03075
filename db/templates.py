"""Template families: how memes come into them and leave them, and which there are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from db.belonging import one_family
from db.columns import insert_row
from db.decisions import standing_id
from db.matching import New, SameTemplate
from db.models import DecisionRecord, Meme, MemeStatus, Outcome, Sighting, Template

__all__ = [
    "Family",
    "Member",
    "families",
    "family_for",
    "lead",
    "members",
    "merge_templates",
    "n_families",
    "n_members",
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


@dataclass(frozen=True, slots=True)
class Member:
    """One meme of a family, as a list shows it."""

    meme_id: int
    sha256: str
    n_sightings: int
    nearest_id: int | None  # the meme by which it came into the family
    score: float | None  # how unlike that one


def family_for(session: Session, decision: SameTemplate | New) -> int:
    """The template for a meme of which that was decided: an old one, or one made for it.

    Templates that turn out to be one become one, but for those that a person told apart.
    """
    match decision:
        case SameTemplate(template=template, also=also):
            return merge_templates(session, one_family(session, template, also))
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


def families(
    session: Session, *, limit: int | None, offset: int = 0, at_least: int = 2
) -> Iterator[Family]:
    """The families of so many memes that may be shown, the largest first."""
    of_size = _sizes(at_least)
    n_memes = of_size.selected_columns.n_memes
    sizes = (
        of_size.order_by(n_memes.desc(), Meme.template_id).limit(limit).offset(offset).subquery()
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


def n_families(session: Session, *, at_least: int = 2) -> int:
    """How many families there are of so many memes that may be shown."""
    sizes = _sizes(at_least).subquery()
    return session.scalar(select(func.count()).select_from(sizes)) or 0


def members(session: Session, template_id: int, *, limit: int, offset: int = 0) -> Iterator[Member]:
    """The memes of a family that may be shown, the oldest first."""
    n_sightings = (
        select(func.count(Sighting.id)).where(Sighting.meme_id == Meme.id).scalar_subquery()
    )
    rows = session.execute(
        select(Meme.id, Meme.sha256, n_sightings, DecisionRecord.nearest_id, DecisionRecord.score)
        .outerjoin(
            DecisionRecord,
            (DecisionRecord.id == standing_id(Meme.sha256))
            & (DecisionRecord.outcome == Outcome.SAME_TEMPLATE),
        )
        .where(Meme.template_id == template_id, Meme.status == MemeStatus.ACTIVE)
        .order_by(Meme.id)
        .limit(limit)
        .offset(offset)
    )
    for row in rows:
        yield Member(*row)


def n_members(session: Session, template_id: int) -> int:
    """How many memes of a family may be shown."""
    of_it = (Meme.template_id == template_id, Meme.status == MemeStatus.ACTIVE)
    return session.scalar(select(func.count()).where(*of_it)) or 0


def _sizes(at_least: int) -> Select[int, int]:
    """How many memes that may be shown each family has, of those with so many."""
    n_memes = func.count().label("n_memes")
    return (
        select(Meme.template_id, n_memes)
        .where(Meme.status == MemeStatus.ACTIVE)
        .group_by(Meme.template_id)
        .having(n_memes >= at_least)
    )
