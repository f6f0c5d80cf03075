"""How fast pictures reach the network, beside Keras's and PyTorch's usual loaders.

    MEMEERA_DATA_DIR=DATA python -m bench.feed_speed      # pip install torch for its row

The peers read the original files, as their guides do. All see the same memes at the same size, in
batches of 32; each second epoch counts, three times in turn.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import click

from core.settings import Settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_N_ROUNDS: Final = 3
_BATCH: Final = 32
_TAKEN_BY_KERAS: Final = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "BMP": "bmp"}


@click.command()
@click.option("--image-px", type=int, default=224, show_default=True)
@click.option("--n", "n_memes", type=int, default=2000, show_default=True, help="At most so many.")
def main(image_px: int, n_memes: int) -> None:
    """Print pictures a second of each feed, and how many times the peers' that is."""
    with tempfile.TemporaryDirectory() as folder:
        feeds = _feeds(Settings.load(), image_px, n_memes, Path(folder))
        speeds: dict[str, list[float]] = {name: [] for name in feeds}
        for _ in range(_N_ROUNDS):
            for name, epoch in feeds.items():
                epoch()
                started = time.perf_counter()
                n = epoch()
                speeds[name].append(n / (time.perf_counter() - started))
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    for name, speed in medians.items():
        times = ", ".join(
            f"{speed / medians[peer]:.1f} times {peer}"
            for peer in ("keras", "torch")
            if peer in medians and not name.startswith(peer)
        )
        click.echo(f"{name:<12}{speed:>8.0f} pictures/s   {times}")


def _feeds(
    settings: Settings, image_px: int, n_memes: int, folder: Path
) -> dict[str, Callable[[], int]]:
    import keras

    from db.media import MediaStore
    from db.reading import active_files, words_of
    from db.session import reading
    from training.dataset import batches
    from training.examples import examples_of
    from training.shards import Shards
    from training.snapshot import Snapshot

    media = MediaStore.open(settings)
    with reading(settings) as session:
        snapshot = Snapshot.take(session, seed=1)
        rows = [
            row
            for row in snapshot.rows
            if row.format in _TAKEN_BY_KERAS and row.genre in snapshot.classes
        ][:n_memes]
        words = words_of(session, [row.sha256 for row in rows])
        active = active_files(session)
    shards = Shards.open(settings, image_px)
    shards.fill(rows, media, active)
    examples = examples_of(rows, snapshot.classes, snapshot.year, words, shards.aspects, 0.5)
    for row in rows:
        path = folder / row.genre / f"{row.sha256}.{_TAKEN_BY_KERAS[row.format]}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(media.get(row.sha256, row.format))
    keras_feed = keras.utils.image_dataset_from_directory(
        folder, image_size=(image_px, image_px), batch_size=_BATCH, seed=1, verbose=False
    ).prefetch(2)
    feeds: dict[str, Callable[[], int]] = {
        "plain": _epoch(batches(shards, examples, _BATCH), lambda b: len(b["picture"])),
        "augmented": _epoch(batches(shards, examples, _BATCH, seed=1), lambda b: len(b["picture"])),
        "keras": _epoch(keras_feed, lambda b: len(b[0])),
    }
    try:
        loader = _torch_loader(sorted(folder.rglob("*.*")), image_px)
    except ImportError:
        click.echo("torch is not installed: its row is left out", err=True)
    else:
        feeds["torch"] = _epoch(loader, len)
    return feeds


def _epoch(data: Iterable[Any], size: Callable[[Any], int]) -> Callable[[], int]:
    def run() -> int:
        return sum(size(batch) for batch in data)

    return run


class _Files:
    """What a torch DataLoader takes: a picture at each place, as most people write it."""

    def __init__(self, files: list[Path], side_px: int) -> None:
        self._files, self._side_px = files, side_px

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, i: int) -> Any:
        import numpy as np
        import torch
        from PIL import Image

        with Image.open(self._files[i]) as image:
            small = image.convert("RGB").resize((self._side_px, self._side_px))
        return torch.from_numpy(np.asarray(small)).permute(2, 0, 1).float() / 255


def _torch_loader(files: list[Path], side_px: int) -> Iterable[Any]:
    from torch.utils.data import DataLoader

    loader: Iterable[Any] = DataLoader(
        _Files(files, side_px),
        batch_size=_BATCH,
        shuffle=True,
        num_workers=os.cpu_count() or 1,
        persistent_workers=True,
    )
    return loader


if __name__ == "__main__":
    sys.exit(main())
