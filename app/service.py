"""Answers questions in processes of its own: a picture that ends one ends nothing else.

    request ─► gate (how many may wait) ─► a free process ─► answer, or what went wrong

The champion is followed: a newer one is tried by a process before anybody is answered by it, and
while it cannot be loaded, the one before goes on answering.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import anyio
from anyio import BrokenWorkerProcess, CapacityLimiter, to_process

from app.answering import (
    Part,
    Question,
    Refused,
    Serving,
    answer,
    prepare,
    small_picture,
    take_in,
    take_out,
)
from app.correcting import Correction, Taken
from app.messages import Classification
from app.problems import ApiError
from core.errors import BadInput, MemeEraError
from core.settings import Settings
from training.registry import Registry

__all__ = ["Service"]

_LOOK_EVERY_S: Final = 1.0  # for another champion
_PREPARE_TIMEOUT_S: Final = 120.0  # a first start on a busy machine

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


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
        self._refused: Serving | None = None  # could not be loaded
        self._looked_at = float("-inf")
        self._choosing = anyio.Lock()

    async def start(self) -> None:
        """Have all processes load the model, so that the first caller need not wait.

        Raises:
            MemeEraError: the model cannot be loaded.
        """
        serving = self._found()
        async with anyio.create_task_group() as tasks:
            for _ in range(self.n_processes):
                tasks.start_soon(self._in_process, prepare, self.settings, serving)
        self._serving = serving

    @property
    def version(self) -> str:
        """The model version that answered last, or was loaded at the start."""
        assert self._serving is not None, "it was not started"
        return self._serving.version

    async def serving(self) -> Serving:
        """The model version that answers now.

        Raises:
            ApiError: no version can be loaded.
        """
        if self._serving is not None and self._choosing.locked():
            return self._serving  # another request is trying what is new
        async with self._choosing:
            if time.monotonic() - self._looked_at >= _LOOK_EVERY_S:
                await self._follow()
                self._looked_at = time.monotonic()
        if self._serving is None:
            raise ApiError(503, "no_model", self.problem or "there is no model")
        return self._serving

    async def ask(self, data: bytes, *, words: bool, parts: frozenset[Part]) -> Classification:
        """What the model says of a picture.

        Raises:
            ApiError: it is no picture, or it could not be answered.
        """
        serving = await self.serving()
        question = Question(self.settings, serving, data, words, parts)
        try:
            said = await self._in_process(answer, question)
        except ApiError:
            raise
        except BadInput as error:
            raise ApiError(503, "no_model", str(error)) from error
        except MemeEraError as error:
            raise ApiError(503, "collection_unavailable", str(error)) from error
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
        taken = await self._of_collection(take_in, self.settings, said)
        if isinstance(taken, Refused):
            raise ApiError(422, taken.code, taken.message)
        return taken

    async def take_back(self, visitor: str, key: str) -> None:
        """Let a correction count no more.

        Raises:
            ApiError: there is none, or the collection cannot be written.
        """
        self._check_corrections()
        if not await self._of_collection(take_out, self.settings, visitor, key):
            raise ApiError(404, "not_found", "there is no such correction of yours")

    async def small_picture(self, sha256: str) -> bytes:
        """A meme's picture made small, as a JPEG.

        Raises:
            ApiError: there is none, or the collection cannot be read.
        """
        small = await self._of_collection(small_picture, self.settings, sha256)
        if small is None:
            raise ApiError(404, "not_found", "there is no such picture")
        return small

    def _check_corrections(self) -> None:
        if not self.settings.corrections:
            raise ApiError(403, "corrections_off", "this server takes no corrections")

    async def _of_collection(self, work: Callable[..., _T], *arguments: object) -> _T:
        try:
            return await self._in_process(work, *arguments)
        except ApiError:
            raise
        except MemeEraError as error:
            raise ApiError(503, "collection_unavailable", str(error)) from error

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

    async def _follow(self) -> None:
        """Take on the champion, if it is another one and can be loaded."""
        try:
            found = self._found()
            if found == self._serving:
                self.problem = None
                return
            if found == self._refused:
                return
            try:
                await self._in_process(prepare, self.settings, found)
            except MemeEraError:
                self._refused = found
                raise
            self._serving, self._refused, self.problem = found, None, None
        except MemeEraError as error:
            self.problem = str(error)
            _log.warning("the model is not taken on: %s", error)

    def _found(self) -> Serving:
        version = self._version or Registry(self.settings.models_dir).answering()
        return Serving.of(self.settings, version)

    async def _in_process(self, work: Callable[..., _T], *arguments: object) -> _T:
        timeout_s = _PREPARE_TIMEOUT_S if work is prepare else self.settings.answer_timeout_s
        async with self._free:
            try:
                with anyio.fail_after(timeout_s):
                    return await to_process.run_sync(
                        work, *arguments, cancellable=True, limiter=CapacityLimiter(1)
                    )
            except TimeoutError as error:
                self.n_ended += 1
                raise ApiError(
                    504, "too_slow", f"this picture takes longer than {timeout_s:g} s"
                ) from error
            except BrokenWorkerProcess as error:
                self.n_ended += 1
                raise ApiError(
                    504, "process_died", "the process that looked at this picture died of it"
                ) from error
