"""Reads what a request brings: bounded in bytes, in files and in time; no file's name is a path."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

import anyio
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from app.problems import ApiError
from core.settings import Settings

__all__ = ["Upload", "Uploads", "media_type"]

_MULTIPART: Final = "multipart/form-data"
_MULTIPART_HEADERS: Final = 64 << 10  # bytes of boundaries and names around files
_MAX_REQUEST: Final = 128 << 20  # bytes of all the files of one request
_MAX_HELD: Final = 512 << 20  # bytes of all requests at a time


@dataclass(frozen=True, slots=True)
class Upload:
    """One file that came."""

    name: str  # without folders; empty: none was given
    data: bytes


class Uploads:
    """Of one server: what all requests bring together is bounded as well."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.n_bytes_held = 0

    @asynccontextmanager
    async def picture(self, request: Request) -> AsyncIterator[Upload]:
        """The one picture of a request: its body, or the one file of a multipart form.

        Raises:
            ApiError: it is none, there are several, or it is too large or too slow.
        """
        if media_type(request) != _MULTIPART:
            async with self.body(request, self._settings.max_bytes) as body:
                yield Upload("", body)
            return
        async with self.files(request, max_files=1) as files:
            yield files[0]

    @asynccontextmanager
    async def files(self, request: Request, max_files: int) -> AsyncIterator[list[Upload]]:
        """The files of a multipart form, in their order.

        Each may still be larger than is taken.

        Raises:
            ApiError: there is no form, or it has no file or too many, or it is too large or slow.
        """
        most = max(
            self._settings.max_bytes, min(max_files * self._settings.max_bytes, _MAX_REQUEST)
        )
        async with self.body(request, most + _MULTIPART_HEADERS) as body:
            if media_type(request) != _MULTIPART:
                raise ApiError(400, "bad_request", f"send a form: {_MULTIPART}")
            found = await _files(request, body, max_files)
            if not found:
                raise ApiError(400, "no_picture", "the form has no file")
            yield found

    @asynccontextmanager
    async def body(self, request: Request, max_bytes: int) -> AsyncIterator[bytes]:
        """A request's body; while the block lasts, its bytes count as held.

        Raises:
            ApiError: it is too large or too slow, or too much is held already.
        """
        told = request.headers.get("content-length", "")
        if told.isdecimal() and int(told) > max_bytes:
            raise self.too_large()
        body = bytearray()
        try:
            with anyio.fail_after(self._settings.upload_timeout_s):
                async for chunk in request.stream():
                    self.n_bytes_held += len(chunk)
                    body += chunk
                    if len(body) > max_bytes:
                        raise self.too_large()
                    if self.n_bytes_held > _MAX_HELD:
                        raise ApiError(
                            429, "busy", "too much is being sent at once", retry_after_s=2
                        )
            yield bytes(body)
        except TimeoutError as error:
            timeout_s = self._settings.upload_timeout_s
            raise ApiError(
                408, "slow_upload", f"the body did not arrive within {timeout_s:g} s"
            ) from error
        finally:
            self.n_bytes_held -= len(body)

    def too_large(self) -> ApiError:
        """What is said of more bytes than are taken."""
        return ApiError(
            413, "too_many_bytes", f"at most {self._settings.max_bytes} bytes a picture are taken"
        )


def media_type(request: Request) -> str:
    """What a request says that its body is, without parameters; empty: it says nothing."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _files(request: Request, body: bytes, max_files: int) -> list[Upload]:
    async def once() -> AsyncIterator[bytes]:
        yield body

    # One more than may come, so that it can be told from a form that is damaged.
    parser = MultiPartParser(request.headers, once(), max_files=max_files + 1, max_fields=max_files)  # type: ignore[arg-type]
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        message = getattr(error, "message", None) or "the form cannot be read"
        raise ApiError(400, "bad_request", f"multipart: {message}") from error
    try:
        found = [one for _, one in form.multi_items() if isinstance(one, UploadFile)]
        if len(found) > max_files:
            code = "one_picture" if max_files == 1 else "too_many_files"
            most = "one picture" if max_files == 1 else f"at most {max_files} pictures"
            raise ApiError(400 if max_files == 1 else 413, code, f"{most} a request")
        return [Upload(_base_name(one.filename or ""), await one.read()) for one in found]
    finally:
        await form.close()


def _base_name(name: str) -> str:
    """What a file is called, without the folders that it lay in."""
    return PurePosixPath(name.replace("\\", "/")).name
