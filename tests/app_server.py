"""The window and the API as they are served to people, in a process of their own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.conftest import ROOT
from tests.processes import children

_TIMEOUT_S = 60  # no answer takes as long, on however busy a machine


@dataclass(frozen=True, slots=True)
class Server:
    """One that runs."""

    address: str
    data_dir: Path
    pid: int
    client: httpx.Client

    def answering(self) -> list[int]:
        """The processes that answer for it."""
        return children(self.pid)


@contextmanager
def served(data_dir: Path, *options: str, **variables: str) -> Iterator[Server]:
    """`memeEraML.py serve` with these options and MEMEERA_ variables, on a free port."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MEMEERA_")}
    environment |= {f"MEMEERA_{name.upper()}": value for name, value in variables.items()}
    with subprocess.Popen(
        [sys.executable, "memeEraML.py", "serve", "--port", "0", *options],
        cwd=ROOT,
        env=environment | {"MEMEERA_DATA_DIR": str(data_dir)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            told = re.search(r"http://[^ ]+", line)
            assert told, line
            address = told.group().replace("0.0.0.0", "127.0.0.1")
            with httpx.Client(base_url=address, timeout=_TIMEOUT_S, trust_env=False) as client:
                yield Server(address, data_dir, process.pid, client)
        finally:
            process.terminate()
            assert process.wait(20) == 0
