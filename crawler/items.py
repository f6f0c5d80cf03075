"""What passes between fetching and storing; each is one medium, on its way out of the frontier."""

from dataclasses import dataclass, field
from datetime import datetime

from core.errors import Reject
from db.frontier import Medium

__all__ = ["Failed", "Fetched", "Item", "SeenAgain"]


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of one medium."""

    medium: Medium
    data: bytes = field(repr=False)  # Scrapy logs items that fail


@dataclass(frozen=True, slots=True)
class SeenAgain:
    """An address that led to a known file before."""

    medium: Medium
    sha256: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A medium that could not be fetched, or is no picture."""

    medium: Medium
    reason: Reject
    detail: str
    passes: bool = False  # whether it is worth another try
    not_before: datetime | None = None  # when the site wants to be asked again


Item = Fetched | SeenAgain | Failed
