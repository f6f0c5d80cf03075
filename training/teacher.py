"""Adds what a model says of every meme to what another learns from."""

from dataclasses import replace
from typing import Final

from core.errors import BadInput
from core.settings import Settings
from db.listing import UnlabelledMeme, unlabelled_memes
from db.predictions import Opinion, families_by_file, opinions_of
from db.session import reading
from db.splits import Split
from training.predict import predict_all
from training.snapshot import BY_MODEL, Row, Snapshot

__all__ = ["taught"]

# How far a genre is trusted that the teacher alone gives; a label of people counts 1.
_WEIGHT: Final = 0.5


def taught(settings: Settings, snapshot: Snapshot, version: str) -> Snapshot:
    """The snapshot with a model's opinions, and with the memes that nobody labelled.

    A network learns more from what a better one says than from labels alone (Hinton et al.,
    Distilling the Knowledge in a Neural Network, 2015), and from memes without a label at all. What
    shares a family with a meme to be tested on stays out.

    Args:
        settings: of the collection and its models.
        snapshot: of labelled memes.
        version: of the model that teaches; what it has not predicted yet it predicts now.

    Raises:
        BadInput: there is no such version, or it has learned from memes to be tested on.
    """
    predict_all(settings, version)
    with reading(settings) as session:
        opinions = opinions_of(session, version)
        tested = [row.meme_id for row in snapshot.of(Split.TEST)]
        n_seen = sum(not opinions[meme_id].held_out for meme_id in tested if meme_id in opinions)
        if n_seen:
            raise BadInput(
                f"model {version} has learned from {n_seen} of the {len(tested)} memes to be "
                "tested on, or from their families: its pupil's figures would be too good; let one "
                "teach that was trained with the same --test-fold and --seed"
            )
        kept_aside = snapshot.of(Split.TEST) + snapshot.of(Split.VALIDATION)
        aside = set(families_by_file(session, [row.sha256 for row in kept_aside]).values())
        unlabelled = [
            meme
            for meme in unlabelled_memes(session)
            if meme.meme_id in opinions and meme.template_id not in aside
        ]
    rows = [
        replace(row, opinion=dict(opinions[row.meme_id].scores))
        if row.split is Split.TRAIN and row.meme_id in opinions
        else row
        for row in snapshot.rows
    ]
    n = len(rows)
    rows += [_row(meme, opinions[meme.meme_id], family=n + i) for i, meme in enumerate(unlabelled)]
    return replace(snapshot, rows=tuple(rows))


def _row(meme: UnlabelledMeme, opinion: Opinion, family: int) -> Row:
    return Row(
        meme_id=meme.meme_id,
        sha256=meme.sha256,
        format=meme.format,
        genre=max(opinion.scores, key=opinion.scores.__getitem__),
        weight=_WEIGHT,
        by_people=False,
        trust=BY_MODEL,
        family=family,
        folds=(),
        places=meme.places,
        year_low=meme.year_low,
        year_high=meme.year_high,
        split=Split.TRAIN,
        opinion=dict(opinion.scores),
    )
