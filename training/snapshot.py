"""What was known when a run began: memes, labels and sides, with a hash that names them all."""

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy.orm import Session

from core.errors import BadInput, NotReady
from core.genres import GENRES
from db.listing import labelled_memes
from db.splits import KeptAside, Split, split

__all__ = ["BY_MODEL", "Row", "Snapshot"]

BY_MODEL: Final = "model"
"""The trust of a genre that a model alone has given."""


@dataclass(frozen=True, slots=True)
class Row:
    """One meme as a run sees it."""

    meme_id: int
    sha256: str
    format: str
    genre: str
    weight: float
    by_people: bool
    trust: str | None
    family: int
    folds: tuple[int, ...]
    places: tuple[str, ...]  # where it was seen
    year_low: int | None
    year_high: int | None
    split: Split
    opinion: dict[str, float] | None = None  # probability by genre, by the model that teaches

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        kept = asdict(self)
        if self.opinion is None:
            del kept["opinion"]
        return kept


@dataclass(frozen=True)
class Snapshot:
    """All that one run learns from and is tested on."""

    rows: tuple[Row, ...]
    year: int  # in which it was taken: nothing can be younger

    @classmethod
    def take(cls, session: Session, seed: int, aside: KeptAside | None = None) -> Self:
        """What the database knows now.

        Raises:
            NotReady: too few labels, or of fewer than two genres.
        """
        memes = labelled_memes(session)
        n_genres = len({meme.genre for meme in memes})
        if n_genres < 2:
            raise NotReady(
                f"there are labels of {n_genres} genres; learning takes two or more: "
                "python -m crawler import DIR --labels FILE.csv, or python -m labeling"
            )
        family, sides = split(memes, seed, aside)
        return cls(
            tuple(
                Row(
                    meme_id=meme.meme_id,
                    sha256=meme.sha256,
                    format=meme.format,
                    genre=meme.genre,
                    weight=meme.weight,
                    by_people=meme.by_people,
                    trust=meme.trust,
                    family=family[i],
                    folds=meme.folds,
                    places=meme.places,
                    year_low=meme.year_low,
                    year_high=meme.year_high,
                    split=sides[i],
                )
                for i, meme in enumerate(memes)
            ),
            datetime.now(UTC).year,
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """A snapshot as it was saved.

        Raises:
            BadInput: the file is missing or damaged.
        """
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
            snapshot = cls(tuple(_row(row) for row in saved["rows"]), saved["year"])
            if snapshot.hash == saved["hash"]:
                return snapshot
        except FileNotFoundError as error:
            raise BadInput(
                f"{path}: the list of memes that a model was made from is not there"
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{path}: not a snapshot that can be read: {error}") from error
        raise BadInput(f"{path}: its rows do not match its hash; it was changed or damaged")

    def save(self, path: Path) -> None:
        """Write it as JSON, a row a line."""
        rows = ",\n".join(json.dumps(row.as_dict()) for row in self.rows)
        path.write_text(
            f'{{"hash": "{self.hash}", "year": {self.year}, "rows": [\n{rows}\n]}}\n',
            encoding="utf-8",
        )

    @cached_property
    def hash(self) -> str:
        """SHA-256 over all rows, in hex: the same memes, labels and sides have the same."""
        text = json.dumps([self.year, *(row.as_dict() for row in self.rows)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The genres to tell apart, in their fixed order; those a network can learn here."""
        trained = {row.genre for row in self.of(Split.TRAIN)}
        return tuple(genre.key for genre in GENRES if genre.key in trained)

    @property
    def learned(self) -> list[Row]:
        """The rows that a run learns from, or calibrates by."""
        return self.of(Split.TRAIN) + self.of(Split.VALIDATION)

    def of(self, side: Split) -> list[Row]:
        """The rows of one side; for validation, those of genres that are learned."""
        rows = [row for row in self.rows if row.split is side]
        if side is Split.VALIDATION:
            return [row for row in rows if row.genre in self.classes]
        return rows

    def counts(self) -> dict[str, Any]:
        """How many memes lie on each side, and of each genre, ready for JSON."""
        sides = Counter(row.split.value for row in self.rows)
        genres = Counter(row.genre for row in self.rows)
        return {
            "splits": {side.value: sides[side.value] for side in Split},
            "genres": {genre.key: genres[genre.key] for genre in GENRES if genres[genre.key]},
            "families": len({row.family for row in self.rows}),
            "by_people": sum(row.by_people for row in self.rows),
            "by_model": sum(row.trust == BY_MODEL for row in self.rows),
        }


def _row(saved: dict[str, Any]) -> Row:
    lists = {name: tuple(saved[name]) for name in ("folds", "places")}
    return Row(**{**saved, **lists, "split": Split(saved["split"])})
