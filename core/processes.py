"""What the processes of a pool do besides their work: end with who started them, keep to bounds."""

import multiprocessing
import os
import resource
import signal
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Final

__all__ = ["bound_memory", "live_with_parent"]

_LOOK_EVERY_S: Final = 0.05

_most: int | None = None  # bytes that this process may have had, where the system bounds nothing


def live_with_parent() -> None:
    """Leave Ctrl-C to the process that started this one, and end when that one is gone.

    For a pool's initializer. A killed parent closes nothing, and its children would wait for work
    for ever, each with its memory.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    Thread(target=follow, daemon=True).start()


def bound_memory(n_bytes: int) -> None:
    """Let this process take so much more memory than it has now; the last bound holds.

    On Linux, what asks for more gets a MemoryError; elsewhere, where the system bounds nothing, the
    process ends.
    """
    global _most  # of the process, as the limit of the system is
    if sys.platform == "linux":
        taken_kb = next(
            int(line.split()[1])
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith("VmData:")
        )
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = taken_kb * 1024 + n_bytes
        if most == resource.RLIM_INFINITY or wanted < most:
            resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))
    else:
        is_watched, _most = _most is not None, _peak() + n_bytes
        if not is_watched:
            Thread(target=_end_beyond_most, daemon=True).start()


def _end_beyond_most() -> None:
    while _most is None or _peak() <= _most:
        time.sleep(_LOOK_EVERY_S)
    os.kill(os.getpid(), signal.SIGKILL)


def _peak() -> int:
    """The most memory that this process has had, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
