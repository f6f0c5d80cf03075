"""The processes that others started, by what every system's ps tells."""

import subprocess
import time
from collections.abc import Iterator

__all__ = ["children", "wait_until_ended"]


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [one for one, parent in _running() if parent == pid]


def wait_until_ended(pids: list[int]) -> None:
    """Wait for processes that end soon."""
    deadline = time.monotonic() + 20
    while {one for one, _ in _running()} & set(pids):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _running() -> Iterator[tuple[int, int]]:
    """Each process that has not ended, and its parent."""
    told = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat="], check=True, capture_output=True, text=True
    )
    for line in told.stdout.splitlines():
        pid, parent, state = line.split()
        if not state.startswith("Z"):
            yield int(pid), int(parent)
