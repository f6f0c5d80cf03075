"""The models there are, a folder each, and which of them answers."""

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn
from uuid import uuid4

from core.errors import BadInput, MemeEraError, NotReady
from core.file_lock import file_lock
from training.card import read_card

__all__ = [
    "ANSWERS",
    "CARD",
    "KERAS_MODEL",
    "LITERT_MODEL",
    "SNAPSHOT",
    "STARTER",
    "Draft",
    "Registry",
    "starter_dir",
]

ANSWERS: Final = "answers.npz"
CARD: Final = "card.json"
KERAS_MODEL: Final = "model.keras"
LITERT_MODEL: Final = "model.tflite"
SNAPSHOT: Final = "snapshot.json"
STARTER: Final = "starter"
"""The version that ships with the project: it answers until another one is better."""

_CHAMPION: Final = "champion"
_N_REMEMBERED: Final = 20  # versions that answered before
# What a run left that was stopped; nobody comes back to it after so long.
_WORK_KEPT_S: Final = 30 * 24 * 3600


def starter_dir() -> Path:
    """Where the starter is; nothing else knows."""
    return Path(__file__).resolve().parents[1] / "models" / STARTER


@dataclass(frozen=True, slots=True)
class Draft:
    """A version in the making."""

    version: str
    folder: Path  # of what the version is to hold
    work_dir: Path  # keeps how far the run came, until it has ended well


class Registry:
    """A folder of model versions, and the starter; a version is there whole or not at all."""

    def __init__(self, models_dir: Path, starter: Path | None = None) -> None:
        """Open a folder, which need not be there yet; starter: None: the one that ships."""
        self._dir = models_dir
        self._starter_dir = starter or starter_dir()

    @contextmanager
    def new_version(self, snapshot_hash: str, run_hash: str) -> Iterator[Draft]:
        """A draft to fill; it joins the registry, under its name, when the block ends well.

        Until then, a run with the same run_hash finds what this one left in its work_dir.

        Raises:
            NotReady: another run is at work.
        """
        with file_lock(self._dir / ".lock", self._taken):
            version = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{snapshot_hash[:8]}"
            if (self._dir / version).exists():  # another run of the same second
                version += f"-{uuid4().hex[:4]}"
            for left in self._dir.glob(".draft-*"):  # of a run that was killed
                shutil.rmtree(left, ignore_errors=True)
            draft = Draft(
                version, self._dir / f".draft-{version}", self._dir / f".work-{run_hash[:16]}"
            )
            draft.folder.mkdir()
            draft.work_dir.mkdir(exist_ok=True)
            try:
                yield draft
                draft.folder.rename(self._dir / version)
            finally:
                shutil.rmtree(draft.folder, ignore_errors=True)
            shutil.rmtree(draft.work_dir, ignore_errors=True)
            self._forget_given_up()

    def _forget_given_up(self) -> None:
        """Delete what stopped runs left long ago; what is younger, the same run goes on from."""
        for left in self._dir.glob(".work-*"):
            written = [path.stat().st_mtime for path in (left, *left.rglob("*"))]
            if max(written) < time.time() - _WORK_KEPT_S:
                shutil.rmtree(left, ignore_errors=True)

    def _taken(self) -> NoReturn:
        raise NotReady(f"another run is training in {self._dir}; wait until it has ended")

    def versions(self) -> list[str]:
        """The versions that were made here, oldest first."""
        if not self._dir.is_dir():
            return []
        return sorted(
            path.name
            for path in self._dir.iterdir()
            if not path.name.startswith(".") and (path / CARD).is_file()
        )

    def all_versions(self) -> list[str]:
        """The starter, where it ships, and the versions that were made here, oldest first."""
        has_starter = (self._starter_dir / CARD).is_file()
        return [STARTER] * has_starter + self.versions()

    def champion(self, but: str | None = None) -> str:
        """The version that answers: the one promoted last; before any was, the starter.

        Args:
            but: which would answer if it were not for this one.

        Raises:
            NotReady: there is no model yet.
        """
        if answered := [version for version in self._answered() if version != but]:
            return answered[0]
        if versions := [version for version in self.versions() if version != but]:
            return versions[-1]
        raise NotReady(
            f"there is no model in {self._dir} yet: make demo makes one from drawn memes, "
            "python -m training fit one from your collection"
        )

    def promote(self, version: str) -> None:
        """Let this version answer from now on.

        Raises:
            BadInput: there is no such version, or it cannot answer: its card is damaged.
        """
        self.card(version)
        before = [one for one in self._promoted() if one != version]
        self._write_promoted([version, *before[:_N_REMEMBERED]])

    def roll_back(self) -> str:
        """Let the version answer that did before the champion; gives it.

        Raises:
            NotReady: there is none.
        """
        champion = self.champion()
        before = [one for one in self._answered() if one != champion]
        if not before:
            raise NotReady(f"no model answered before {champion}; there is nothing to go back to")
        self._write_promoted([*before, champion])
        return before[0]

    def prune(self, n_kept: int) -> list[str]:
        """Delete all but the newest versions, and those that answer and answered last; tells which.

        Args:
            n_kept: how many of the newest stay, 1 or more.
        """
        versions = self.versions()
        kept = {*versions[-n_kept:], *self._answered()[:2]}
        gone = [version for version in versions if version not in kept]
        for version in gone:
            # Its card goes first: half deleted, it is no version.
            (self._dir / version / CARD).unlink()
            shutil.rmtree(self._dir / version)
        return gone

    def _answered(self) -> list[str]:
        """The versions that answered and are still there, the last one first.

        The starter was the first of all, whether it was promoted since or not.
        """
        there = self.all_versions()
        promoted = [version for version in self._promoted() if version in there]
        return promoted + [STARTER] * (STARTER in there and STARTER not in promoted)

    def _promoted(self) -> list[str]:
        """The versions that were promoted, the last one first; some may be gone."""
        try:
            return (self._dir / _CHAMPION).read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{self._dir / _CHAMPION}: {error}; promote a version anew") from error

    def _write_promoted(self, versions: Sequence[str]) -> None:
        part = self._dir / f".{_CHAMPION}-{uuid4().hex}"
        try:
            part.write_text("".join(f"{version}\n" for version in versions), encoding="utf-8")
            os.replace(part, self._dir / _CHAMPION)  # noqa: PTH105
        except OSError as error:
            raise MemeEraError(f"{self._dir}: cannot be written: {error.strerror}") from error

    def described(self) -> list[dict[str, Any]]:
        """Each version with its figures, the starter first, then oldest first, ready for JSON.

        One whose card is damaged has an error in place of its figures.
        """
        champion = self.champion() if self.all_versions() else None
        return [
            {"version": version, "champion": version == champion} | self._figures(version)
            for version in self.all_versions()
        ]

    def _figures(self, version: str) -> dict[str, Any]:
        try:
            card = self.card(version)
        except BadInput as error:
            return {"error": str(error)}
        return {
            "macro_f1": card["metrics"]["macro_f1"],
            "n_train": card["snapshot"]["splits"]["train"],
            "weights": card["config"]["weights"],
        }

    def report(self) -> list[str]:
        """The same for people, a line a version; * marks the one that answers."""
        return [
            f"{'*' if row['champion'] else ' '} {row['version']}  "
            + (
                row["error"]
                if "error" in row
                else f"macro F1 {row['macro_f1']:.3f}  {row['n_train']} memes  "
                f"weights {row['weights']}"
            )
            for row in self.described()
        ]

    def path(self, version: str) -> Path:
        """The folder of a version, or of the starter.

        Raises:
            BadInput: there is no such version.
        """
        there = self.all_versions()
        if version not in there:
            raise BadInput(
                f"there is no model {version!r}; there are: {', '.join(there) or 'none'}"
            )
        return self._starter_dir if version == STARTER else self._dir / version

    def card(self, version: str) -> dict[str, Any]:
        """What a version says of itself.

        Raises:
            BadInput: there is no such version, or its card is damaged.
        """
        return read_card(self.path(version) / CARD)
