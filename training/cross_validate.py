"""Trains on all but one part of what is labelled and tests on that, for each part in turn."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from core.errors import NotReady
from core.genres import GENRES
from core.settings import Settings
from db.listing import LabelledMeme, labelled_memes
from db.session import reading
from db.splits import KeptAside, Split, fold_of, fold_of_places
from training.answers import Answers
from training.config import TrainConfig, run_hash
from training.fit import fit
from training.lock import training_lock
from training.registry import ANSWERS, SNAPSHOT, Registry
from training.snapshot import Snapshot

__all__ = ["Parts", "cross_validate"]

_N_FOLDS: Final = 5
_N_FOLDS_OF_PLACES: Final = 10  # nine tenths to learn from: places are few, and all differ


class Parts(StrEnum):
    """What is left out in turn."""

    FOLDS = "folds"  # those of an imported labelled set, or five of whole families
    PLACES = "places"  # ten of whole places: all that was seen in some communities or sources


def cross_validate(
    settings: Settings,
    config: TrainConfig,
    parts: Parts,
    weights: str | Path = "none",
    say: Callable[[str], None] = lambda _line: None,
) -> Answers:
    """What models answer on memes that they did not learn from, all that people labelled.

    Memes of a genre that a part alone has are left out: nobody can know what was never shown.
    The models stay in the folder cross-validation of the data folder; a run that was stopped goes
    on with the part it was at.

    Raises:
        NotReady: too little is labelled.
    """
    with reading(settings) as session:
        listed = _listed(session, config.seed, parts)
    answers = []
    for i, (part, snapshot) in enumerate(listed.items()):
        name = f"{part}-{run_hash(snapshot.hash, config)[:8]}"
        registry = Registry(settings.data_dir / "cross-validation" / name)
        say(f"part {i + 1} of {len(listed)}: {part}")
        test = snapshot.of(Split.TEST)
        known = [row for row in test if row.genre in snapshot.classes]
        if len(known) < len(test):
            say(f"{len(test) - len(known)} memes are of genres that no other part has: left out")
        if not known:
            continue
        if not registry.versions():
            with training_lock(settings, say):
                fit(settings, config, snapshot, weights, say, registry)
        folder = registry.path(registry.versions()[-1])
        tested = Snapshot.load(folder / SNAPSHOT).of(Split.TEST)
        said = Answers.load(folder / ANSWERS, tested)
        answers.append(said.only([i for i, row in enumerate(tested) if row.genre in said.classes]))
    if not answers:
        raise NotReady(f"each genre is in one of the {parts} alone: nothing can be tested")
    return Answers.joined(answers, [genre.key for genre in GENRES])


def _listed(session: Session, seed: int, parts: Parts) -> dict[str, Snapshot]:
    memes = [meme for meme in labelled_memes(session) if meme.by_people]
    match parts:
        case Parts.PLACES:
            named = _places(memes, seed)
        case Parts.FOLDS if any(meme.folds for meme in memes):
            folds = sorted({fold for meme in memes for fold in meme.folds})
            named = {f"fold {fold}": KeptAside(fold=fold) for fold in folds}
        case Parts.FOLDS:
            files: dict[str, set[str]] = {}
            for meme, fold in zip(memes, fold_of(memes, seed, _N_FOLDS), strict=True):
                files.setdefault(f"fold {fold}", set()).add(meme.sha256)
            named = {fold: KeptAside(files=frozenset(those)) for fold, those in files.items()}
    if len(named) < 2:
        raise NotReady(f"there is one of the {parts} alone; leaving one out takes two or more")
    return {name: Snapshot.take(session, seed, aside) for name, aside in sorted(named.items())}


def _places(memes: Sequence[LabelledMeme], seed: int) -> dict[str, KeptAside]:
    """What is kept aside for each fold of whole places."""
    files: dict[int, set[str]] = {}
    places: dict[int, set[str]] = {}
    for meme, fold in zip(memes, fold_of_places(memes, seed, _N_FOLDS_OF_PLACES), strict=True):
        files.setdefault(fold, set()).add(meme.sha256)
        places.setdefault(fold, set()).add(min(meme.places))
    return {
        f"places {fold}": KeptAside(files=frozenset(files[fold]), places=frozenset(places[fold]))
        for fold in files
    }
