"""Keeping native libraries from talking."""

import os
import subprocess
import sys

import pytest

from core.quiet import quiet_native
from tests.conftest import ROOT


def test_what_native_code_writes_meanwhile_is_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    os.write(2, b"before\n")
    with quiet_native():
        os.write(2, b"meanwhile\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "before\nafter\n"


def test_errors_pass_and_standard_error_comes_back(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="real"), quiet_native():
        raise ValueError("real")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_it_leaves_no_file_open() -> None:
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208
    for _ in range(5):
        with quiet_native():
            pass
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208


SCRIPT = """
import logging, os, sys, threading
from core.quiet import quiet_native
inside, seen = threading.Event(), threading.Event()

def load():
    with quiet_native():
        inside.set()
        os.write(2, b"native\\n")
        seen.wait()

loading = threading.Thread(target=load)
loading.start()
inside.wait()
print("said é meanwhile", file=sys.stderr)
logging.basicConfig(format="%(message)s")  # keeps the stream of now
with quiet_native():  # another thread loads something as well, and ends first
    os.write(2, b"native too\\n")
os.write(2, b"still native\\n")
seen.set()
loading.join()
print("said after", file=sys.stderr)
logging.warning("logged after")
os.write(2, b"native after\\n")
"""


def test_what_python_says_in_other_threads_meanwhile_comes() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "said é meanwhile",
        "said after",
        "logged after",
        "native after",
    ]
