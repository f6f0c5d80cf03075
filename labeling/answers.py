"""Takes in what people answered: each by itself, and each once, however often it is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from core.errors import BadInput
from core.validation import first_problem
from db.labels import cast, undo
from db.sightings import kept
from db.worklist import release
from labeling.messages import Undo, Vote

__all__ = ["Became", "Outcome", "take_in"]

_Operation = TypeAdapter[Vote | Undo](Annotated[Vote | Undo, Field(discriminator="op")])


class Became(StrEnum):
    """What a vote, or the undoing of one, came to."""

    KEPT = "kept"
    KNOWN = "known"  # it was sent before
    REFUSED = "refused"  # it cannot be kept, however often it is sent


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one operation came to."""

    became: Became
    why: str = ""  # where it was refused


def take_in(
    session: Session, annotator: str, operations: Sequence[dict[str, Any]]
) -> list[Outcome]:
    """Do each in turn; one that cannot be done ends none of the others."""
    return [_take_in(session, annotator, operation) for operation in operations]


def _take_in(session: Session, annotator: str, operation: dict[str, Any]) -> Outcome:
    try:
        match _Operation.validate_python(operation):
            case Vote() as vote:
                return _cast(session, annotator, vote)
            case Undo(key=key):
                is_new = undo(session, annotator, key)
                return Outcome(Became.KEPT if is_new else Became.KNOWN)
    except ValidationError as error:
        return Outcome(Became.REFUSED, first_problem(error))


def _cast(session: Session, annotator: str, vote: Vote) -> Outcome:
    file = kept(session, vote.sha256)
    if file is None:
        return Outcome(Became.REFUSED, "there is no such picture")
    low, high = vote.year_low, vote.year_high
    try:
        is_new = cast(
            session,
            file.meme_id,
            annotator,
            genre=vote.genre,
            channel=vote.channel,
            verdict=vote.verdict,
            second_genre=vote.second_genre,
            saw_suggestion=vote.saw_suggestion,
            nsfw=vote.nsfw,
            years=None if low is None or high is None else (low, high),
            settles=vote.settles,
            idempotency_key=vote.key,
            copy_id=file.copy_id,
        )
    except BadInput as error:
        return Outcome(Became.REFUSED, str(error))
    release(session, annotator, [file.meme_id])
    return Outcome(Became.KEPT if is_new else Became.KNOWN)
