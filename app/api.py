"""The model over HTTP: its own routes, and those that TensorFlow Serving's clients and a model
hub's ask for."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import anyio
from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from app.correcting import Correction
from app.docs import docs_page
from app.messages import (
    Batch,
    Classification,
    CorrectionTaken,
    Health,
    Model,
    OfFile,
    Predictions,
    Version,
)
from app.metrics import CONTENT_TYPE, Metrics
from app.openapi import openapi
from app.problems import ApiError, as_response
from app.requests import Asked, Corrected, Inputs, Predict, TakenBack, asked, checked, decoded, read
from app.service import Service
from app.uploads import Upload, Uploads, media_type
from core.browser import PICTURE_HEADERS
from core.errors import MemeEraError
from training.registry import Registry

__all__ = ["Api"]

_MAX_PREDICT: Final = 48 << 20  # bytes of a JSON body: base64 is a third longer than what it holds

_log = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]


class Api:
    """Of one server."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._settings = service.settings
        self._uploads = Uploads(service.settings)
        self._metrics = Metrics(service)

    def routes(self) -> list[BaseRoute]:
        """For Starlette; the last answers for what there is not."""
        return [
            self._route("/v1/classify", POST=self._classify),
            self._route("/v1/classify:batch", POST=self._classify_batch),
            self._route("/v1/models/memeera", GET=self._model),
            self._route("/v1/models/memeera:predict", POST=self._predict),
            self._route("/models/memeera", POST=self._label),
            self._route("/v1/corrections", POST=self._correct),
            self._route("/v1/corrections/{key}", DELETE=self._take_back),
            self._route("/v1/memes/{sha256}/thumbnail", GET=self._thumbnail),
            self._route("/healthz", GET=self._health),
            self._route("/metrics", GET=self._told),
            self._route("/openapi.json", GET=self._openapi),
            self._route("/docs", GET=self._docs),
            self._route("/v1/{rest:path}"),
            self._route("/models/{rest:path}"),
        ]

    def _route(self, path: str, **handlers: Handler) -> Route:
        # An object, not a function: Starlette would answer other methods itself, and not in JSON.
        return Route(path, _Endpoint(path, handlers, self._metrics))

    async def _classify(self, request: Request) -> Response:
        query = asked(request)
        async with self._uploads.picture(request) as upload:
            with self._service.admitted():
                return _json(await self._one(request, upload.data, query))

    async def _classify_batch(self, request: Request) -> Response:
        query = asked(request)
        async with self._uploads.files(request, self._settings.max_files) as uploads:
            with self._service.admitted():
                found = await self._each(request, [one.data for one in uploads], query)
        return _json(Batch(results=[_of_file(*one) for one in zip(uploads, found, strict=True)]))

    async def _model(self, request: Request) -> Response:
        version = self._service.version
        card = Registry(self._settings.models_dir).card(version)
        model = Model(
            model_version_status=[Version(version=version)],
            genres=card["classes"],
            years=card["years"],
            reads_words=card["reads_words"],
            card=card,
        )
        return Response(model.model_dump_json(), media_type="application/json")

    async def _predict(self, request: Request) -> Response:
        async with self._uploads.body(request, _MAX_PREDICT) as body:
            pictures = read(Predict, body).pictures
            if len(pictures) > self._settings.max_files:
                most = self._settings.max_files
                raise ApiError(413, "too_many_files", f"at most {most} pictures a request")
            files = [decoded(picture) for picture in pictures]
            with self._service.admitted():
                found = await self._each(request, files, Asked())
        for i, one in enumerate(found):
            if isinstance(one, ApiError):  # as TensorFlow Serving, which answers all or nothing
                raise ApiError(
                    one.status,
                    one.code,
                    f"instance {i}: {one}",
                    retry_after_s=one.retry_after_s,
                )
        said = [one for one in found if isinstance(one, Classification)]
        return _json(Predictions(predictions=said))

    async def _label(self, request: Request) -> Response:
        if media_type(request) == "application/json":
            async with self._uploads.body(request, _MAX_PREDICT) as body:
                sent = read(Inputs, body)
                data, top_k = decoded(sent.inputs), sent.parameters.top_k
                with self._service.admitted():
                    said = await self._one(request, data, Asked(top_k=top_k))
        else:
            async with self._uploads.picture(request) as upload:
                with self._service.admitted():
                    said = await self._one(request, upload.data, Asked())
        return JSONResponse([one.model_dump() for one in said.genre])

    async def _correct(self, request: Request) -> Response:
        async with self._uploads.form(request) as (upload, fields):
            said = checked(Corrected, fields)
            with self._service.admitted():
                taken = await self._service.correct(
                    Correction(upload.data, said.genre, said.visitor, said.key)
                )
        return _json(CorrectionTaken(meme_id=taken.meme_id, is_new=taken.is_new))

    async def _take_back(self, request: Request) -> Response:
        who = checked(TakenBack, request.query_params)
        with self._service.admitted():
            await self._service.take_back(who.visitor, request.path_params["key"])
        return Response(status_code=204)

    async def _thumbnail(self, request: Request) -> Response:
        with self._service.admitted():
            small = await self._service.small_picture(request.path_params["sha256"])
        return Response(small, media_type="image/jpeg", headers=PICTURE_HEADERS)

    async def _health(self, request: Request) -> Response:
        version, problem = self._service.version, self._service.problem
        return _json(Health(status="degraded" if problem else "ok", model=version, problem=problem))

    async def _told(self, request: Request) -> Response:
        return Response(self._metrics.text(), media_type=CONTENT_TYPE)

    async def _openapi(self, request: Request) -> Response:
        return JSONResponse(openapi(self._settings))

    async def _docs(self, request: Request) -> Response:
        return HTMLResponse(docs_page(openapi(self._settings)))

    async def _each(
        self, request: Request, pictures: Sequence[bytes], asked: Asked
    ) -> list[Classification | ApiError]:
        """What became of each, in their order; as many at a time as there are processes."""
        found: list[Classification | ApiError | None] = [None] * len(pictures)
        waiting = iter(enumerate(pictures))

        async def work() -> None:
            for i, data in waiting:  # one iterator for all: each takes what comes next
                try:
                    found[i] = await self._one(request, data, asked)
                except ApiError as error:
                    found[i] = error

        try:
            async with anyio.create_task_group() as tasks:
                for _ in range(min(len(pictures), self._service.n_processes)):
                    tasks.start_soon(work)
        except* ClientDisconnect as gone:  # each of the tasks finds that out
            raise ClientDisconnect from gone
        return [one for one in found if one is not None]

    async def _one(self, request: Request, data: bytes, asked: Asked) -> Classification:
        async def is_wanted() -> bool:
            return not await request.is_disconnected()

        try:
            self._uploads.check(data)
            said = await self._service.ask(
                data, words=asked.words, parts=frozenset(asked.include), is_wanted=is_wanted
            )
        except ApiError as error:
            self._metrics.count_picture(error.code)
            raise
        self._metrics.count_picture("classified")
        return said.model_copy(update={"genre": said.genre[: asked.top_k]})


class _Endpoint:
    """One address: what answers each method, and how errors are told."""

    def __init__(self, path: str, handlers: Mapping[str, Handler], metrics: Metrics) -> None:
        self._path = path
        self._handlers = handlers
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        started = time.perf_counter()
        request = Request(scope, receive)
        try:
            answer = await self._handler(request.method)(request)
        except ApiError as error:
            answer = as_response(error)
            if error.status == 405:
                answer.headers["Allow"] = ", ".join(self._allowed)
        except MemeEraError as error:  # the model's card is gone, since it was loaded
            answer = as_response(ApiError(503, "no_model", str(error)))
        except ClientDisconnect:
            answer = Response(status_code=400)  # nobody reads it
        except Exception:  # noqa: BLE001  # the edge: a defect ends its request alone
            _log.exception("%s %s", request.method, self._path)
            answer = as_response(ApiError(500, "internal", "a defect of ours; see the log"))
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
        seconds = time.perf_counter() - started
        self._metrics.count_request(self._path, answer.status_code, seconds)
        await answer(scope, receive, send)

    @property
    def _allowed(self) -> list[str]:
        return [*self._handlers, *(["HEAD"] if "GET" in self._handlers else [])]

    def _handler(self, method: str) -> Handler:
        if not self._handlers:
            raise ApiError(404, "not_found", "there is no such address; see /docs")
        handler = self._handlers.get("GET" if method == "HEAD" else method)
        if handler is None:
            raise ApiError(405, "method_not_allowed", f"this takes {', '.join(self._allowed)}")
        return handler


def _of_file(upload: Upload, found: Classification | ApiError) -> OfFile:
    if isinstance(found, ApiError):
        return OfFile(file=upload.name, error=found.problem)
    return OfFile(file=upload.name, answer=found)


def _json(message: BaseModel) -> Response:
    # What was not asked for is left out, not null.
    return Response(
        message.model_dump_json(exclude_unset=True),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
