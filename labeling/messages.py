"""What the pages may ask of the server, each looked at before anything is done."""

from typing import Annotated, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from core.genres import GENRES
from db.models import Channel, Verdict
from db.worklist import Filters

__all__ = [
    "Answers",
    "Decisions",
    "ExamplesRequest",
    "HistoryRequest",
    "Join",
    "Merge",
    "NextRequest",
    "ReleaseRequest",
    "Split",
    "TakeBack",
    "TakeOut",
    "TokenRequest",
    "Undo",
    "Vote",
]

_MAX_TOGETHER: Final = 500
_GENRES: Final = frozenset(genre.key for genre in GENRES)

Key = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{8,64}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, StringConstraints(max_length=200)]
Id = Annotated[int, Field(ge=1, lt=2**63)]
MemeIds = Annotated[list[Id], Field(max_length=_MAX_TOGETHER)]
Year = Annotated[int, Field(ge=1900, le=9999)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Vote(_Request):
    """One answer."""

    op: Literal["vote"]
    key: Key  # the same answer sent again has the same
    sha256: Sha256
    verdict: Annotated[Verdict, Field(strict=False)]
    genre: str | None = None
    second_genre: str | None = None
    saw_suggestion: bool = False
    nsfw: bool | None = None
    year_low: Year | None = None  # both or neither
    year_high: Year | None = None
    settles: bool = False
    channel: Annotated[Channel, Field(strict=False)] = Channel.LABEL

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.genre is not None) != (self.verdict is Verdict.GENRE):
            raise ValueError("a vote names a genre, or says why not")
        if not {self.genre, self.second_genre} - {None} <= _GENRES:
            raise ValueError("there is no such genre")
        if self.second_genre is not None and self.second_genre == self.genre:
            raise ValueError("the second genre is another one than the first")
        if (self.year_low is None) != (self.year_high is None):
            raise ValueError("years are a first and a last one")
        if self.channel not in (Channel.LABEL, Channel.GRID, Channel.REVIEW):
            raise ValueError("no page of this tool answers so")
        return self


class Undo(_Request):
    """An answer taken back."""

    op: Literal["undo"]
    key: Key  # of the answer


class Answers(_Request):
    """What a person answered, in turn; each is checked by itself."""

    operations: Annotated[list[dict[str, object]], Field(max_length=_MAX_TOGETHER)]


class Split(_Request):
    """A file that is no repost of its meme."""

    op: Literal["split"]
    decision_id: Id  # that said it was


class Merge(_Request):
    """A meme that is another one, seen again."""

    op: Literal["merge"]
    meme_id: Id
    into_id: Id


class TakeOut(_Request):
    """A meme that is not of its family."""

    op: Literal["take_out"]
    meme_id: Id


class Join(_Request):
    """Two families that are one."""

    op: Literal["join"]
    template_id: Id
    into_id: Id


class TakeBack(_Request):
    """What a person decided, to be as if it was never said."""

    op: Literal["take_back"]
    decision_id: Id


class Decisions(_Request):
    """What a person says of reposts and families, in turn; each is checked by itself."""

    operations: Annotated[list[dict[str, object]], Field(max_length=_MAX_TOGETHER)]


class Asked(_Request):
    """Which memes are wanted (`db.worklist.Filters`)."""

    source: Text | None = None
    community: Text | None = None
    year_low: Year | None = None
    year_high: Year | None = None
    words: Text = ""
    suggested: Text | None = None
    template_id: Id | None = None

    def filters(self) -> Filters:
        """As the database has them."""
        return Filters(**self.model_dump())


class NextRequest(_Request):
    """The next memes to label."""

    n: Annotated[int, Field(ge=0, le=100)]
    filters: Asked = Asked()
    alike: bool = False  # those that look alike together, and not one of each family first
    again: MemeIds = []  # had before the page was closed
    holding: MemeIds = []  # still before the person
    is_one_lost: bool = False  # an answer never came: what it gave, this gives first


class ReleaseRequest(_Request):
    """Memes that are given back unanswered."""

    memes: MemeIds


class HistoryRequest(_Request):
    """What a person answered before."""

    before: Id | None = None  # a vote's id
    n: Annotated[int, Field(ge=1, le=100)] = 50


class TokenRequest(_Request):
    """Another token, before the one that a page has ends."""


class ExamplesRequest(_Request):
    """Memes that show what the genres are."""
