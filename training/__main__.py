"""python -m training: learn from the collection."""

import os
from typing import Any

import click

from core.cli import json_option, print_json, run, warn
from core.quiet import quiet_native
from core.settings import Settings
from training.registry import SNAPSHOT, Registry

# That there is no GPU is no error; TensorFlow's failures come as exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@click.group()
def main() -> None:
    """Learn from the collection, and see how well."""


@main.command()
@click.option(
    "--weights",
    default="none",
    show_default=True,
    metavar="none|imagenet|PATH",
    help="Where the picture branch starts: from nothing, or from MobileNetV2 weights.",
)
@click.option("--test-fold", type=int, help="Test on this fold of the imported labels.")
@click.option("--epochs", type=click.IntRange(min=1), help="At most so many.")
@click.option("--image-px", type=click.IntRange(min=32, max=512), help="Side the network sees.")
@click.option("--batch-size", type=click.IntRange(min=1))
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True)
@click.option("--no-promote", is_flag=True, help="Keep the present champion.")
@json_option
def fit(
    weights: str,
    test_fold: int | None,
    epochs: int | None,
    image_px: int | None,
    batch_size: int | None,
    seed: int,
    no_promote: bool,
    as_json: bool,
) -> None:
    """Train a model on what the database knows, test it and let it answer from now on."""
    from db.session import reading
    from training.config import recipe
    from training.snapshot import Snapshot

    settings = Settings.load()
    config = recipe(weights, epochs=epochs, image_px=image_px, batch_size=batch_size, seed=seed)
    with reading(settings) as session:
        snapshot = Snapshot.take(session, seed, test_fold)
    counts = snapshot.counts()
    warn(
        f"snapshot {snapshot.hash[:8]}: "
        + ", ".join(f"{n} {k}" for k, n in counts["splits"].items())
    )
    with quiet_native():
        from training.fit import fit as fit_snapshot  # loads TensorFlow: seconds, once it is needed
    version = fit_snapshot(settings, config, snapshot, weights, say=warn)
    registry = Registry(settings.models_dir)
    if not no_promote:
        registry.promote(version)
    card = registry.card(version)
    if as_json:
        print_json({"version": version, "champion": registry.champion(), **card})
    else:
        click.echo(
            f"{version}: macro F1 {card['metrics']['macro_f1']:.3f}, in {registry.path(version)}"
        )


@main.command()
@click.option("--model", "version", help="A version.  [default: the champion]")
@json_option
def evaluate(version: str | None, as_json: bool) -> None:
    """Test a model on the memes that its run kept aside: macro F1 and each genre's figures."""
    from db.media import MediaStore
    from db.reading import words_of
    from db.session import reading
    from db.splits import Split
    from training.classifier import Classifier
    from training.evaluate import evaluate as evaluate_rows
    from training.snapshot import Snapshot

    settings = Settings.load()
    classifier = Classifier.load(settings, version)
    folder = Registry(settings.models_dir).path(classifier.version)
    snapshot = Snapshot.load(folder / SNAPSHOT)
    rows = snapshot.of(Split.TEST)
    with reading(settings) as session:
        words = words_of(session, [row.sha256 for row in rows])
    metrics = evaluate_rows(classifier, rows, MediaStore.open(settings), words)
    if as_json:
        print_json({"version": classifier.version, **metrics.as_dict()})
    else:
        click.echo(f"{classifier.version}\n{metrics}")


@main.command()
@click.option("--workers", "n_workers", type=click.IntRange(min=1), help="Processes that read.")
@json_option
def read(n_workers: int | None, as_json: bool) -> None:
    """Read the words in every meme that lacks them, once; models learn from them.

    Half a second a meme and core. Stopped half-way, the same command goes on from there.
    """
    from training.read import read_all

    counts = read_all(Settings.load(), n_workers)
    if as_json:
        print_json(counts.as_dict())
    else:
        click.echo(str(counts))


@main.command()
@click.option("--model", "version", help="A model version.  [default: the champion]")
@json_option
def predict(version: str | None, as_json: bool) -> None:
    """Let a model say what it makes of every meme; the labeling tool asks about the doubtful first.

    Stopped half-way, the same command goes on from there.
    """
    from training.predict import predict_all

    counts = predict_all(Settings.load(), version)
    if as_json:
        print_json(counts.as_dict())
    else:
        click.echo(str(counts))


@main.command("list")
@json_option
def list_versions(as_json: bool) -> None:
    """List the models, oldest first, with their figures; * marks the one that answers."""
    registry = Registry(Settings.load().models_dir)
    rows: list[dict[str, Any]] = []
    for version in registry.versions():
        card = registry.card(version)
        rows.append(
            {
                "version": version,
                "champion": version == registry.champion(),
                "macro_f1": card["metrics"]["macro_f1"],
                "n_train": card["snapshot"]["splits"]["train"],
                "weights": card["config"]["weights"],
            }
        )
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo("there is no model yet; try: python -m training fit")
    for row in rows:
        click.echo(
            f"{'*' if row['champion'] else ' '} {row['version']}  macro F1 {row['macro_f1']:.3f}  "
            f"{row['n_train']} memes  weights {row['weights']}"
        )


@main.command()
@click.argument("version")
def promote(version: str) -> None:
    """Let this version answer from now on."""
    Registry(Settings.load().models_dir).promote(version)
    click.echo(f"{version} answers from now on")


if __name__ == "__main__":
    run(main, "python -m training", extra="training")
