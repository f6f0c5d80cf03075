"""What the processes of a pool do besides their work: end with the one that started them."""

import multiprocessing
import os
import signal
from threading import Thread

__all__ = ["live_with_parent"]


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
