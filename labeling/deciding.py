"""Does what people say of reposts and families, each by itself."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from core.errors import BadInput
from core.validation import first_problem
from db.duplicates import undo
from db.joining import join_families, merge, split_family, take_back
from db.session import Database
from labeling.messages import Join, Merge, Split, TakeBack, TakeOut

__all__ = ["Decided", "decide"]

_Operation = TypeAdapter[Split | Merge | TakeOut | Join | TakeBack](
    Annotated[Split | Merge | TakeOut | Join | TakeBack, Field(discriminator="op")]
)


@dataclass(frozen=True, slots=True)
class Decided:
    """What one operation came to."""

    decision_id: int | None  # what it is taken back by; None: there is nothing to take back
    why_not: str = ""  # where it was refused, and nothing changed


def decide(database: Database, annotator: str, operation: dict[str, Any]) -> Decided:
    """Do one of them; where it cannot be done, nothing changes."""
    try:
        asked = _Operation.validate_python(operation)
        with database.writing_alone() as session:
            return Decided(_do(session, annotator, asked))
    except ValidationError as error:
        return Decided(None, first_problem(error))
    except BadInput as error:
        return Decided(None, str(error))


def _do(
    session: Session, annotator: str, asked: Split | Merge | TakeOut | Join | TakeBack
) -> int | None:
    match asked:
        case Split(decision_id=one):
            return undo(session, one, annotator).decision_id
        case Merge(meme_id=one, into_id=into):
            return merge(session, one, into, annotator).decision_id
        case TakeOut(meme_id=one):
            return split_family(session, one, annotator).decision_id
        case Join(template_id=one, into_id=into):
            return join_families(session, one, into, annotator).decision_id
        case TakeBack(decision_id=one):
            take_back(session, one, annotator)
            return None
