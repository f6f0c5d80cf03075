"""Lets a new model answer only where it is better on memes that neither it nor the other learned.

The starter is compared as any other: of this collection it has learned nothing. Its card names no
files, so that memes which it did learn, elsewhere, count for it; `promote` is there for who knows.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from core.errors import BadInput, NotReady
from core.settings import Settings
from db.predictions import families_by_file
from db.session import reading
from db.splits import Split
from training.answers import Answers
from training.assess import differences
from training.classifier import Classifier
from training.evaluate import evaluate
from training.metrics import measure
from training.registry import ANSWERS, SNAPSHOT, Registry
from training.snapshot import Snapshot, learned_by

__all__ = ["Outcome", "challenge"]

_COMPARISON: Final = "comparison.json"
_CERTAIN: Final = 0.8  # of a thousand draws, so many must find the new model better
# Of fewer families the draws say too little: with ten, one meme that was luck is a tenth of it all.
_MIN_FAMILIES: Final = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a new model.

    Attributes:
        champion: which answers now.
        challenger: the new model; None where nothing was new to learn from.
        before: which answered until now; None where there was none, or none that could answer.
        gain: in macro F1; None where the two could not be compared.
        certainty: the share of a thousand draws in which the new one is better.
        n: memes that both were compared on.
        reason: why they were not compared, empty where they were; where nothing was new, the
            version that learned from the same.
    """

    champion: str
    challenger: str | None = None
    before: str | None = None
    gain: float | None = None
    certainty: float | None = None
    n: int = 0
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self) | {"promoted": self.challenger == self.champion}

    def __str__(self) -> str:
        if self.challenger is None:
            return f"nothing is new since {self.reason}: {self.champion} answers on"
        is_new = self.challenger == self.champion
        found = self.reason
        if self.gain is not None:
            found = (
                f"macro F1 {self.gain:+.3f} on {self.n} memes kept aside, "
                f"better in {self.certainty:.0%} of the draws"
            )
        if is_new and self.before is None:
            return f"{self.challenger} answers from now on: {found or 'it is the first'}"
        if is_new:
            return f"{self.challenger} answers from now on, better than {self.before}: {found}"
        return (
            f"{self.champion} answers on; {self.challenger} is not surely better: {found}; "
            f"python -m training promote {self.challenger} lets it answer all the same"
        )


def challenge(
    settings: Settings, challenger: str, say: Callable[[str], None] = lambda _line: None
) -> Outcome:
    """Compare a new version with the one that answers, and promote it if it is surely better.

    Where too little is left to compare them on, the one that answers goes on: what it is worth is
    known, and a step back would be seen by everybody.

    Args:
        settings: of the collection and its models.
        challenger: a version that does not answer yet.
        say: takes a line for people.
    """
    registry = Registry(settings.models_dir)
    outcome = _outcome(settings, registry, challenger, say)
    report = json.dumps(outcome.as_dict(), indent=2)
    (registry.path(challenger) / _COMPARISON).write_text(report + "\n", encoding="utf-8")
    registry.promote(outcome.champion)  # said aloud: the newest would answer where none was
    return outcome


def _outcome(
    settings: Settings, registry: Registry, challenger: str, say: Callable[[str], None]
) -> Outcome:
    try:
        champion = registry.champion(but=challenger)
    except NotReady:
        return Outcome(challenger, challenger)
    try:
        opponent = Classifier.load(settings, champion)
    except BadInput as error:
        say(str(error))
        return Outcome(challenger, challenger, reason=f"{champion} cannot answer any more")
    try:
        answers = _fair(settings, registry, champion, challenger, say)
        before = evaluate(settings, opponent, answers.rows, say)
    except (BadInput, NotReady) as error:
        return Outcome(champion, challenger, champion, reason=str(error))
    after = answers.of(before.rows)
    gain = _macro_f1(after) - _macro_f1(before)
    certainty = float(np.mean(differences(before, after) > 0))
    is_better = gain > 0 and certainty >= _CERTAIN
    return Outcome(
        challenger if is_better else champion,
        challenger,
        champion,
        round(gain, 4),
        certainty,
        len(after),
    )


def _fair(
    settings: Settings,
    registry: Registry,
    champion: str,
    challenger: str,
    say: Callable[[str], None],
) -> Answers:
    """What the challenger answered on its test, of families that the champion did not learn.

    Raises:
        NotReady: they are too few.
        BadInput: the list of what one of them learned is damaged.
    """
    folder = registry.path(challenger)
    snapshot = Snapshot.load(folder / SNAPSHOT)
    test = snapshot.of(Split.TEST)
    if not test:
        raise NotReady("it learned from all memes, and none is left to compare them on")
    answers = Answers.load(folder / ANSWERS, test)
    learned = _learned_families(settings, snapshot, learned_by(registry, champion))
    fair = [i for i, row in enumerate(answers.rows) if row.family not in learned]
    if len(fair) < len(answers):
        say(f"{len(answers) - len(fair)} memes kept aside are left out: {champion} learned them")
    n_families = len({answers.rows[i].family for i in fair})
    if n_families < _MIN_FAMILIES:
        raise NotReady(
            f"{len(fair)} memes of {n_families} families are left that neither learned from, and "
            f"it takes {_MIN_FAMILIES} families to tell: label more memes"
        )
    return answers.only(fair)


def _learned_families(settings: Settings, snapshot: Snapshot, files: set[str]) -> set[int]:
    """The snapshot's families of which somebody learned these files, or others of a template."""
    if not files:
        return set()
    with reading(settings) as session:
        template = families_by_file(session, [*files, *(row.sha256 for row in snapshot.rows)])
    templates = {template[sha256] for sha256 in files if sha256 in template}
    return {
        row.family
        for row in snapshot.rows
        if row.sha256 in files or template.get(row.sha256) in templates
    }


def _macro_f1(answers: Answers) -> float:
    truth = [row.genre for row in answers.rows]
    return measure(truth, answers.genres, answers.classes).macro_f1
