"""Keeps native libraries from talking on standard error."""

import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO, cast

__all__ = ["quiet_native"]

_STDERR: Final = 2  # the file that native code writes to


@contextmanager
def quiet_native() -> Iterator[None]:
    """Drop what C++ libraries print on standard error meanwhile; what Python prints still comes.

    TensorFlow and LiteRT announce what they found in the machine before any logging level applies,
    in the middle of reports that promise one clear line. It redirects the whole process's standard
    error, so it stands around imports and loading, never around work. Other threads may print, and
    load something themselves, meanwhile.
    """
    _quiet.begin()
    try:
        yield
    finally:
        _quiet.end()


class _Quiet:
    """Standard error leads nowhere from the first that begins to the last that ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n = 0
        self._kept = -1  # where standard error led before
        self._apart: _Apart | None = None

    def begin(self) -> None:
        with self._lock:
            if not self._n:
                self._redirect()
            self._n += 1

    def end(self) -> None:
        with self._lock:
            self._n -= 1
            if not self._n:
                self._restore()

    def _redirect(self) -> None:
        sys.stderr.flush()
        self._kept = os.dup(_STDERR)
        if _is_of_process(sys.stderr):
            self._apart = _Apart(sys.stderr, self._kept)
            sys.stderr = cast(TextIO, self._apart)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STDERR)
        os.close(nowhere)

    def _restore(self) -> None:
        os.dup2(self._kept, _STDERR)
        if self._apart is not None:
            sys.stderr = self._apart.ended()
            self._apart = None
        os.close(self._kept)


class _Apart:
    """Python's standard error, while that of the process leads nowhere.

    The stream that it stands for, but for where it writes. Whoever took hold of it meanwhile, as
    logging does, may go on writing to it afterwards.
    """

    def __init__(self, stream: TextIO, to: int) -> None:
        self._stream = stream
        self._to: int | None = to
        self._lock = threading.Lock()

    def ended(self) -> TextIO:
        """The stream that it stood for, which takes what is still written."""
        with self._lock:
            self._to = None
        return self._stream

    def write(self, text: str) -> int:
        with self._lock:
            if self._to is None:
                return self._stream.write(text)
            data = text.encode(self._stream.encoding, "backslashreplace")
            while data:
                data = data[os.write(self._to, data) :]
            return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        self.write("".join(lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _is_of_process(stream: Any) -> bool:
    try:
        return bool(stream.fileno() == _STDERR)
    except (AttributeError, OSError, ValueError):
        return False


_quiet: Final = _Quiet()
