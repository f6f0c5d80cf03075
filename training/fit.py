"""One training run: from a snapshot to a version in the registry."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from itertools import repeat
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

from core.errors import NotReady
from core.settings import Settings
from db.media import MediaStore
from db.reading import active_files, n_read, words_in_order
from db.session import reading
from db.splits import Split, in_parts
from training.answers import Answers
from training.assess import assess
from training.calibration import Mix, calibration_error, fit_mix, left_out_scores, threshold
from training.classifier import Classifier
from training.config import TrainConfig, run_hash
from training.dataset import feature_batches
from training.evaluate import evaluate
from training.examples import FIRST_YEAR, Examples, examples_of
from training.export import export_litert
from training.lines import GRAMS
from training.model import BRANCHES, CASES, Network, build, load_backbone_weights
from training.plots import confusion
from training.registry import ANSWERS, CARD, KERAS_MODEL, LITERT_MODEL, SNAPSHOT, Registry
from training.shards import Shards
from training.snapshot import BY_MODEL, Row, Snapshot, unreadable
from training.teach import Lesson, Part, features_of, teach

__all__ = ["fit", "parts_of"]

_LIBRARIES: Final = ("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow", "rapidocr")
_N_MIX_PARTS: Final = 5  # of one network's memes, to learn how sure a mix may be
_N_AT_ONCE: Final = 256  # memes that a member answers on together
# The share of memes whose words must be known for a model to learn from words.
_MIN_READ: Final = 0.5


def fit(
    settings: Settings,
    config: TrainConfig,
    snapshot: Snapshot,
    weights: str | Path = "none",
    say: Callable[[str], None] = lambda _line: None,
    registry: Registry | None = None,
    tested_as: str | None = None,
) -> str:
    """Train a model on a snapshot, test it, and register it; gives its version.

    Nothing of it is seen by others before it is whole. Stopped at any moment, a run of the same
    snapshot and choices goes on from its last epoch. One at a time: within a `training_lock`.
    Memes whose pictures cannot be read are left out, and told of.

    Args:
        settings: of the collection.
        config: the run's choices.
        snapshot: to learn from and to be tested on.
        weights: where the picture branch starts: "none", "imagenet" or a file.
        say: takes a line for people.
        registry: takes the version; None: that of the settings.
        tested_as: another version, whose figures stand for this one's, where nothing is left to
            test it on.

    Raises:
        NotReady: the snapshot cannot be learned from, or another run is at work.
        BadInput: the weights cannot be used.
        MemeEraError: a shard is damaged, or weights could not be downloaded.
    """
    taken = snapshot
    _check(taken, is_tested=tested_as is None)
    network = _network(config, taken, weights)
    registry = registry or Registry(settings.models_dir)
    shards = Shards.open(settings, config.image_px)
    snapshot = _readable(settings, taken, shards, say)
    if snapshot is not taken:
        _check(snapshot, is_tested=tested_as is None)
    if snapshot.classes != taken.classes:  # no picture of a genre is left
        network = _network(config, snapshot, weights)
    run = run_hash(snapshot.hash, config)
    with registry.new_version(snapshot.hash, run) as draft:
        snapshot.save(draft.folder / SNAPSHOT)
        examples = _examples(settings, config, snapshot, shards, say)
        log_dir = settings.data_dir / "logs" / run[:8]
        parts = parts_of(snapshot.learned, config)
        lesson = Lesson(config, examples, parts, shards, draft.work_dir, log_dir, say)
        with shards.damage_told():
            history = teach(network, lesson)
            say("fitting the mix")
            calibration = _calibrate(network, lesson)
        say("exporting the model")
        network.answering.save(draft.folder / KERAS_MODEL)
        export_litert(network.answering, draft.folder / LITERT_MODEL)
        card = {
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "classes": snapshot.classes,
            "years": [FIRST_YEAR, snapshot.year],
            "input": {
                "side_px": config.image_px,
                "range": [0, 255],
                "layout": "RGB",
                "grams": GRAMS,
            },
            "reads_words": bool(examples.text.known.any()),
            # `taken`: with the memes whose pictures could not be read
            "snapshot": {"hash": snapshot.hash, "taken": taken.hash, **snapshot.counts()},
            "calibration": calibration,
            "history": history,
            "seed": config.seed,
            "config": asdict(config),
            "libraries": {name: library_version(name) for name in _LIBRARIES},
        }
        if tested_as is None:
            classifier = Classifier(draft.folder, draft.version, card)
            answers = evaluate(settings, classifier, snapshot.of(Split.TEST), say)
            answers.save(draft.folder / ANSWERS)
            card |= _figures(answers, draft.folder, say)
        else:
            tested = registry.card(tested_as)
            card |= {"tested_as": tested_as} | {
                name: tested[name] for name in ("test_labels", "metrics") if name in tested
            }
        (draft.folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return draft.version


def _network(config: TrainConfig, snapshot: Snapshot, weights: str | Path) -> Network:
    """A network that has learned nothing of the snapshot yet; always the same of one seed."""
    keras.utils.set_random_seed(config.seed)
    network = build(config, len(snapshot.classes), snapshot.year - FIRST_YEAR + 1)
    if weights != "none":
        load_backbone_weights(network, weights)
    return network


def _readable(
    settings: Settings, snapshot: Snapshot, shards: Shards, say: Callable[[str], None]
) -> Snapshot:
    """The snapshot without what cannot be learned from; the pictures of the rest in the shards."""
    with reading(settings) as session:
        active = active_files(session)
    lost = shards.fill(snapshot.learned, MediaStore.open(settings), active, say)
    if lost:
        say(unreadable([row for row in snapshot.learned if row.sha256 in lost]))
    return snapshot.without(lost)


def _figures(answers: Answers, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The figures of a test, for the card; the confusion matrix goes into the folder."""
    metrics = assess(answers)
    (folder / "confusion.png").write_bytes(confusion(metrics.genre))
    for line in str(metrics).split("\n"):
        say(line)
    by_people = all(row.by_people for row in answers.rows)
    return {"test_labels": "people" if by_people else "communities", "metrics": metrics.as_dict()}


def _check(snapshot: Snapshot, *, is_tested: bool) -> None:
    if len(snapshot.classes) < 2:
        raise NotReady(
            f"of the memes to learn from, all are {', '.join(snapshot.classes) or 'missing'}; "
            "label memes of more genres"
        )
    for side in (Split.VALIDATION, Split.TEST) if is_tested else (Split.VALIDATION,):
        if not snapshot.of(side):
            raise NotReady(f"no meme is left for the {side} side; label more memes")


def parts_of(rows: Sequence[Row], config: TrainConfig) -> list[Part]:
    """What each member learns from: one, all but the validation side; several, all but a part."""
    everyone = range(len(rows))
    if config.n_members == 1:
        left_out = [{i for i in everyone if rows[i].split is Split.VALIDATION}]
    else:
        # What a model alone has labelled says nothing of what another is worth.
        tested = [i for i in everyone if rows[i].trust != BY_MODEL]
        families = [row.family for row in rows]
        left_out = list(in_parts(rows, families, config.seed, tested, config.n_members))
    return [
        Part(
            learned=np.array([i for i in everyone if i not in part], np.int64),
            left_out=np.array(sorted(part), np.int64),
        )
        for part in left_out
    ]


def _examples(
    settings: Settings,
    config: TrainConfig,
    snapshot: Snapshot,
    shards: Shards,
    say: Callable[[str], None],
) -> Examples:
    """What is to be learned from, as numbers."""
    learned = snapshot.learned
    files = [row.sha256 for row in learned]
    with reading(settings) as session:
        n_unread = len(files) - n_read(session, files)
    if n_unread:
        say(
            f"the words of {n_unread} of {len(learned)} memes to learn from were never read: "
            "python -m training read, and a model is surer"
        )
    is_enough = n_unread <= len(learned) * (1 - _MIN_READ)  # else it looks at the pictures alone
    with reading(settings) as session:
        # Balanced for the mix too: one of memes that count alike leans to the frequent genres, and
        # has more wrong, of the frequent ones too (decisions/0011).
        return examples_of(
            learned,
            snapshot.classes,
            snapshot.year,
            words_in_order(session, files) if is_enough else repeat(None, len(files)),
            shards.aspects,
            config.balance,
        )


def _calibrate(network: Network, lesson: Lesson) -> dict[str, Any]:
    """Fit the mix in place, for each case of what is given; gives the figures for the card."""
    examples = lesson.examples
    sides = [side.left_out for side in lesson.parts]
    tested = np.concatenate(sides)
    if len(sides) > 1:
        part = np.repeat(np.arange(len(sides)), [len(side) for side in sides])
    else:
        part = np.arange(len(tested)) % _N_MIX_PARTS
    known, genre = examples.text.known[tested], examples.genre[tested]
    mixes, scores = [], []
    for (case, branches), said in zip(CASES.items(), _said(network, lesson), strict=True):
        weight = examples.genre_weight[tested]
        if known.any() and case[1]:
            weight = weight * known
        speaking = [i for i, branch in enumerate(BRANCHES) if branch in branches]
        of_these = said[tested][:, speaking]
        scores.append(left_out_scores(of_these, genre, weight, part))
        mix = fit_mix(of_these, genre, weight)
        weights = np.zeros((len(BRANCHES), *mix.weights.shape[1:]))
        weights[speaking] = mix.weights
        mixes.append(Mix(weights, mix.biases))
    for layer, mix in zip(network.mixes, mixes, strict=True):
        layer.set_weights([np.concatenate(list(mix.weights)), mix.biases])
    usual = np.where(known[:, None], scores[0], scores[1])
    confidence = usual.max(axis=1)
    is_right = usual.argmax(axis=1) == genre.argmax(axis=1)
    return {
        "n": len(tested),
        "branches": [branch.value for branch in BRANCHES],
        # How far each branch speaks for what it answers, on average over the genres.
        "weights": [
            [round(float(weights.trace() / len(weights)), 4) for weights in mix.weights]
            for mix in mixes
        ],
        "validation_ece": round(calibration_error(confidence, is_right), 4),
        "abstain_below": round(threshold(confidence, is_right), 4),
    }


def _said(network: Network, lesson: Lesson) -> Any:
    """What each branch says of the memes that its member never saw, as log-probabilities.

    Returns:
        (n_cases, N, n_branches, n_genres), 0 for memes that all members saw.
    """
    examples, features = lesson.examples, features_of(network, lesson)
    said = np.zeros((len(CASES), len(examples), len(BRANCHES), examples.genre.shape[1]))
    for member, part in zip(network.on_features, lesson.parts, strict=True):
        for batch in feature_batches(features, examples, _N_AT_ONCE, places=part.left_out):
            seen = {name: batch[name] for name in ("features", "grams", "layout")}
            for i, case in enumerate(CASES):
                logits = member(seen | {"given": batch["given"] * case}, training=False)
                said[i, batch["position"].numpy()] = tf.nn.log_softmax(
                    np.stack([logits[branch.value] for branch in BRANCHES], axis=1)
                )
    return said
