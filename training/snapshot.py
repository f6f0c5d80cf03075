"""What was known when a run began: memes, labels and sides, with a hash that names them all."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy.orm import Session

from core.errors import BadInput, NotReady
from core.genres import GENRES
from db.listing import labelled_memes
from db.splits import KeptAside, Split, split
from training.card import read_json
from training.registry import SNAPSHOT, STARTER, Registry

__all__ = ["BY_MODEL", "Row", "Snapshot", "learned_by", "snapshot_of", "unreadable"]

BY_MODEL: Final = "model"
"""The trust of a genre that a model alone has given."""

_N_NAMED: Final = 10  # memes that a line names


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
        if not path.exists():
            raise BadInput(f"{path}: the list of memes that a model was made from is not there")
        saved = read_json(path)
        try:
            snapshot = cls(tuple(_row(row) for row in saved["rows"]), saved["year"])
            if snapshot.hash == saved["hash"]:
                return snapshot
        except (ValueError, KeyError, TypeError, AttributeError) as error:
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

    def without(self, files: Set[str]) -> Self:
        """The same, but for the memes whose files these are, by SHA-256."""
        if not files:
            return self
        return replace(self, rows=tuple(row for row in self.rows if row.sha256 not in files))

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


def unreadable(rows: Sequence[Row]) -> str:
    """The line that tells which memes are left out, for their pictures cannot be read."""
    first = ", ".join(str(row.meme_id) for row in rows[:_N_NAMED])
    more = f" and {len(rows) - _N_NAMED} more" if len(rows) > _N_NAMED else ""
    return (
        f"left out: {len(rows)} memes whose pictures are missing or damaged ({first}{more}): "
        "python -m db check --repair"
    )


def snapshot_of(registry: Registry, version: str) -> Snapshot:
    """What a version that was made here was made of.

    Raises:
        BadInput: there is no such version, it was made elsewhere, or its list of memes is damaged.
    """
    if version == STARTER:
        raise BadInput(
            "the starter learned from memes elsewhere, of which there is no list here: name a "
            "version of your own (python -m training list), or make one: python -m training fit"
        )
    return Snapshot.load(registry.path(version) / SNAPSHOT)


def learned_by(registry: Registry, version: str) -> set[str]:
    """The files of this collection that a version learned from; of the starter, none.

    Raises:
        BadInput: there is no such version, or its list of memes is damaged.
    """
    if version == STARTER:
        return set()
    return {row.sha256 for row in snapshot_of(registry, version).learned}


def _row(saved: dict[str, Any]) -> Row:
    lists = {name: tuple(saved[name]) for name in ("folds", "places")}
    return Row(**{**saved, **lists, "split": Split(saved["split"])})
