"""Trains a version's like on its test as well: to be passed on, once its figures are known."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core.errors import BadInput
from core.quiet import quiet_native
from core.settings import Settings
from db.splits import Split
from training.learning_curve import run_of
from training.snapshot import BY_MODEL, Snapshot
from training.teacher import taught

__all__ = ["refit"]


def refit(
    settings: Settings,
    version: str,
    weights: str | Path = "none",
    teacher: str | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> str:
    """Train on all that a version learned from and was tested on; gives the new version.

    Nothing is left to test it on: its card has the figures of the version that it is made after,
    and says so.

    Args:
        settings: of the collection and its models.
        version: to be made after: its memes, its choices.
        weights: where its picture branch started: what its run was given.
        teacher: a version that has learned from all as well, where one taught the version.
        say: takes a line for people.

    Raises:
        BadInput: there is no such version, it started from other weights, or had a teacher where
            none is named, or the other way round.
        MemeEraError: as for `training.fit.fit`.
    """
    with quiet_native():
        from training.fit import fit  # loads TensorFlow: seconds; a wrong argument needs none

    config, snapshot = run_of(settings, version, weights)
    if (teacher is None) != (config.teacher == "none"):
        raise BadInput(
            f"model {version} had a teacher: name one that was refitted too: --teacher"
            if teacher is None
            else f"model {version} had no teacher; leave --teacher out"
        )
    whole = _whole(snapshot)
    if teacher is not None:
        whole = taught(settings, whole, teacher)
        config = replace(config, teacher=teacher)
    return fit(settings, config, whole, weights, say, tested_as=version)


def _whole(snapshot: Snapshot) -> Snapshot:
    """With nothing kept aside, and without what a teacher said."""
    return replace(
        snapshot,
        rows=tuple(
            replace(
                row,
                opinion=None,
                split=Split.VALIDATION if row.split is Split.VALIDATION else Split.TRAIN,
            )
            for row in snapshot.rows
            if row.trust != BY_MODEL
        ),
    )
