"""The picture files, named by the SHA-256 of their bytes: a folder, or any store fsspec knows."""

import os
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import fsspec
from fsspec.implementations.local import LocalFileSystem

from core.errors import BadInput, MemeEraError
from core.settings import Settings

__all__ = ["FOLDERS", "MediaFile", "MediaStore"]

_EXTENSIONS: Final = {"JPEG": "jpg", "MPO": "jpg"}
_NAME: Final = re.compile(r"([0-9a-f]{64})\.[a-z0-9]+(\.[0-9a-f]+\.part)?")

# s3fs tries five times what botocore by itself tries five times, each of them for a minute: a store
# that takes connections and says nothing would hold a command for 25 minutes. So it is two.
_S3: Final[Mapping[str, Any]] = {
    "config_kwargs": {
        "connect_timeout": 10,
        "read_timeout": 20,
        "retries": {"total_max_attempts": 1},
    }
}

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
            options = _S3 if url.startswith(("s3:", "s3a:")) else {}
            self._fs, self._root = fsspec.core.url_to_fs(url, **options)
        except ImportError as error:
            how = "; pip install 'memeera[s3]'" if url.startswith("s3") else ""
            raise BadInput(f"MEMEERA_MEDIA_URL: {error}{how}") from error
        except Exception as error:  # each store has errors of its own for what it cannot use
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
        with self._telling(f"the picture {path} cannot be kept"):
            # A power cut may leave an empty file behind; it is written anew.
            if self._fs.exists(path) and self._fs.size(path) == len(data):
                return
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

    def has(self, sha256: str, format_name: str) -> bool:
        """Whether the file of a picture is there."""
        return bool(self._fs.exists(self.path(sha256, format_name)))

    def get(self, sha256: str, format_name: str) -> bytes:
        """The bytes of one picture.

        Raises:
            MemeEraError: the file is not there, or the store does not give it.
        """
        path = self.path(sha256, format_name)
        with self._telling(f"the picture {path} cannot be read"):
            try:
                return bytes(self._fs.cat_file(path))
            except FileNotFoundError as error:
                raise MemeEraError(
                    f"the picture {path} is missing, although the database knows it"
                ) from error

    def names(self) -> Iterator[str]:
        """The SHA-256 of every file kept."""
        with self._telling(f"the pictures in {self._root} cannot be listed"):
            found = self._fs.find(self._root) if self._fs.exists(self._root) else []
        for path in found:
            name = path.rsplit("/", 1)[-1]
            if not name.endswith(".part"):
                yield name.split(".", 1)[0]

    def files(self, folder: str) -> Iterator[MediaFile]:
        """The files in one of FOLDERS; those that the store cannot have written are passed over."""
        self._fs.invalidate_cache()
        with self._telling(f"the pictures in {self._root}/{folder} cannot be listed"):
            found = self._fs.find(f"{self._root}/{folder}", detail=True)
        for path, file in found.items():
            if (name := _NAME.fullmatch(path.rsplit("/", 1)[-1])) is not None:
                yield MediaFile(path, name[1], int(file["size"]), is_part=name[2] is not None)

    def age_s(self, file: MediaFile) -> float:
        """For how many seconds a file has been as it is; 0 where it is gone."""
        with self._telling(f"{file.path} cannot be looked at"):
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
        with self._telling(f"{path} cannot be removed"), suppress(FileNotFoundError):
            self._fs.rm_file(path)

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Turn what stores raise into an error of one line."""
        try:
            yield
        except (MemeEraError, TypeError, AttributeError):  # the last two are our own mistakes
            raise
        except OSError as error:
            raise MemeEraError(f"{what}: {error}") from error
        except Exception as error:  # a store's own: botocore's, aiohttp's, which share no ancestor
            if self._local:
                raise
            raise MemeEraError(
                f"{what}: {error}; is MEMEERA_MEDIA_URL right, does the store answer, and are "
                "there credentials for it?"
            ) from error


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except FileNotFoundError:  # the folder, most often there
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
