"""Lets a model say what it makes of every meme, for the labeling tool to ask about."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from core.cli import telling
from core.errors import MemeEraError
from core.pace import Pace
from core.settings import Settings
from db.embeddings import packed_embedding
from db.media import MediaStore
from db.predictions import Said, families_by_file, keep_predictions, n_unpredicted, unpredicted
from db.reading import words_of
from db.session import Database
from training.classifier import Classifier, Prediction
from training.registry import Registry
from training.snapshot import learned_by

__all__ = ["Counts", "predict_all"]

_N_TOGETHER: Final = 200  # memes of one transaction: a second or two


@dataclass(slots=True)
class Counts:
    """What became of the memes."""

    model: str
    predicted: int = 0
    unread: int = 0  # those of the predicted that were judged by the picture alone
    skipped: int = 0  # their files cannot be read

    def __str__(self) -> str:
        unread = f", {self.unread} without their words: python -m training read" * bool(self.unread)
        skipped = f", {self.skipped} skipped: python -m db check" * bool(self.skipped)
        return f"{self.predicted} memes predicted by model {self.model}{unread}{skipped}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def predict_all(settings: Settings, version: str | None = None) -> Counts:
    """Keep what a model says of every meme of which it has said nothing yet.

    Args:
        settings: of the collection and its models.
        version: of the model; None: the champion.

    Raises:
        NotReady: there is no model yet.
        BadInput: there is no such version, or its files are damaged.
    """
    classifier = Classifier.load(settings, version)
    counts = Counts(classifier.version)
    registry = Registry(settings.models_dir)
    database, media = Database.open(settings), MediaStore.open(settings)
    with database.reading() as session:
        files = sorted(learned_by(registry, classifier.version))
        learned = set(families_by_file(session, files).values())
        n = n_unpredicted(session, counts.model)
    after = 0
    with telling(lambda: f"{counts}: kept"), Pace("predicting memes", n) as pace:
        while True:
            with database.reading() as session:
                memes = unpredicted(session, counts.model, after=after, limit=_N_TOGETHER)
                words = words_of(session, [meme.sha256 for meme in memes])
            if not memes:
                break
            after = memes[-1].meme_id
            said = {}
            for meme in memes:
                lines = words.get(meme.sha256)
                try:
                    data = media.get(meme.sha256, meme.format)
                    said[meme.meme_id] = _said(classifier.classify(data, read=False, lines=lines))
                    counts.unread += lines is None
                except MemeEraError:  # ImageRejected too: `check` tells what is wrong
                    counts.skipped += 1
            known = {meme.meme_id for meme in memes if meme.template_id in learned}
            with database.writing() as session:
                keep_predictions(session, counts.model, said, known)
            counts.predicted += len(said)
            pace.update(len(memes))
    database.engine.dispose()
    if not classifier.reads_words:
        counts.unread = 0
    return counts


def _said(prediction: Prediction) -> Said:
    year = prediction.year
    scores = {one.label: one.score for one in prediction.genre}
    embedding = packed_embedding(prediction.answer.embedding)
    return Said(scores, year.value, year.low, year.high, embedding)
