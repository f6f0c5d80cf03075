"""One file from the shell, beside the same through TensorFlow; and a folder at once.

    MEMEERA_DATA_DIR=DATA python -m bench.command_line FILE FOLDER [--model VERSION]

The peer is what most people write: load the Keras model, decode, `model.predict`. Each is a whole
process, in turns; medians. The version needs its Keras model, which a published one has not.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from core.cli import run
from core.settings import Settings
from training.registry import KERAS_MODEL, Registry

_ROOT: Final = Path(__file__).parents[1]
_PEER: Final = """
import sys
import numpy as np
import tensorflow as tf
from training.lines import written
from training.picture import picture_of
from training import model as _  # its layers
path, file, side = sys.argv[1:]
model = tf.keras.models.load_model(path)
nothing = written((), 1.0)
said = model.predict({
    "picture": picture_of(open(file, "rb").read(), int(side))[np.newaxis].astype("float32"),
    "grams": nothing.grams()[np.newaxis],
    "layout": nothing.layout[np.newaxis],
    "given": np.array([[1.0, 0.0]], "float32"),
}, verbose=0)
print(said["genre"].argmax())
"""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--model", "version", help="A version.  [default: the champion]")
@click.option("--times", "n_times", default=5, show_default=True)
def main(file: Path, folder: Path, version: str | None, n_times: int) -> None:
    """Print seconds, and pictures a second, as JSON."""
    settings = Settings.load()
    registry = Registry(settings.models_dir)
    version = version or registry.champion()
    keras_model = registry.path(version) / KERAS_MODEL
    side = registry.card(version)["input"]["side_px"]
    ours = [sys.executable, "memeEraML.py", "classify", "--model", version, "--json"]
    seconds: dict[str, list[float]] = {"ours": [], "tensorflow": [], "with_words": []}
    for _ in range(n_times):
        seconds["ours"].append(_seconds([*ours, "--no-words", str(file)]))
        seconds["with_words"].append(_seconds([*ours, str(file)]))
        seconds["tensorflow"].append(
            _seconds([sys.executable, "-c", _PEER, str(keras_model), str(file), str(side)])
        )
    medians = {name: round(statistics.median(times), 2) for name, times in seconds.items()}
    n_files = sum(path.is_file() for path in folder.rglob("*"))
    of_folder = _seconds([*ours, "--no-words", str(folder)])
    report = medians | {
        "ratio": round(medians["tensorflow"] / medians["ours"], 1),
        "folder": {"files": n_files, "a_second": round(n_files / of_folder, 1)},
    }
    print(json.dumps(report, indent=2))


def _seconds(command: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run(
        command,
        cwd=_ROOT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    run(main, "python -m bench.command_line")
