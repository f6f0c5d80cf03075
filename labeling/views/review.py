"""The Review page: where people differ, how far they agree, and what looks wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from db.reviewing import held_out_scores, last_words, state
from db.showing import shown
from labeling.agreement import (
    AnnotatorAgreement,
    Disagreement,
    annotator_agreement,
    disagreements,
    krippendorff_alpha,
)
from labeling.components import component
from labeling.consensus import Consensus, Suspect, Weighed, Word, likely_wrong, majority, weigh
from labeling.opened import Opened
from labeling.views.choosing import (
    GENRE_DATA,
    GENRE_NAMES,
    OTHER_DATA,
    choose_page,
    there_is_something,
)
from labeling.views.noting import note

__all__ = ["draw"]

_AT_A_TIME: Final = 40  # memes of a list
_NAMES: Final = GENRE_NAMES | {one["key"]: one["name"] for one in OTHER_DATA}


@dataclass(frozen=True, slots=True)
class _Review:
    """All that the page tells."""

    n_shared: int  # memes that several people judged
    alpha: float | None
    annotators: list[AnnotatorAgreement]
    weighed: Weighed
    differing: list[Disagreement]
    suspects: list[Suspect]
    scores: dict[int, dict[str, float]]


def draw(collection: Opened, annotator: str) -> None:
    """Draw it for one person."""
    if there_is_something(collection) is None:
        return
    with collection.database.reading() as session:
        review = _reviewed(collection, state(session))
    note(
        "Your answer here settles what a meme is, whatever others said. Click a genre, or press "
        "its digit on a row."
    )
    differ, wrong, agree = st.tabs(
        [
            f"Disagreements ({len(review.differing)})",
            f"Likely wrong ({len(review.suspects)})",
            "Agreement",
        ]
    )
    with differ:
        _list(
            collection,
            annotator,
            "differ",
            [one.meme_id for one in review.differing],
            lambda meme: _of_disagreement(review, meme),
            "Nobody disagrees: either everybody is of one mind, or no meme has several answers. "
            "MEMEERA_OVERLAP_SHARE=0.1 asks two people about every tenth meme.",
        )
    with wrong:
        _list(
            collection,
            annotator,
            "wrong",
            [one.meme_id for one in review.suspects],
            lambda meme: _of_suspect(review, meme),
            "No label looks wrong. A model has to have seen labelled memes that it did not learn "
            "from.",
        )
    with agree:
        _agreement(review)


@st.cache_data(max_entries=4, hash_funcs={Opened: id}, show_spinner="Comparing answers…")
def _reviewed(collection: Opened, as_of: tuple[int, ...]) -> _Review:  # noqa: ARG001  # a key
    with collection.database.reading() as session:
        said = last_words(session)
        scores = held_out_scores(session)
    settled = {one.meme_id for one in said if one.settles}
    words = [Word(one.meme_id, one.annotator, one.what) for one in said]
    open_words = [word for word in words if word.meme_id not in settled]
    labels = {
        meme: one.genre for meme, one in majority(open_words).items() if one.genre in GENRE_NAMES
    }
    alpha = krippendorff_alpha(words)
    return _Review(
        n_shared=alpha.n,
        alpha=alpha.value,
        annotators=annotator_agreement(words),
        weighed=weigh(open_words, scores),
        differing=disagreements(open_words),
        suspects=likely_wrong(labels, scores, limit=500),
        scores=scores,
    )


def _list(
    collection: Opened,
    annotator: str,
    key: str,
    meme_ids: Sequence[int],
    lines: Callable[[int], list[str]],
    nothing: str,
) -> None:
    if not meme_ids:
        st.info(nothing)
        return
    start = choose_page(key, len(meme_ids), _AT_A_TIME)
    some = meme_ids[start : start + _AT_A_TIME]
    with collection.database.reading() as session:
        memes = shown(session, some)
    data: dict[str, Any] = collection.browser_data(annotator) | {
        "genres": GENRE_DATA,
        "others": OTHER_DATA[:2],
        "memes": [
            {
                "meme_id": meme.meme_id,
                "sha256": meme.sha256,
                "title": meme.title,
                "lines": lines(meme.meme_id),
            }
            for meme in memes
        ],
    }
    component("review")(key=key, data=data)


def _of_disagreement(review: _Review, meme_id: int) -> list[str]:
    (one,) = (one for one in review.differing if one.meme_id == meme_id)
    said = [f"{word.annotator}: {_NAMES[word.genre]}" for word in one.words]
    return [*said, _told(review.weighed.consensus[meme_id]), *_scores(review, meme_id)]


def _of_suspect(review: _Review, meme_id: int) -> list[str]:
    (one,) = (one for one in review.suspects if one.meme_id == meme_id)
    return [
        f"labelled {_NAMES[one.given]}, which the model finds {one.self_confidence:.0%} likely",
        *_scores(review, meme_id),
    ]


def _told(consensus: Consensus) -> str:
    name = _NAMES[consensus.genre]
    if consensus.quality is not None:
        return f"consensus, people and model weighed: {name} ({consensus.quality:.0%} sure)"
    if consensus.tied:
        return f"as many for one as for the other; said last: {name}"
    return f"most say: {name} ({consensus.share:.0%} of {consensus.n_votes})"


def _scores(review: _Review, meme_id: int) -> list[str]:
    scores = sorted(review.scores.get(meme_id, {}).items(), key=lambda one: -one[1])[:2]
    named = [f"{_NAMES.get(genre, genre)} {score:.0%}" for genre, score in scores]
    return [f"the model: {', '.join(named)}"] if named else []


def _agreement(review: _Review) -> None:
    one, other = st.columns(2)
    one.metric("Memes judged by several", review.n_shared)
    other.metric(
        "Krippendorff's alpha",
        "not yet" if review.alpha is None else f"{review.alpha:.2f}",
        help="1: all agree; 0: as by chance. From .8 on, labels are taken to be reliable.",
    )
    if not review.annotators:
        st.info("Nobody has answered yet.")
        return
    st.dataframe(
        [
            {
                "annotator": person.annotator,
                "answers": person.n_labels,
                "compared": person.n_compared,
                "agrees with most": person.share,
                "Cohen's kappa": person.kappa,
                "weight (CROWDLAB)": review.weighed.annotators.get(person.annotator),
            }
            for person in review.annotators
        ],
        hide_index=True,
        column_config={
            "compared": st.column_config.NumberColumn(
                help="Memes on which most of the others say one thing."
            ),
            "agrees with most": st.column_config.NumberColumn(format="percent"),
            "Cohen's kappa": st.column_config.NumberColumn(
                format="%.2f", help="With each of the others, by the memes in common; mean."
            ),
            "weight (CROWDLAB)": st.column_config.NumberColumn(
                format="%.2f", help="How far this person is right, as people and model tell."
            ),
        },
    )
