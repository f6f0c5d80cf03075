"""The models there are, a folder each, and which of them answers."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from core.errors import BadInput, MemeEraError, NotReady

__all__ = ["CARD", "KERAS_MODEL", "LITERT_MODEL", "SNAPSHOT", "Draft", "Registry"]

CARD: Final = "card.json"
KERAS_MODEL: Final = "model.keras"
LITERT_MODEL: Final = "model.tflite"
SNAPSHOT: Final = "snapshot.json"
_CHAMPION: Final = "champion"


@dataclass(frozen=True, slots=True)
class Draft:
    """A version in the making."""

    version: str
    folder: Path  # of what the version is to hold
    work_dir: Path  # keeps how far the run came, until it has ended well


class Registry:
    """A folder of model versions; a version is there whole or not at all."""

    def __init__(self, models_dir: Path) -> None:
        self._dir = models_dir

    @contextmanager
    def new_version(self, snapshot_hash: str, run_hash: str) -> Iterator[Draft]:
        """A draft to fill; it joins the registry, under its name, when the block ends well.

        Until then, a run with the same run_hash finds what this one left in its work_dir.

        Raises:
            NotReady: another run is at work.
        """
        with self._alone():
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
            for done in self._dir.glob(".work-*"):  # this run's, and those nobody came back to
                shutil.rmtree(done, ignore_errors=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While one run is at work, others are told so; the lock goes with its process."""
        try:
            self._dir.mkdir(parents=True, exist_ok=True)
            lock = (self._dir / ".lock").open("w")
        except OSError as error:
            raise MemeEraError(f"{self._dir}: cannot be written: {error.strerror}") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise NotReady(
                    f"another run is training in {self._dir}; wait until it has ended"
                ) from error
            yield

    def versions(self) -> list[str]:
        """All versions, oldest first."""
        if not self._dir.is_dir():
            return []
        return sorted(
            path.name
            for path in self._dir.iterdir()
            if not path.name.startswith(".") and (path / CARD).is_file()
        )

    def champion(self) -> str:
        """The version that answers.

        Raises:
            NotReady: there is no model yet.
        """
        versions = self.versions()
        try:
            named = (self._dir / _CHAMPION).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            named = ""
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{self._dir / _CHAMPION}: {error}; promote a version anew") from error
        if named in versions:
            return named
        if versions:
            return versions[-1]
        raise NotReady(
            f"there is no model in {self._dir} yet: make demo makes one from drawn memes, "
            "python -m training fit one from your collection"
        )

    def promote(self, version: str) -> None:
        """Let this version answer from now on.

        Raises:
            BadInput: there is no such version.
        """
        self.path(version)
        part = self._dir / f".{_CHAMPION}-{uuid4().hex}"
        try:
            part.write_text(version + "\n", encoding="utf-8")
            os.replace(part, self._dir / _CHAMPION)  # noqa: PTH105
        except OSError as error:
            raise MemeEraError(f"{self._dir}: cannot be written: {error.strerror}") from error

    def path(self, version: str) -> Path:
        """The folder of a version.

        Raises:
            BadInput: there is no such version.
        """
        if version not in self.versions():
            known = ", ".join(self.versions()) or "none"
            raise BadInput(f"there is no model {version!r}; there are: {known}")
        return self._dir / version

    def card(self, version: str) -> dict[str, Any]:
        """What a version says of itself.

        Raises:
            BadInput: there is no such version, or its card is damaged.
        """
        path = self.path(version) / CARD
        try:
            card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadInput(f"{path}: damaged: {error}") from error
        missing = {"classes", "metrics", "snapshot", "config"} - set(card)
        if missing:
            raise BadInput(f"{path}: damaged: lacks {', '.join(sorted(missing))}")
        return card
