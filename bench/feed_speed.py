"""How fast pictures reach the network, beside Keras's and PyTorch's usual loaders.

    MEMEERA_DATA_DIR=DATA python -m bench.feed_speed      # pip install torch for its row

The peers read the original files, as their guides do. All see the same memes at the same size, in
batches of 32; each second epoch counts, three times in turn. Then it trains, the small network on
pictures and one member of a committee on features, and measures how long the steps wait.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

import click
import numpy as np

from bench.originals import READ_BY_KERAS, write_originals
from core.quiet import quiet_native
from core.settings import Settings
from core.words import Line
from db.media import MediaStore
from db.reading import active_files, words_in_order
from db.session import reading
from training.config import TrainConfig, recipe
from training.examples import FIRST_YEAR, Examples, examples_of
from training.snapshot import Row, Snapshot

with quiet_native():
    import keras

    from training.dataset import batches, feature_batches
    from training.model import build
    from training.shards import Shards
    from training.teach import compile_for, for_fit

_N_ROUNDS: Final = 3
_OURS: Final = ("plain", "augmented")
_BATCH: Final = 32


@click.command()
@click.option("--image-px", type=int, default=128, show_default=True, help="Side of what all see.")
@click.option("--n", "n_memes", type=int, default=2000, show_default=True, help="At most so many.")
def main(image_px: int, n_memes: int) -> None:
    """Print pictures a second of each feed, how many times the peers' that is, and what waits."""
    memes = _Memes.of(Settings.load(), n_memes)
    with tempfile.TemporaryDirectory() as folder:
        feeds = _feeds(memes, image_px, Path(folder))
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
            f"{speed / other:.1f} times {peer}"
            for peer, other in medians.items()
            if name in _OURS and peer not in _OURS
        )
        click.echo(f"{name:<18}{speed:>8.0f} pictures/s   {times}")
    for name, share in _waiting(memes).items():
        click.echo(f"{name}: {share:.1%} of an epoch is spent waiting for batches")


@dataclass(frozen=True, slots=True)
class _Memes:
    """What is learned from, by all."""

    settings: Settings
    media: MediaStore
    snapshot: Snapshot
    rows: list[Row]
    words: Sequence[Sequence[Line] | None]
    active: Collection[str]

    @classmethod
    def of(cls, settings: Settings, n: int) -> Self:
        """The first labelled ones that Keras's loader can read as they are."""
        with reading(settings) as session:
            snapshot = Snapshot.take(session, seed=1)
            rows = [
                row
                for row in snapshot.rows
                if row.format in READ_BY_KERAS and row.genre in snapshot.classes
            ][:n]
            words = list(words_in_order(session, [row.sha256 for row in rows]))
            active = active_files(session)
        return cls(settings, MediaStore.open(settings), snapshot, rows, words, active)

    def shards(self, image_px: int) -> tuple[Shards, Examples]:
        """Those of this size, with all of it in them."""
        shards = Shards.open(self.settings, image_px)
        shards.fill(self.rows, self.media, self.active)
        classes, year = self.snapshot.classes, self.snapshot.year
        return shards, examples_of(self.rows, classes, year, self.words, shards.aspects, 0.5)


def _waiting(memes: _Memes) -> dict[str, float]:
    """How much of an epoch's time its steps wait for their batches, of each way to learn."""
    n_genres = len(memes.snapshot.classes)
    n_years = memes.snapshot.year - FIRST_YEAR + 1
    config = recipe("none")
    shards, examples = memes.shards(config.image_px)
    network = build(config, n_genres, n_years)
    feed = batches(shards, examples, config.batch_size, seed=1, hidden_share=config.hidden_share)
    shares = {"the small network": _share_waited(network.taught, config, feed)}
    config = replace(recipe("imagenet"), n_members=1)
    network = build(config, n_genres, n_years)
    n_features = network.features.output_shape[-1]
    features = np.random.default_rng(1).normal(size=(len(examples), n_features))
    feed = feature_batches(
        features.astype(np.float16),
        examples,
        config.batch_size,
        seed=1,
        hidden_share=config.hidden_share,
    )
    return shares | {"a member": _share_waited(network.on_features[0], config, feed)}


def _share_waited(model: Any, config: TrainConfig, feed: Any) -> float:
    """The share of the time; without what it takes to be handed a batch that lies ready."""
    n_steps = int(feed.cardinality())
    compile_for(model, config, n_steps * 2 * (1 + _N_ROUNDS))
    batches_of = feed.map(for_fit)
    feeds = {"fed": batches_of.repeat(), "ready": batches_of.take(1).cache().repeat()}
    steps = {name: iter(data.prefetch(2)) for name, data in feeds.items()}  # as Keras's fit does
    shares = []
    for epoch in range(1 + _N_ROUNDS):
        waited = {"fed": 0.0, "ready": 0.0}
        taken = 0.0
        for name, of_it in steps.items():
            started = time.perf_counter()
            for _ in range(n_steps):
                asked = time.perf_counter()
                batch = next(of_it)
                waited[name] += time.perf_counter() - asked
                model.train_on_batch(*batch)
            if name == "fed":
                taken = time.perf_counter() - started
        if epoch:  # the first compiles
            shares.append(max(0.0, waited["fed"] - waited["ready"]) / taken)
    return statistics.median(shares)


def _feeds(memes: _Memes, image_px: int, folder: Path) -> dict[str, Callable[[], int]]:
    shards, examples = memes.shards(image_px)
    write_originals(memes.rows, memes.media, folder)
    keras_feed = keras.utils.image_dataset_from_directory(
        folder, image_size=(image_px, image_px), batch_size=_BATCH, seed=1, verbose=False
    ).prefetch(2)
    guide = keras.Sequential(
        [keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(0.1)]
    )

    def changed(pictures: Any, genre: Any) -> Any:
        """As Keras's guide to transfer learning does."""
        return guide(pictures, training=True), genre

    feeds: dict[str, Callable[[], int]] = {
        "plain": _epoch(batches(shards, examples, _BATCH), lambda b: len(b["picture"])),
        "augmented": _epoch(batches(shards, examples, _BATCH, seed=1), lambda b: len(b["picture"])),
        "keras": _epoch(keras_feed, lambda b: len(b[0])),
        "keras, augmented": _epoch(keras_feed.map(changed), lambda b: len(b[0])),
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

    pictures: Any = _Files(files, side_px)
    loader: Iterable[Any] = DataLoader(
        pictures,
        batch_size=_BATCH,
        shuffle=True,
        num_workers=os.cpu_count() or 1,
        persistent_workers=True,
    )
    return loader


if __name__ == "__main__":
    sys.exit(main())
