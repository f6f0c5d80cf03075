"""The memes that no model of this collection learns from, so that any two can be compared."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from sqlalchemy.orm import Session

from core.errors import BadInput
from db.listing import LabelledMeme, labelled_memes
from db.splits import KeptAside, Split, families
from training.card import read_json
from training.registry import SNAPSHOT, STARTER, Registry
from training.snapshot import Snapshot

__all__ = ["HOLDOUT", "take_snapshot"]

HOLDOUT: Final = "holdout.json"  # beside the models
_ONE_IN: Final = 7  # of the families that come later, as of those that were there (db/splits.py)


@dataclass(frozen=True, slots=True)
class _Holdout:
    """Files by SHA-256: those kept aside, and all that were there when it was decided."""

    files: frozenset[str]
    considered: frozenset[str]

    @classmethod
    def load(cls, path: Path) -> Self:
        saved = read_json(path)
        try:
            files, considered = saved["sha256"], saved.get("considered", [])
            if not all(isinstance(sha256, str) for sha256 in [*files, *considered]):
                raise TypeError("not all of it are names of files")
        except (KeyError, TypeError, AttributeError) as error:
            raise BadInput(
                f"{path}: damaged ({error}); delete it, and the test of the model that answers "
                "becomes it"
            ) from error
        return cls(frozenset(files), frozenset(considered))

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        saved = {"sha256": sorted(self.files), "considered": sorted(self.considered)}
        part.write_text(json.dumps(saved), encoding="utf-8")
        part.replace(path)

    def grown(self, memes: list[LabelledMeme]) -> Self:
        """With one in seven of the families that are new, so that it stays a fair share.

        By the family's least hash: however many come at a time, the same are chosen.
        """
        of_family: dict[int, list[str]] = {}
        for meme, family in zip(memes, families(memes), strict=True):
            of_family.setdefault(family, []).append(meme.sha256)
        before = self.files | self.considered
        added = {
            sha256
            for those in of_family.values()
            if before.isdisjoint(those) and int(min(those), 16) % _ONE_IN == 0
            for sha256 in those
        }
        return type(self)(self.files | added, before | {meme.sha256 for meme in memes})


def take_snapshot(session: Session, models_dir: Path, seed: int) -> Snapshot:
    """All that is known now, with the holdout as its test; the first time it is chosen.

    Whole families are kept aside, and what was once stays so.

    Raises:
        NotReady: too little is labelled.
        BadInput: the holdout's file is damaged.
    """
    path, memes = models_dir / HOLDOUT, labelled_memes(session)
    before = _Holdout.load(path) if path.is_file() else None
    labelled = {meme.sha256 for meme in memes}
    if before is None or before.files.isdisjoint(labelled):
        chosen = _chosen(session, models_dir, seed)
    else:
        chosen = before if before.considered else _Holdout(before.files, frozenset(labelled))
    holdout = chosen.grown(memes)
    snapshot = Snapshot.take(session, seed, KeptAside(files=holdout.files))
    if holdout != before:
        holdout.save(path)
    return snapshot


def _chosen(session: Session, models_dir: Path, seed: int) -> _Holdout:
    """The test of the model that answers: it did not learn that. Of the starter, any part."""
    registry = Registry(models_dir)
    champion = registry.champion() if registry.all_versions() else STARTER
    if champion == STARTER:
        first = Snapshot.take(session, seed)
    else:
        first = Snapshot.load(registry.path(champion) / SNAPSHOT)
    files = frozenset(row.sha256 for row in first.of(Split.TEST))
    return _Holdout(files, frozenset(row.sha256 for row in first.rows))
