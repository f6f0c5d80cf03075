"""Keeps native libraries from talking on standard error."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet_native"]


@contextmanager
def quiet_native() -> Iterator[None]:
    """Drop what C++ libraries print on standard error meanwhile; Python's errors still raise.

    TensorFlow and LiteRT announce what they found in the machine before any logging level applies,
    in the middle of reports that promise one clear line. It redirects the whole process's standard
    error, so it stands around imports and loading, never around work.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
