"""The routes beside the Streamlit pages: pictures, what is to be labelled, and the answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from functools import partial, wraps
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from core.browser import EXAMPLES, PICTURE_HEADERS, Modules
from core.errors import MemeEraError
from core.origins import is_same_origin
from core.settings import Settings
from core.validation import first_problem
from db.labels import answers_of
from db.media import MediaStore
from db.session import Database
from db.showing import PictureRow, Shown, examples, picture_row, shown, small_picture
from db.worklist import Overlap, labelled_by, leased_to, release, renew
from labeling.access import Access, Refused
from labeling.answers import Became, take_in
from labeling.deciding import decide
from labeling.login import account_of, has_login
from labeling.messages import (
    Answers,
    Decisions,
    ExamplesRequest,
    HistoryRequest,
    NextRequest,
    ReleaseRequest,
    TokenRequest,
)
from labeling.worklist import Worklist

__all__ = ["PREFIX", "TOKEN_HEADER", "Routes", "cookie_name"]

PREFIX: Final = "/labeling"
TOKEN_HEADER: Final = "X-Memeera-Token"  # noqa: S105  # its name
_BROWSER: Final = Path(__file__).with_name("browser")
_N_EXAMPLES: Final = 4  # of each genre
_MAX_BODY: Final = 1 << 20  # bytes: a thousand answers are a fifth of it
_BODY_S: Final = 20.0  # in which it has to be here; the page gives up after 15

_MEDIA_TYPES: Final = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
    "BMP": "image/bmp",
}

_Message = TypeVar("_Message", bound=BaseModel)
_Handler = Callable[["Routes", Request], Awaitable[Response]]


def cookie_name(port: int) -> str:
    """Of the session; browsers keep cookies of all ports of a host together."""
    return f"memeera_{port}"


class _Failed(MemeEraError):
    """A request that cannot be answered, with its HTTP status."""

    def __init__(self, status: int, why: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.headers = headers or {}


def _telling(handler: _Handler) -> _Handler:
    """Answer an error by its status and one line."""

    @wraps(handler)
    async def answer(routes: "Routes", request: Request) -> Response:
        headers = {"Cache-Control": "no-store"}
        try:
            answer = await handler(routes, request)
        except _Failed as error:
            return JSONResponse({"error": str(error)}, error.status, headers | dict(error.headers))
        except Refused as error:
            return JSONResponse({"error": str(error)}, 403, headers)
        except MemeEraError as error:  # the database is busy, or a file is gone
            return JSONResponse({"error": str(error)}, 503, headers)
        if renewed := getattr(request.state, "token", None):
            answer.headers[TOKEN_HEADER] = renewed
        return answer

    return answer


class Routes:
    """What answers; one for each server.

    Args:
        settings: of the collection.
        port: tells the port on which the server listens, once it does.
    """

    def __init__(self, settings: Settings, port: Callable[[], int]) -> None:
        self._database = Database.open(settings)
        self._media = MediaStore.open(settings)
        self._port = port
        self.access = Access.of(self._database)
        self._worklist = Worklist(
            self._database, Overlap(settings.overlap_share, settings.overlap_votes)
        )
        self._worklist.prepare()

    def routes(self) -> list[BaseRoute]:
        """For Starlette."""
        # Streamlit reads its base path (server.baseUrlPath) only once it runs.
        return [
            one for prefix in (PREFIX, f"/{{base:path}}{PREFIX}") for one in self._under(prefix)
        ]

    def _under(self, prefix: str) -> list[BaseRoute]:
        posts: dict[str, _Handler] = {
            "next": Routes._next,
            "answers": Routes._answers,
            "decisions": Routes._decisions,
            "release": Routes._release,
            "history": Routes._history,
            "examples": Routes._examples,
            "token": Routes._token,
        }
        return [
            Route(f"{prefix}/media/{{sha256}}", partial(Routes._picture, self)),
            Route(f"{prefix}/thumbnail/{{sha256}}", partial(Routes._thumbnail, self)),
            *(
                Route(f"{prefix}/{name}", partial(handler, self), methods=["POST"])
                for name, handler in posts.items()
            ),
            Mount(f"{prefix}/browser/examples", Modules(directory=EXAMPLES)),
            Mount(f"{prefix}/browser", Modules(directory=_BROWSER)),
        ]

    @_telling
    async def _picture(self, request: Request) -> Response:
        self._check_session(request)
        row = await asyncio.to_thread(self._row, request.path_params["sha256"])
        if row is None or row.format not in _MEDIA_TYPES:
            raise _Failed(404, "there is no such picture")
        data = await asyncio.to_thread(self._media.get, row.sha256, row.format)
        return Response(data, media_type=_MEDIA_TYPES[row.format], headers=PICTURE_HEADERS)

    @_telling
    async def _thumbnail(self, request: Request) -> Response:
        self._check_session(request)
        sha256 = request.path_params["sha256"]
        whole = "whole" in request.query_params
        small = await asyncio.to_thread(
            small_picture, self._database, self._media, sha256, whole=whole
        )
        if small is None:
            raise _Failed(404, "there is no such picture, or it is damaged")
        return Response(small, media_type="image/jpeg", headers=PICTURE_HEADERS)

    @_telling
    async def _next(self, request: Request) -> Response:
        annotator, asked = await self._read(request, NextRequest)
        return _json(await asyncio.to_thread(self._next_memes, annotator, asked))

    @_telling
    async def _answers(self, request: Request) -> Response:
        annotator, answers = await self._read(request, Answers)
        return _json(await asyncio.to_thread(self._take_in, annotator, answers))

    @_telling
    async def _decisions(self, request: Request) -> Response:
        annotator, decisions = await self._read(request, Decisions)
        return _json(await asyncio.to_thread(self._decide, annotator, decisions))

    @_telling
    async def _release(self, request: Request) -> Response:
        annotator, asked = await self._read(request, ReleaseRequest)
        await asyncio.to_thread(self._give_back, annotator, asked.memes)
        return _json({})

    @_telling
    async def _history(self, request: Request) -> Response:
        annotator, asked = await self._read(request, HistoryRequest)
        return _json(await asyncio.to_thread(self._past, annotator, asked))

    @_telling
    async def _examples(self, request: Request) -> Response:
        await self._read(request, ExamplesRequest)
        return _json(await asyncio.to_thread(self._of_each_genre))

    @_telling
    async def _token(self, request: Request) -> Response:
        """Nothing but a new token, where it is time for one."""
        await self._read(request, TokenRequest)
        return _json({})

    def _check_session(self, request: Request) -> str:
        """The cookie of a browser that a page of ours is open in.

        Raises:
            Refused: there is none, another site asks, or nobody is logged in where that is asked.
        """
        origin = request.headers.get("origin")
        is_told = request.method == "POST" or origin is not None  # browsers tell it of a POST
        if is_told and not is_same_origin(origin, request.headers.get("host")):
            raise Refused("this request comes from another site")
        cookie = request.cookies.get(cookie_name(self._port()), "")
        if not self.access.is_session(cookie):
            raise Refused("this browser has no session here; reload the page")
        if has_login() and not account_of(request):
            raise Refused("nobody is logged in here; reload the page, and log in")
        return cookie

    async def _read(self, request: Request, message: type[_Message]) -> tuple[str, _Message]:
        """Who sends a message, and the message.

        Raises:
            Refused: nobody we know.
            _Failed: it is no such message.
        """
        annotator = self._who(request)
        body = await _body(request)
        try:
            return annotator, message.model_validate_json(body)
        except ValidationError as error:
            raise _Failed(400, first_problem(error)) from error

    def _who(self, request: Request) -> str:
        """Whose page sends a request; the answer brings a new token where it is time for one.

        Raises:
            Refused: nobody we know.
        """
        cookie, token = self._check_session(request), request.headers.get(TOKEN_HEADER, "")
        annotator = self.access.annotator(cookie, token)
        if has_login() and annotator != account_of(request):
            raise Refused("this page is of another account; reload it")
        if self.access.is_old(token):
            request.state.token = self.access.token(cookie, annotator)
        return annotator

    def _row(self, sha256: str) -> PictureRow | None:
        with self._database.reading() as session:
            return picture_row(session, sha256)

    def _next_memes(self, annotator: str, asked: NextRequest) -> dict[str, Any]:
        filters = asked.filters.filters()
        if asked.holding:
            with self._database.writing() as session:
                renew(session, annotator, asked.holding)
        again = asked.again
        if asked.is_one_lost:
            with self._database.reading() as session:
                again = again + sorted(leased_to(session, annotator) - {*again, *asked.holding})
        taken = self._worklist.take(annotator, filters, asked.n, again, alike=asked.alike)
        with self._database.reading() as session:
            return {
                "memes": [_meme(one) for one in shown(session, taken)],
                "n_left": self._worklist.n_left(filters, alike=asked.alike),
                "n_labelled": labelled_by(session, annotator),
            }

    def _take_in(self, annotator: str, answers: Answers) -> dict[str, Any]:
        with self._database.writing() as session:
            outcomes = take_in(session, annotator, answers.operations)
            return {
                "outcomes": [{"became": one.became, "why": one.why} for one in outcomes],
                "n_labelled": labelled_by(session, annotator),
                "n_refused": sum(one.became is Became.REFUSED for one in outcomes),
            }

    def _decide(self, annotator: str, decisions: Decisions) -> dict[str, Any]:
        done = [decide(self._database, annotator, one) for one in decisions.operations]
        return {"outcomes": [asdict(one) for one in done]}

    def _give_back(self, annotator: str, memes: list[int]) -> None:
        with self._database.writing() as session:
            release(session, annotator, memes)

    def _past(self, annotator: str, asked: HistoryRequest) -> dict[str, Any]:
        with self._database.reading() as session:
            past = answers_of(session, annotator, before=asked.before, limit=asked.n)
            memes = {one.meme_id: one for one in shown(session, [one.meme_id for one in past])}
            return {
                "answers": [
                    asdict(one) | {"meme": _meme(memes[one.meme_id])}
                    for one in past
                    if one.meme_id in memes
                ]
            }

    def _of_each_genre(self) -> dict[str, Any]:
        with self._database.reading() as session:
            by_genre = examples(session, _N_EXAMPLES)
            return {
                "examples": {
                    genre: [_meme(one) for one in shown(session, memes)]
                    for genre, memes in by_genre.items()
                }
            }


async def _body(request: Request) -> bytes:
    """A request's body.

    Raises:
        _Failed: it is too long, or comes too slowly.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > _MAX_BODY:
                    raise _Failed(413, "this is too much at once")
    except TimeoutError as error:
        why = f"the message did not come within {_BODY_S:.0f} seconds"
        raise _Failed(408, why, {"Connection": "close"}) from error
    except ClientDisconnect as error:
        raise _Failed(400, "the message did not come to its end") from error
    return bytes(body)


def _json(content: dict[str, Any]) -> Response:
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


def _meme(one: Shown) -> dict[str, Any]:
    return asdict(one) | {"posted_at": one.posted_at.isoformat() if one.posted_at else None}
