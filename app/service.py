"""Answers questions in processes of its own: a picture that ends one ends nothing else.

    request ─► gate (how many may wait) ─► a free process ─► answer, or what went wrong

The champion is followed: a newer one is tried by a process before anybody is answered by it, and
while it cannot be loaded, the one before goes on answering.
"""

import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, TypeVar

import anyio
from anyio import BrokenWorkerProcess, CapacityLimiter, create_task_group, fail_after, to_process
from starlette.requests import ClientDisconnect

from app.answering import (
    Question,
    Refused,
    Serving,
    answer_within_bounds,
    picture,
    prepare,
    take_in,
    take_out,
    told,
)
from app.correcting import Correction, Taken
from app.messages import Classification
from app.parts import Part
from app.problems import ApiError
from core.errors import BadInput, MemeEraError
from core.settings import Settings
from training.registry import Registry

__all__ = ["Service"]

_LOOK_EVERY_S: Final = 1.0  # for another champion
_PREPARE_TIMEOUT_S: Final = 120.0  # a first start on a busy machine

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

IsWanted = Callable[[], Awaitable[bool]]


class Service:
    """Of one server; used on its event loop alone.

    Args:
        settings: which models and which collection.
        n_processes: how many pictures are answered at a time.
        version: a model version that answers whatever the champion is; None: the champion.
    """

    def __init__(self, settings: Settings, n_processes: int, version: str | None = None) -> None:
        self.settings = settings
        self.n_processes = n_processes
        self.n_inside = 0
        """Requests waiting or being answered."""
        self.n_ended = 0
        """Processes that a picture ended, or that were ended because they took too long."""
        self.problem: str | None = None
        """Why a newer champion does not answer; None: none is there that does not."""
        self._version = version
        self._free = CapacityLimiter(n_processes)
        self._serving: Serving | None = None
        self._refused: tuple[Serving, str] | None = None  # and why it cannot be loaded

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """While the block lasts, questions are answered; all processes have loaded the model.

        Raises:
            MemeEraError: the model cannot be loaded.
        """
        to_process.WORKER_MAX_IDLE_TIME = math.inf  # type: ignore[assignment]  # they stay warm
        serving = self._found()
        problems: list[MemeEraError] = []

        async def start() -> None:
            try:
                await self._prepare(serving)
            except MemeEraError as error:
                problems.append(error)

        async with create_task_group() as tasks:
            for _ in range(self.n_processes):
                tasks.start_soon(start)
        if problems:
            raise problems[0]
        self._serving = serving
        async with create_task_group() as tasks:
            tasks.start_soon(self._follow)
            yield
            tasks.cancel_scope.cancel()

    @property
    def version(self) -> str:
        """The model version that answers now."""
        return self._now.version

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """For a request with its pictures; what it asks, it asks within.

        Raises:
            ApiError: too many are waiting.
        """
        if self.n_inside >= self.n_processes + self.settings.max_waiting:
            raise ApiError(
                429, "busy", f"{self.n_inside} requests are waiting already", retry_after_s=1
            )
        self.n_inside += 1
        try:
            yield
        finally:
            self.n_inside -= 1

    async def ask(
        self, data: bytes, *, words: bool, parts: frozenset[Part], is_wanted: IsWanted
    ) -> Classification:
        """What the model says of a picture.

        Args:
            data: the file's bytes.
            words: whether they are to be read.
            parts: what else is asked for.
            is_wanted: whether anybody still waits for the answer; asked when its turn has come.

        Raises:
            ApiError: it is no picture, or it could not be answered.
            ClientDisconnect: nobody waits for it.
        """
        question = Question(self.settings, self._now, data, words, parts)
        said = await self._answered(answer_within_bounds, question, is_wanted=is_wanted)
        if isinstance(said, Refused):
            raise ApiError(422, said.code, said.message)
        return said

    async def correct(self, said: Correction) -> Taken:
        """Keep what somebody says of a picture.

        Raises:
            ApiError: corrections are not taken, it is no picture, or the collection cannot be
                written.
        """
        self._check_corrections()
        taken = await self._answered(take_in, self.settings, said)
        if isinstance(taken, Refused):
            raise ApiError(422, taken.code, taken.message)
        return taken

    async def take_back(self, visitor: str, key: str) -> None:
        """Let a correction count no more.

        Raises:
            ApiError: there is none, or the collection cannot be written.
        """
        self._check_corrections()
        if not await self._answered(take_out, self.settings, visitor, key):
            raise ApiError(404, "not_found", "there is no such correction of yours")

    async def small_picture(self, sha256: str) -> bytes:
        """A meme's picture made small, as a JPEG.

        Raises:
            ApiError: there is none, or the collection cannot be read.
        """
        small = await self._answered(picture, self.settings, sha256)
        if small is None:
            raise ApiError(404, "not_found", "there is no such picture, or it is damaged")
        return small

    @property
    def _now(self) -> Serving:
        assert self._serving is not None, "it is not open"
        return self._serving

    def _check_corrections(self) -> None:
        if not self.settings.corrections:
            raise ApiError(403, "corrections_off", "this server takes no corrections")

    async def _follow(self) -> None:
        """Take on another champion once a process has loaded it; nobody waits for that."""
        while True:
            await anyio.sleep(_LOOK_EVERY_S)
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001  # the edge: what answers goes on
                self._tell(str(error) or type(error).__name__)

    async def _look(self) -> None:
        found = self._found()
        if found == self._serving:
            self.problem = None
        elif self._refused is not None and found == self._refused[0]:
            self._tell(self._refused[1])
        else:
            try:
                await self._prepare(found)
            except BadInput as error:  # others, such as too little memory, are tried again
                self._refused = found, str(error)
                raise
            self._serving, self._refused, self.problem = found, None, None

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            _log.warning("the model is not taken on: %s", problem)
        self.problem = problem

    def _found(self) -> Serving:
        version = self._version or Registry(self.settings.models_dir).champion()
        return Serving.of(self.settings, version)

    async def _prepare(self, serving: Serving) -> None:
        """Have a free process load a model.

        Raises:
            MemeEraError: it cannot be loaded, or the process died.
        """
        async with self._free:
            await self._warm(serving)

    async def _warm(self, serving: Serving) -> None:
        try:
            with fail_after(_PREPARE_TIMEOUT_S):
                await _in_process(prepare, self.settings, serving)
        except TimeoutError as error:
            raise MemeEraError(
                f"a process had not loaded the model after {_PREPARE_TIMEOUT_S:g} s; try fewer "
                "with --workers"
            ) from error
        except BrokenWorkerProcess as error:
            raise MemeEraError(
                "a process died while it loaded the model, of too little memory perhaps; try "
                "fewer with --workers"
            ) from error

    async def _answered(
        self,
        work: Callable[..., _T],
        *arguments: object,
        is_wanted: IsWanted | None = None,
    ) -> _T:
        timeout_s = self.settings.answer_timeout_s
        async with self._free:
            if is_wanted is not None and not await is_wanted():
                raise ClientDisconnect
            try:
                with fail_after(timeout_s):
                    return await _in_process(work, *arguments)
            except TimeoutError as error:
                await self._replace()
                raise ApiError(
                    504, "too_slow", f"this picture takes longer than {timeout_s:g} s"
                ) from error
            except BrokenWorkerProcess as error:
                await self._replace()
                raise ApiError(
                    504, "process_died", "the process that looked at this picture died of it"
                ) from error
            except MemoryError as error:
                raise ApiError(
                    503,
                    "no_memory",
                    "there was too little memory for this picture just now",
                    retry_after_s=5,
                ) from error
            except BadInput as error:
                raise ApiError(503, "no_model", str(error)) from error
            except MemeEraError as error:
                raise ApiError(503, "collection_unavailable", str(error)) from error

    async def _replace(self) -> None:
        """Start another process in the place of one that ended, before the next has its turn."""
        self.n_ended += 1
        try:
            await self._warm(self._now)
        except MemeEraError as error:
            _log.warning("%s", error)


async def _in_process(work: Callable[..., _T], *arguments: object) -> _T:
    # How many run at a time is for who asks to bound.
    return await to_process.run_sync(
        told, work, *arguments, cancellable=True, limiter=CapacityLimiter(1)
    )
