"""`python -m training` in a process of its own that need not load TensorFlow first.

Loading it takes four seconds, and these tests run the command some fifty times. A server that has
loaded it is forked for each (multiprocessing's forkserver): as much of a process of its own as one
that is started anew.
"""

import contextlib
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.conftest import ROOT

__all__ = ["training"]

_TIMEOUT_S: Final = 300

_forking: Final = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(["tests.loaded"])


def training(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m training` with its data folder."""
    with tempfile.TemporaryDirectory() as folder:
        out, error = Path(folder, "out"), Path(folder, "error")
        environment = os.environ | {"MEMEERA_DATA_DIR": str(data_dir)}
        process = _forking.Process(target=_run, args=(arguments, environment, out, error))
        with contextlib.chdir(ROOT):  # the server finds `tests` there
            process.start()
        process.join(_TIMEOUT_S)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(arguments, _TIMEOUT_S)
        return subprocess.CompletedProcess(
            arguments, process.exitcode, out.read_text(), error.read_text()
        )


def _run(arguments: Sequence[str], environment: Mapping[str, str], out: Path, error: Path) -> None:
    for path, stream in ((out, sys.stdout), (error, sys.stderr)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), stream.fileno())
    os.environ.clear()
    os.environ.update(environment)
    del sys.modules["training.__main__"]
    sys.argv = ["training", *arguments]
    runpy.run_module("training", run_name="__main__", alter_sys=True)
