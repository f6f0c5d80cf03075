"""Trainings of one collection wait for one another."""

import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

from core.settings import Settings
from tests.commands import training
from tests.conftest import ROOT, Trained
from training.lock import training_lock
from training.registry import Registry


def test_a_second_one_says_so_and_waits_for_the_end_of_the_first(settings: Settings) -> None:
    told: list[str] = []
    done: list[str] = []
    is_waiting = Event()

    def second() -> None:
        def say(line: str) -> None:
            told.append(line)
            is_waiting.set()

        with training_lock(settings, say):
            done.append("second")

    other = Thread(target=second)
    with training_lock(settings, told.append):
        other.start()
        assert is_waiting.wait(30)
        time.sleep(0.05)
        done.append("first")
    other.join(30)
    assert done == ["first", "second"]
    assert told == [
        f"another training is at work in {settings.data_dir}: this one waits for its end"
    ]


def test_two_fits_at_once_both_make_a_version(trained: Trained, tmp_path: Path) -> None:
    data_dir = trained.copy_to(tmp_path / "data")
    few = ("fit", "--epochs", "1", "--image-px", "32", "--no-promote")
    other = subprocess.Popen(
        [sys.executable, "-m", "training", *few],
        cwd=ROOT,
        env=os.environ | {"MEMEERA_DATA_DIR": str(data_dir)},
        stderr=subprocess.PIPE,
    )
    done = training(data_dir, *few)
    _, errors = other.communicate(timeout=300)
    assert (done.returncode, other.returncode) == (0, 0), (done.stderr, errors)
    assert len(Registry(data_dir / "models").versions()) == 3
