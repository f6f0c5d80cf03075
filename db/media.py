"""The picture files, named by the SHA-256 of their bytes: a folder, or any store fsspec knows."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import fsspec
from fsspec.implementations.local import LocalFileSystem

from core.errors import BadInput, MemeEraError
from core.settings import Settings

__all__ = ["MediaStore"]

_EXTENSIONS: Final = {"JPEG": "jpg", "MPO": "jpg"}


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

    def put(self, sha256: str, format_name: str, data: bytes) -> None:
        """Keep the bytes as they came. Keeping the same bytes twice changes nothing."""
        path = self._path(sha256, format_name)
        # A power cut may leave an empty file behind; it is written anew.
        if self._fs.exists(path) and self._fs.size(path) == len(data):
            return
        try:
            if not self._local:
                self._fs.pipe_file(path, data)  # object stores show a file only when it is whole
                return
            # Whole or absent, also for a reader, and after a kill in the middle.
            part = Path(f"{path}.{uuid.uuid4().hex}.part")
            part.parent.mkdir(parents=True, exist_ok=True)
            try:
                part.write_bytes(data)
                os.replace(part, path)  # noqa: PTH105
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise MemeEraError(f"the picture {path} cannot be kept: {error}") from error

    def get(self, sha256: str, format_name: str) -> bytes:
        """The bytes of one picture.

        Raises:
            MemeEraError: the file is not there.
        """
        path = self._path(sha256, format_name)
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

    def _path(self, sha256: str, format_name: str) -> str:
        extension = _EXTENSIONS.get(format_name, format_name.lower())
        return f"{self._root}/{sha256[:2]}/{sha256}.{extension}"
