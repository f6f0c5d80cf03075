"""From what several people say of a meme to one genre, and to the labels that look wrong."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.genres import GENRES

__all__ = [
    "By",
    "Consensus",
    "Scores",
    "Suspect",
    "Weighed",
    "Word",
    "by_meme",
    "crowdlab",
    "likely_wrong",
    "majority",
    "weigh",
]

Scores = Mapping[int, Mapping[str, float]]  # by meme: a probability by genre, out of sample
FloatArray = NDArray[np.float64]

_CLASS: Final = {genre.key: number for number, genre in enumerate(GENRES)}
_MAX_ROUNDING = 1e-6  # how far above 1 a softmax in float32 may come
# Tips the balance between genres that the model finds exactly as likely, and nothing else.
_LAST_SAID = 1e-9


@dataclass(frozen=True, slots=True)
class Word:
    """The last word of one person on one meme that stands; a skip is none."""

    meme_id: int
    annotator: str
    genre: str  # a genre's key, or "unsure", or "not_a_meme"


class By(StrEnum):
    """What a consensus rests on."""

    MAJORITY = "majority"  # people alone
    CROWDLAB = "crowdlab"  # people, each as far as they are right, and a model


@dataclass(frozen=True, slots=True)
class Consensus:
    """What one meme is taken to be."""

    meme_id: int
    genre: str  # as in `Word`
    n_votes: int
    share: float  # of the votes that say so: 0 where a model overruled them all
    tied: bool  # whether as many said something else as said what most did
    by: By
    quality: float | None = None  # how likely it is right, 0 to 1; None: by majority


@dataclass(frozen=True, slots=True)
class Weighed:
    """What people and a model come to together."""

    consensus: dict[int, Consensus]  # by meme
    # How far each person is right, 0 to 1; without those who share no meme with anybody, and empty
    # where there was nothing to weigh.
    annotators: dict[str, float]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A meme whose label is likely wrong."""

    meme_id: int
    given: str
    suggested: str  # the genre that the model finds most likely
    self_confidence: float  # how likely the model finds the given one, 0 to 1


def by_meme(words: Iterable[Word]) -> dict[int, list[Word]]:
    """The words on each meme, in the order they were given."""
    grouped: defaultdict[int, list[Word]] = defaultdict(list)
    for word in words:
        grouped[word.meme_id].append(word)
    return dict(grouped)


def majority(words: Iterable[Word]) -> dict[int, Consensus]:
    """What most people say of each meme; of equals, what was said last (as `db.labels.consensus`).

    "unsure" and "not_a_meme" count like genres.

    Args:
        words: in the order they were said.
    """
    return {meme_id: _most_said(meme_id, said) for meme_id, said in by_meme(words).items()}


def _most_said(meme_id: int, said: list[Word]) -> Consensus:
    tally = Counter(word.genre for word in said)
    most = max(tally.values())
    return Consensus(
        meme_id=meme_id,
        genre=next(word.genre for word in reversed(said) if tally[word.genre] == most),
        n_votes=len(said),
        share=most / len(said),
        tied=list(tally.values()).count(most) > 1,
        by=By.MAJORITY,
    )


def crowdlab(words: Sequence[Word], scores: Scores) -> dict[int, Consensus]:
    """What each meme is, as in `weigh`."""
    return weigh(words, scores).consensus


def weigh(words: Sequence[Word], scores: Scores) -> Weighed:
    """What each meme is by CROWDLAB, where it can be computed, and by majority elsewhere.

    CROWDLAB (Goh, Tkachenko, Mueller 2022, arXiv:2210.06812) weighs each person by how often others
    agree with them, and the model by how often it agrees with people. So a sure model may overrule
    one person, even with a genre that nobody said: never evaluate a model on what came of its own
    scores.

    The model knows genres alone: memes that most call something else stay with the majority, and
    on the others those words are left out. It takes some agreement, and two genres among the memes
    that several people judged, to tell careful people from careless ones; without, it is the
    majority for all.

    Args:
        words: in the order they were said.
        scores: of a model that did not learn from these memes. They need not sum to 1; what is
            missing is 0; a meme with a score outside 0 to 1, or with none above 0, has none.
    """
    agreed = majority(words)
    of_a_genre = [meme_id for meme_id, found in agreed.items() if found.genre in _CLASS]
    known, probabilities = _probabilities(of_a_genre, scores)
    scored = set(known)
    judged = [word for word in words if word.genre in _CLASS and word.meme_id in scored]
    if not _tell_people_apart(judged):
        return Weighed(agreed, {})
    people = list(dict.fromkeys(word.annotator for word in judged))
    labels, last_said = _tables(judged, known, people)

    from cleanlab.multiannotator import get_label_quality_multiannotator  # slow: pandas, sklearn

    found = get_label_quality_multiannotator(
        labels,
        # Where people and model leave a tie, cleanlab would throw dice: what was said last counts.
        _normalised(probabilities + _LAST_SAID * last_said),
        return_detailed_quality=False,
        verbose=False,
    )
    memes = found["label_quality"][["consensus_label", "consensus_quality_score"]]
    said = by_meme(words)
    weighed = {
        meme_id: _overrule(agreed[meme_id], said[meme_id], GENRES[int(number)].key, float(quality))
        for meme_id, (number, quality) in zip(known, memes.to_numpy(), strict=True)
    }
    qualities = found["annotator_stats"]["annotator_quality"].dropna()  # by column of labels
    return Weighed(agreed | weighed, {people[i]: float(qualities[i]) for i in qualities.index})


def _tables(
    words: list[Word], meme_ids: list[int], people: list[str]
) -> tuple[FloatArray, FloatArray]:
    """The words as (memes, people): a class or nan; and when, as (memes, genres): 0 to 1 the last.

    Of several words on one genre, the last counts.
    """
    row = {meme_id: number for number, meme_id in enumerate(meme_ids)}
    column = {name: number for number, name in enumerate(people)}
    rows = [row[word.meme_id] for word in words]
    classes = [_CLASS[word.genre] for word in words]
    labels = np.full((len(row), len(column)), np.nan)
    labels[rows, [column[word.annotator] for word in words]] = classes
    last_said = np.zeros((len(row), len(_CLASS)))
    last_said[rows, classes] = np.linspace(0, 1, len(words))
    return labels, last_said


def _tell_people_apart(words: list[Word]) -> bool:
    """Whether two agree somewhere, and what several people judged is of several genres."""
    shared = [[w.genre for w in said] for said in by_meme(words).values() if len(said) > 1]
    return (
        any(len(set(genres)) < len(genres) for genres in shared)
        and len({genre for genres in shared for genre in genres}) > 1
    )


def _overrule(by_majority: Consensus, said: list[Word], genre: str, quality: float) -> Consensus:
    share = sum(word.genre == genre for word in said) / len(said)
    return replace(by_majority, genre=genre, share=share, by=By.CROWDLAB, quality=quality)


def likely_wrong(labels: Mapping[int, str], scores: Scores, limit: int) -> list[Suspect]:
    """The memes whose label the model contradicts with confidence, the worst first.

    Confident learning (Northcutt, Jiang, Chuang 2021, arXiv:1911.00068): a label is suspect where
    the model finds another genre at least as likely as it finds that genre, on average, where it
    was given. With fewer than two genres among the labels, there is nothing to compare with: none
    is suspect.

    Args:
        labels: a genre by meme, best what people alone came to (`majority`): what `crowdlab` gives
            has gone the model's way already. Those that are no genre are left out.
        scores: as in `weigh`.
        limit: how many at most.
    """
    known, probabilities = _probabilities([m for m, key in labels.items() if key in _CLASS], scores)
    given = np.array([_CLASS[labels[meme_id]] for meme_id in known], dtype=int)
    if len(np.unique(given)) < 2:
        return []

    from cleanlab.filter import find_label_issues  # slow: pandas, sklearn

    worst = find_label_issues(
        given,
        probabilities,
        # The other filters warn of every genre that has few memes.
        filter_by="confident_learning",
        return_indices_ranked_by="self_confidence",
        n_jobs=1,  # more would fork a process that has threads
    )
    return [
        Suspect(
            meme_id=known[i],
            given=GENRES[given[i]].key,
            suggested=GENRES[int(probabilities[i].argmax())].key,
            self_confidence=float(probabilities[i, given[i]]),
        )
        for i in worst[:limit].tolist()
    ]


def _probabilities(meme_ids: list[int], scores: Scores) -> tuple[list[int], FloatArray]:
    """Those of the memes that have scores to go by, and these as probabilities: (memes, genres)."""
    scored = [meme_id for meme_id in meme_ids if meme_id in scores]
    raw = np.array(
        [[scores[meme_id].get(key, 0.0) for key in _CLASS] for meme_id in scored], dtype=float
    ).reshape(-1, len(_CLASS))
    # So written that what is not a number is out, too.
    usable = np.all((raw >= 0) & (raw <= 1 + _MAX_ROUNDING), axis=1) & np.any(raw > 0, axis=1)
    return list(compress(scored, usable)), _normalised(raw[usable])


def _normalised(scores: FloatArray) -> FloatArray:
    total: FloatArray = scores.sum(axis=1, keepdims=True)
    return scores / total
