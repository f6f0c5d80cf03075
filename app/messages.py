"""What the API answers, field by field; its OpenAPI document is made from these."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.genres import GENRES
from db.known import Relation

__all__ = [
    "Batch",
    "Classification",
    "CorrectionTaken",
    "Failure",
    "Health",
    "Heat",
    "KnownPicture",
    "Labelled",
    "Meme",
    "Model",
    "OfFile",
    "Predictions",
    "Problem",
    "ReadLine",
    "Similar",
    "Version",
    "Year",
    "Years",
]

Probability = Annotated[float, Field(ge=0, le=1)]
Genre = Annotated[str, Field(json_schema_extra={"enum": [genre.key for genre in GENRES]})]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Labelled(_Message):
    """A genre and how likely it is."""

    label: Genre
    score: Probability


class Year(_Message):
    """When the meme was made: as likely earlier as later than `value`; `low` to `high` holds four
    times in five."""

    value: int
    low: int
    high: int
    text: str = Field(description='In words, such as "between 2015 and 2017, about 2016".')
    vague: bool = Field(description="Whether it says so little that a curve would mislead.")
    reasons: list[str] = Field(description="What speaks for it, in words.")


class Years(_Message):
    """How likely each year is, from `first` on."""

    first: int
    scores: list[Probability]


class ReadLine(_Message):
    """A line of words that was read in the picture."""

    text: str
    box: tuple[Probability, Probability, Probability, Probability] = Field(
        description="Left, top, right, bottom, as shares of the picture's sides."
    )
    confidence: Probability


class Heat(_Message):
    """Where the model looked: how much each place speaks for the first genre."""

    label: Genre
    rows: Annotated[int, Field(ge=1)]
    columns: Annotated[int, Field(ge=1)]
    values: list[Probability] = Field(description="Row by row from the top.")


class Meme(_Message):
    """A meme of the collection."""

    id: int
    sha256: str
    label: Genre | None = Field(description="What people agree on; null: nobody has said.")
    nsfw: bool
    n_seen: int = Field(description="In how many places it was seen.")
    source: str | None
    community: str | None
    title: str | None
    permalink: str | None
    posted_at: datetime | None = Field(description="Of where it was first seen.")


class Similar(_Message):
    """A meme that the model sees as like this one."""

    cosine: Annotated[float, Field(ge=-1, le=1.001)]
    meme: Meme


class KnownPicture(_Message):
    """What the picture is to the collection."""

    relation: Relation
    meme: Meme | None = Field(description="The one it is, or the nearest on its template.")
    n_of_template: int = Field(description="Memes on that template.")


class Classification(_Message):
    """What the model says of one picture."""

    model: str = Field(description="The version that answered.")
    genre: list[Labelled] = Field(description="The likeliest first.")
    year: Year
    words: list[str] | None = Field(description="The lines read in it; null: they were not read.")
    abstain: bool = Field(description="Whether the model is too unsure to be relied on.")
    ms: float = Field(description="Milliseconds from bytes to answer, waiting left out.")
    # What else was asked for with `include`.
    years: Years | None = None
    lines: list[ReadLine] | None = None
    map: Heat | None = None
    known: KnownPicture | None = None
    similar: list[Similar] | None = None


class Problem(_Message):
    """What went wrong, for a program and for a person."""

    code: str
    message: str


class Failure(_Message):
    """The body of every answer that is an error."""

    error: Problem


class OfFile(_Message):
    """What became of one file of several."""

    file: str
    answer: Classification | None = None
    error: Problem | None = None


class Batch(_Message):
    """What became of each file, in the order they came."""

    results: list[OfFile]


class Predictions(_Message):
    """Of each instance what the model says, as TensorFlow Serving answers."""

    predictions: list[Classification]


class Status(_Message):
    """As TensorFlow Serving tells that a version can be asked."""

    error_code: Literal["OK"] = "OK"
    error_message: str = ""


class Version(_Message):
    """A version that can be asked, as TensorFlow Serving tells it."""

    version: str
    state: Literal["AVAILABLE"] = "AVAILABLE"
    status: Status = Status()


class Model(_Message):
    """The model that answers."""

    model_version_status: list[Version]
    genres: list[Genre]
    years: tuple[int, int] = Field(description="The first and the last year it knows.")
    reads_words: bool
    card: dict[str, object] = Field(description="What it was learned from and how it did.")


class CorrectionTaken(_Message):
    """What became of a correction."""

    meme_id: int
    is_new: bool = Field(description="false: this very correction had been taken before.")


class Health(_Message):
    """Whether pictures are being answered."""

    status: Literal["ok", "degraded"]
    model: str
    problem: str | None = Field(description="What is wrong with a newer model, where there is one.")
