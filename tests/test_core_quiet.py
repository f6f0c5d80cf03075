"""Keeping native libraries from talking."""

import os

import pytest

from core.quiet import quiet_native


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
