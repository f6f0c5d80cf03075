"""python -m training: learn from the collection."""

import functools
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from core.cli import echo, json_option, print_json, run, warn
from core.quiet import quiet_native
from core.settings import Settings
from training.config import TrainConfig
from training.registry import Registry

# That there is no GPU is no error; TensorFlow's failures come as exceptions.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@click.group()
def main() -> None:
    """Learn from the collection, and see how well."""


weights_option = click.option(
    "--weights",
    default="none",
    show_default=True,
    metavar="none|imagenet|PATH",
    help="Where the picture branch starts: from nothing, or from MobileNetV2 weights.",
)


def recipe_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose how a model is trained; gives them as `config` and `weights`."""

    @weights_option
    @click.option(
        "--epochs",
        type=click.IntRange(min=1),
        help="At most so many; from nothing, early stopping usually ends it sooner.",
    )
    @click.option("--image-px", type=click.IntRange(32, 512), help="Side the network sees.")
    @click.option("--batch-size", type=click.IntRange(min=1))
    @click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True)
    @functools.wraps(command)
    def chosen(
        weights: str,
        epochs: int | None,
        image_px: int | None,
        batch_size: int | None,
        seed: int,
        **options: Any,
    ) -> Any:
        from training.config import recipe

        changes = {"epochs": epochs, "image_px": image_px, "batch_size": batch_size}
        return command(config=recipe(weights, seed=seed, **changes), weights=weights, **options)

    return chosen


@main.command()
@recipe_options
@click.option("--test-fold", type=int, help="Test on this fold of the imported labels.")
@click.option(
    "--teacher",
    metavar="VERSION",
    help="A model to learn from as well: what it says of every meme, labelled or not.",
)
@click.option("--no-promote", is_flag=True, help="Keep the present champion.")
@json_option
def fit(
    config: TrainConfig,
    weights: str,
    test_fold: int | None,
    teacher: str | None,
    no_promote: bool,
    as_json: bool,
) -> None:
    """Train a model on what the database knows, and test it; it answers only if it is better.

    It is compared with the one that answers now, the starter at first, on memes that neither
    learned from. --no-promote skips that.
    """
    from db.session import reading
    from db.splits import KeptAside
    from training.holdout import take_snapshot
    from training.lock import training_lock
    from training.snapshot import Snapshot
    from training.teacher import taught

    settings = Settings.load()
    with training_lock(settings, warn):
        with reading(settings) as session:
            if test_fold is None:
                snapshot = take_snapshot(session, settings.models_dir, config.seed)
            else:
                snapshot = Snapshot.take(session, config.seed, KeptAside(fold=test_fold))
        if teacher:
            snapshot = taught(settings, snapshot, teacher)
            config = replace(config, teacher=teacher)
        splits = ", ".join(f"{n} {side}" for side, n in snapshot.counts()["splits"].items())
        warn(f"snapshot {snapshot.hash[:8]}: {splits}")
        with quiet_native():
            from training.fit import fit as fit_snapshot  # loads TensorFlow: seconds
        version = fit_snapshot(settings, config, snapshot, weights, say=warn)
        _done(settings, version, no_promote, as_json)


@main.command()
@click.argument("version")
@weights_option
@click.option(
    "--teacher", metavar="VERSION", help="Refitted as well, where a model taught this one."
)
@click.option("--no-promote", is_flag=True, help="Keep the present champion.")
@json_option
def refit(version: str, weights: str, teacher: str | None, no_promote: bool, as_json: bool) -> None:
    """Train the like of VERSION on all memes, those that it was tested on too: to be passed on.

    The figures of VERSION stand for it, for nothing is left to test it on, nor to compare it with
    the one that answers: `promote` lets it answer.
    """
    from training.lock import training_lock
    from training.refit import refit as refit_version

    settings = Settings.load()
    with training_lock(settings, warn):
        made = refit_version(settings, version, weights, teacher, warn)
        _done(settings, made, no_promote, as_json)


def _done(settings: Settings, version: str, no_promote: bool, as_json: bool) -> None:
    """Tell of a new version, and whether it answers from now on."""
    from training.challenge import challenge

    registry = Registry(settings.models_dir)
    outcome = None if no_promote else challenge(settings, version, warn)
    card = registry.card(version)
    if as_json:
        comparison = None if outcome is None else outcome.as_dict()
        champion = registry.champion()
        print_json({"version": version, "champion": champion, "comparison": comparison, **card})
    else:
        tested = f" (of {card['tested_as']})" if "tested_as" in card else ""
        echo(
            f"{version}: macro F1 {card['metrics']['macro_f1']:.3f}{tested}, "
            f"in {registry.path(version)}"
        )
        if outcome is not None:
            echo(outcome)


@main.command()
@recipe_options
@click.option(
    "--keep",
    "n_kept",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How many versions stay, beside the one that answers and the one before it.",
)
@json_option
def retrain(config: TrainConfig, weights: str, n_kept: int, as_json: bool) -> None:
    """Train on the grown collection; the new model answers only if it is better.

    Both are compared on memes that were kept aside from the beginning. Safe to run on a schedule:
    where nothing is new it does nothing, nor where the same was tried and lost; stopped at any
    moment, the champion answers on.
    """
    with quiet_native():
        from training.retrain import retrain as retrain_all
    outcome = retrain_all(Settings.load(), config, weights, n_kept, say=warn)
    if as_json:
        print_json(outcome.as_dict())
    else:
        echo(outcome)


@main.command()
def rollback() -> None:
    """Let the model answer again that did before the champion."""
    echo(f"{Registry(Settings.load().models_dir).roll_back()} answers from now on")


@main.command("cross-validate")
@recipe_options
@click.option(
    "--leave-out",
    type=click.Choice(["folds", "places"]),
    default="folds",
    show_default=True,
    help="folds of whole families; or places: ten folds of whole communities or sources, which "
    "is what a new place meets.",
)
@json_option
def cross_validate_command(
    config: TrainConfig, weights: str, leave_out: str, as_json: bool
) -> None:
    """Train on all but one part of what people labelled, test on it; for each part in turn.

    Stopped half-way, the same command goes on from there.
    """
    from training.assess import assess

    with quiet_native():
        from training.cross_validate import Parts, cross_validate
    answers = cross_validate(Settings.load(), config, Parts(leave_out), weights, say=warn)
    figures = assess(answers)
    if as_json:
        print_json(figures.as_dict())
    else:
        echo(*str(figures).split("\n"))


@main.command()
@click.option("--model", "version", help="A version.  [default: the champion]")
@json_option
def evaluate(version: str | None, as_json: bool) -> None:
    """Test a model on the memes that its run kept aside: macro F1 and each genre's figures."""
    from training.assess import assess
    from training.classifier import Classifier
    from training.evaluate import evaluate_on_its_test

    settings = Settings.load()
    classifier = Classifier.load(settings, version or Registry(settings.models_dir).champion())
    metrics = assess(evaluate_on_its_test(settings, classifier, warn))
    if as_json:
        print_json({"version": classifier.version, **metrics.as_dict()})
    else:
        echo(classifier.version, *str(metrics).split("\n"))


@main.command()
@click.option("--model", "version", help="A version.  [default: the champion]")
@click.option(
    "--out",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write it.  [default: reports/VERSION.html in the data folder]",
)
def report(version: str | None, path: Path | None) -> None:
    """Write a page about a model: its figures and plots, and its worst mistakes as pictures."""
    from training.report import write_report

    settings = Settings.load()
    version = version or Registry(settings.models_dir).champion()
    path = path or settings.data_dir / "reports" / f"{version}.html"
    write_report(settings, version, path)
    echo(f"{path}: open it in a browser")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--model", "version", help="A version.  [default: the champion]")
def publish(folder: Path, version: str | None) -> None:
    """Write a model into FOLDER as it can be passed on: LiteRT, its card, a model hub's page."""
    with quiet_native():
        from training.publish import publish as publish_version

    settings = Settings.load()
    version = version or Registry(settings.models_dir).champion()
    publish_version(settings, version, folder)
    echo(f"{version} is in {folder}")


@main.command("learning-curve")
@click.option("--model", "version", help="A version.  [default: the champion]")
@weights_option
@json_option
def learning_curve_command(version: str | None, weights: str, as_json: bool) -> None:
    """Train a model's like on an eighth, a quarter and half of its memes: would more memes help?

    Stopped half-way, the same command goes on from there. `report` draws the curve.
    """
    from training.learning_curve import learning_curve

    settings = Settings.load()
    version = version or Registry(settings.models_dir).champion()
    points = learning_curve(settings, version, weights, say=warn)
    if as_json:
        print_json([asdict(point) for point in points])
        return
    for point in points:
        echo(
            f"{point.n_train:>8} memes: macro F1 {point.macro_f1:.3f}, "
            f"over the genres with trusted labels {point.macro_f1_trusted:.3f}"
        )


@main.command()
@click.option("--workers", "n_workers", type=click.IntRange(min=1), help="Processes that read.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many memes.  [default: all]")
@json_option
def read(n_workers: int | None, limit: int | None, as_json: bool) -> None:
    """Read the words in every meme that lacks them, once; models learn from them.

    Half a second a meme and core. Stopped half-way, the same command goes on from there.
    """
    from training.read import read_all

    counts = read_all(Settings.load(), n_workers, limit)
    if as_json:
        print_json(counts.as_dict())
    else:
        echo(counts)


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
        echo(counts)


@main.command("list")
@json_option
def list_versions(as_json: bool) -> None:
    """List the models, oldest first, with their figures; * marks the one that answers."""
    registry = Registry(Settings.load().models_dir)
    if as_json:
        print_json(registry.described())
    else:
        echo(*registry.report())


@main.command()
@click.argument("version")
def promote(version: str) -> None:
    """Let this version answer from now on."""
    Registry(Settings.load().models_dir).promote(version)
    echo(f"{version} answers from now on")


if __name__ == "__main__":
    run(main, "python -m training", extra="training")
