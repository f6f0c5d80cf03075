"""The picture files, named by the SHA-256 of their bytes: a folder, or any store fsspec knows."""

import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import fsspec
from fsspec.implementations.local import LocalFileSystem

from core.errors import BadInput, MemeEraError
from core.settings import Settings

__all__ = ["FOLDERS", "MediaFile", "MediaStore"]

_EXTENSIONS: Final = {"JPEG": "jpg", "MPO": "jpg"}
_NAME: Final = re.compile(r"([0-9a-f]{64})\.[a-z0-9]+(\.[0-9a-f]+\.part)?")

FOLDERS: Final = tuple(f"{number:02x}" for number in range(256))
"""What files are divided into: by the first two digits of their SHA-256."""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One file of the store, or what was left of one when its writer was killed."""

    path: str
    sha256: str
    n_bytes: int
    is_part: bool


class MediaStore:
    """The picture files of one collection."""

    def __init__(self, url: str) -> None:
        try:
            self._fs, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise BadInput(f"MEMEERA_MEDIA_URL: {error}") from error
        self._local = isinstance(self._fs, LocalFileSystem)

    @classmethod
    def open(cls, settings: Settings) -> "MediaStore":
        """The store that the settings name; by default the folder media/ in the data folder.

        Raises:
            BadInput: fsspec cannot use the URL, or lacks the package that it needs.
        """
        url = settings.media_url or str(settings.data_dir / "media")
        return cls(url)

    @property
    def root(self) -> str:
        """Where the files are."""
        return str(self._fs.unstrip_protocol(self._root))

    def put(self, sha256: str, format_name: str, data: bytes) -> None:
        """Keep the bytes as they came. Keeping the same bytes twice changes nothing."""
        path = self.path(sha256, format_name)
        # A power cut may leave an empty file behind; it is written anew.
        if self._fs.exists(path) and self._fs.size(path) == len(data):
            return
        try:
            if not self._local:
                self._fs.pipe_file(path, data)  # object stores show a file only when it is whole
                return
            # Whole or absent, also for a reader, and after a kill in the middle.
            part = Path(f"{path}.{uuid.uuid4().hex}.part")
            try:
                _write(part, data)
                os.replace(part, path)  # noqa: PTH105
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise MemeEraError(f"the picture {path} cannot be kept: {error}") from error

    def has(self, sha256: str, format_name: str) -> bool:
        """Whether the file of a picture is there."""
        return bool(self._fs.exists(self.path(sha256, format_name)))

    def get(self, sha256: str, format_name: str) -> bytes:
        """The bytes of one picture.

        Raises:
            MemeEraError: the file is not there.
        """
        path = self.path(sha256, format_name)
        try:
            return bytes(self._fs.cat_file(path))
        except OSError as error:
            raise MemeEraError(
                f"the picture {path} is missing, although the database knows it"
            ) from error

    def names(self) -> Iterator[str]:
        """The SHA-256 of every file kept."""
        if self._fs.exists(self._root):
            for path in self._fs.find(self._root):
                name = path.rsplit("/", 1)[-1]
                if not name.endswith(".part"):
                    yield name.split(".", 1)[0]

    def files(self, folder: str) -> Iterator[MediaFile]:
        """The files in one of FOLDERS; those that the store cannot have written are passed over."""
        self._fs.invalidate_cache()
        for path, file in self._fs.find(f"{self._root}/{folder}", detail=True).items():
            if (name := _NAME.fullmatch(path.rsplit("/", 1)[-1])) is not None:
                yield MediaFile(path, name[1], int(file["size"]), is_part=name[2] is not None)

    def age_s(self, file: MediaFile) -> float:
        """For how many seconds a file has been as it is; 0 where it is gone."""
        try:
            modified: datetime = self._fs.modified(file.path)
        except FileNotFoundError:
            return 0.0
        return (datetime.now(UTC) - modified).total_seconds()

    def remove(self, file: MediaFile) -> None:
        """Delete one file.

        Raises:
            MemeEraError: it cannot be deleted.
        """
        self._delete(file.path)

    def delete(self, sha256: str, format_name: str) -> None:
        """Delete the file of a picture, if there is one.

        Raises:
            MemeEraError: it cannot be deleted.
        """
        self._delete(self.path(sha256, format_name))

    def path(self, sha256: str, format_name: str) -> str:
        """Where the file of a picture is, or would be."""
        extension = _EXTENSIONS.get(format_name, format_name.lower())
        return f"{self._root}/{sha256[:2]}/{sha256}.{extension}"

    def _delete(self, path: str) -> None:
        try:
            self._fs.rm_file(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise MemeEraError(f"{path} cannot be removed: {error}") from error


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except FileNotFoundError:  # the folder, most often there
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
