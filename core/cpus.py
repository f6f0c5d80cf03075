"""How many cores this process may use."""

import os

__all__ = ["n_cpus"]


def n_cpus() -> int:
    """The cores that this process may run on, 1 or more.

    Where the system can bind a process to some of its cores, as Linux can and macOS cannot, those.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
