"""Reads what a request brings: bounded in bytes, in files and in time; no file's name is a path."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

import anyio
from anyio.lowlevel import checkpoint
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from app.problems import ApiError
from core.settings import Settings

__all__ = ["Upload", "Uploads", "media_type"]

_MULTIPART: Final = "multipart/form-data"
_PIECE: Final = 64 << 10  # bytes of a form that are parsed before others get a turn
_MAX_FIELD: Final = 1 << 10  # bytes of a form's field that is no file
_MULTIPART_HEADERS: Final = 64 << 10  # bytes of boundaries and names around files
_MAX_FIELDS: Final = 16  # of a form, besides its files
_MAX_REQUEST: Final = 128 << 20  # bytes of all the files of one request
# Bytes of all requests at a time; while a form is taken apart, its files are held twice.
_MAX_HELD: Final = 256 << 20


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
        async with self.form(request) as (upload, _):
            yield upload

    @asynccontextmanager
    async def form(self, request: Request) -> AsyncIterator[tuple[Upload, dict[str, str]]]:
        """A multipart form with one file: the file, and the other fields.

        Raises:
            ApiError: it is not such a form, or too large or too slow.
        """
        async with self.body(request, self._settings.max_bytes + _MULTIPART_HEADERS) as body:
            files, fields = await _parsed(request, body, max_files=1)
            self.check(files[0].data)
            yield files[0], fields

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
            found, _ = await _parsed(request, body, max_files)
            yield found

    @asynccontextmanager
    async def body(self, request: Request, max_bytes: int) -> AsyncIterator[bytes]:
        """A request's body; while the block lasts, its bytes count as held.

        Raises:
            ApiError: it is too large or too slow, or too much is held already.
        """
        told = request.headers.get("content-length", "")
        if told.isdecimal() and int(told) > max_bytes:
            raise _too_large(max_bytes, "request")
        body = bytearray()
        try:
            await self._fill(body, request, max_bytes)
            yield bytes(body)
        finally:
            self.n_bytes_held -= len(body)

    async def _fill(self, body: bytearray, request: Request, max_bytes: int) -> None:
        timeout_s = self._settings.upload_timeout_s
        try:
            with anyio.fail_after(timeout_s):
                async for chunk in request.stream():
                    self.n_bytes_held += len(chunk)
                    body += chunk
                    if len(body) > max_bytes:
                        raise _too_large(max_bytes, "request")
                    if self.n_bytes_held > _MAX_HELD:
                        raise ApiError(
                            429, "busy", "too much is being sent at once", retry_after_s=2
                        )
        except TimeoutError as error:
            raise ApiError(
                408, "slow_upload", f"the body did not arrive within {timeout_s:g} s"
            ) from error

    def check(self, picture: bytes) -> None:
        """Refuse a picture that is too large.

        Raises:
            ApiError: it is.
        """
        if len(picture) > self._settings.max_bytes:
            raise _too_large(self._settings.max_bytes, "picture")


def _too_large(max_bytes: int, what: str) -> ApiError:
    """What is said of more bytes than are taken."""
    return ApiError(413, "too_many_bytes", f"at most {max_bytes} bytes a {what} are taken")


def media_type(request: Request) -> str:
    """What a request says that its body is, without parameters; empty: it says nothing."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _parsed(
    request: Request, body: bytes, max_files: int
) -> tuple[list[Upload], dict[str, str]]:
    """The files of a multipart form, one at least, and its other fields."""
    if media_type(request) != _MULTIPART:
        raise ApiError(400, "bad_request", f"send a form: {_MULTIPART}")

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), _PIECE):
            yield body[start : start + _PIECE]
            await checkpoint()  # a form of nothing but boundaries takes seconds

    _, options = parse_options_header(request.headers.get("content-type"))
    if options.get(b"charset", b"utf-8").lower() not in (b"utf-8", b"utf8"):
        raise ApiError(400, "bad_request", "a form's names are in UTF-8")
    parser = MultiPartParser(
        request.headers,
        pieces(),  # type: ignore[arg-type]  # any that yields bytes
        max_files=max_files,
        max_fields=_MAX_FIELDS,
        max_part_size=_MAX_FIELD,
    )
    parser.spool_max_size = len(body) + 1  # in memory, where it is already: no disk to fill
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        message = getattr(error, "message", "the form cannot be read")
        if message.startswith("Too many files"):
            raise _too_many(max_files) from error
        raise ApiError(400, "bad_request", f"multipart: {message}") from error
    try:
        items = form.multi_items()
        uploads = [one for _, one in items if isinstance(one, UploadFile)]
        files = [Upload(_base_name(one.filename or ""), await one.read()) for one in uploads]
    finally:
        await form.close()
    if not files:
        raise ApiError(400, "no_picture", "the form has no file")
    return files, {name: one for name, one in items if isinstance(one, str)}


def _too_many(max_files: int) -> ApiError:
    if max_files == 1:
        return ApiError(400, "one_picture", "one picture a request; /v1/classify:batch takes more")
    return ApiError(413, "too_many_files", f"at most {max_files} pictures a request")


def _base_name(name: str) -> str:
    """What a file is called, without the folders that it lay in."""
    return PurePosixPath(name.replace("\\", "/")).name
