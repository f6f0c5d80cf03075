"""How far people agree about genres: with each other, with the rest, and on which memes not."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labeling.consensus import Word, by_meme

__all__ = [
    "Agreement",
    "AnnotatorAgreement",
    "Disagreement",
    "annotator_agreement",
    "cohen_kappa",
    "disagreements",
    "krippendorff_alpha",
]


Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far people agree beyond chance: 1 always, 0 as often as by chance, below 0 less often."""

    n: int  # memes that count: those judged by both, or by two people or more
    value: float | None  # None: no such memes, or all words on them are one and the same


@dataclass(frozen=True, slots=True)
class AnnotatorAgreement:
    """How far one person agrees with the others."""

    annotator: str
    n_labels: int
    n_compared: int  # memes on which most of the others say one thing
    share: float | None  # of those, on which this person says it too; None: there are none
    # The mean of Cohen's kappa with each other person, weighted by the memes in common; None where
    # it is defined with nobody.
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A meme of which people say different things."""

    meme_id: int
    entropy: float  # of what is said, in bits: 1 where two things are said equally often
    words: tuple[Word, ...]  # in the order they were said


def cohen_kappa(words: Iterable[Word], a: str, b: str) -> Agreement:
    """Cohen's kappa of two people, over the memes that both judged.

    "unsure" and "not_a_meme" are categories like the genres. (Cohen 1960, A Coefficient of
    Agreement for Nominal Scales.)
    """
    pairs = _Pairs.of([word for word in words if word.annotator in (a, b)])
    if len(pairs.n) == 0:
        return Agreement(0, None)
    (kappa,) = pairs.kappa.tolist()
    return Agreement(int(pairs.n[0]), None if math.isnan(kappa) else kappa)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Every two people with memes in common, and how far they agree on those."""

    people: list[str]
    one: Integers  # (P,) positions among the people
    other: Integers
    n: Floats  # (P,) memes in common; whole numbers
    kappa: Floats  # not a number where it is not defined

    @classmethod
    def of(cls, words: Sequence[Word]) -> "_Pairs":
        """All at once: to compare them two by two is quadratic in people, in Python."""
        people, genres = (
            sorted({word.annotator for word in words}),
            sorted({word.genre for word in words}),
        )
        n_genres = max(len(genres), 1)
        codes, times = _counted(words, people, genres)
        of_pair, what = np.divmod(codes, n_genres**2)
        said_one, said_other = np.divmod(what, n_genres)
        pairs, at = np.unique(of_pair, return_inverse=True)

        def often(said: Integers) -> Floats:  # (P, genres)
            counts = np.bincount(at * n_genres + said, times, minlength=len(pairs) * n_genres)
            return counts.reshape(len(pairs), n_genres).astype(np.float64)

        n = np.bincount(at, times, minlength=len(pairs)).astype(np.float64)
        n_agreed = np.bincount(at, times * (said_one == said_other), minlength=len(pairs))
        # (observed - chance) / (1 - chance), times n squared: whole numbers, so 0 is exactly 0.
        chance = (often(said_one) * often(said_other)).sum(axis=1)
        defined = chance != n * n
        kappa = np.full(len(pairs), np.nan)
        np.divide(n * n_agreed - chance, n * n - chance, out=kappa, where=defined)
        one, other = np.divmod(pairs, max(len(people), 1))
        return cls(people, one, other, n, kappa)

    def mean_kappa(self) -> dict[str, float]:
        """Of each person with all others, weighted by the memes in common; where it is defined."""
        weight = np.where(np.isnan(self.kappa), 0.0, self.n)
        product = weight * np.nan_to_num(self.kappa)
        both = np.concatenate([self.one, self.other])
        total, weights = (
            np.bincount(both, np.tile(of, 2), minlength=len(self.people))
            for of in (product, weight)
        )
        return {
            name: float(total[i] / weights[i]) for i, name in enumerate(self.people) if weights[i]
        }


def _counted(
    words: Sequence[Word], people: Sequence[str], genres: Sequence[str]
) -> tuple[Integers, Integers]:
    """Codes of two people and what they said of one meme, and how often they did.

    A code is ((a * people + b) * genres + x) * genres + y: a, who is before b among the people,
    said x where b said y.
    """
    person = {name: number for number, name in enumerate(people)}
    category = {name: number for number, name in enumerate(genres)}
    said: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for word in words:
        said[word.meme_id][person[word.annotator]] = category[word.genre]
    of_size: defaultdict[int, list[list[tuple[int, int]]]] = defaultdict(list)
    for on_meme in said.values():
        of_size[len(on_meme)].append(sorted(on_meme.items()))
    codes, times = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for size, memes in of_size.items():
        who, what = np.moveaxis(np.array(memes, dtype=np.int64), 2, 0)  # (memes, size) each
        for i in range(size - 1):
            pair = who[:, i : i + 1] * len(people) + who[:, i + 1 :]
            code = (pair * len(genres) + what[:, i : i + 1]) * len(genres) + what[:, i + 1 :]
            found, n = np.unique(code, return_counts=True)
            codes.append(found)
            times.append(n)
    return np.concatenate(codes), np.concatenate(times)


def krippendorff_alpha(words: Iterable[Word]) -> Agreement:
    """Krippendorff's alpha for names (nominal data), over the memes that two or more judged.

    Takes any number of people, who need not judge the same memes; "unsure" and "not_a_meme" are
    categories like the genres. (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability,
    section C.)
    """
    tallies = [Counter(word.genre for word in said) for said in by_meme(words).values()]
    pairable = [tally for tally in tallies if tally.total() > 1]
    total: Counter[str] = sum(pairable, Counter())
    n = total.total()
    expected = n * n - sum(times**2 for times in total.values())  # pairs that differ, by chance
    if expected == 0:
        return Agreement(len(pairable), None)
    # Each word is paired with all others on its meme, and counts once however many those are.
    observed = sum(
        (tally.total() ** 2 - sum(times**2 for times in tally.values())) / (tally.total() - 1)
        for tally in pairable
    )
    return Agreement(len(pairable), 1 - (n - 1) * observed / expected)


def annotator_agreement(words: Sequence[Word]) -> list[AnnotatorAgreement]:
    """How far each person agrees with the others, by name.

    A person is compared with what most of the others say, their own word left out: with it, whoever
    judges much would agree with themselves. Memes of which the others say several things equally
    often are not compared.
    """
    n_labels = Counter(word.annotator for word in words)
    kappa = _Pairs.of(words).mean_kappa()
    tallies = {meme_id: Counter(w.genre for w in on) for meme_id, on in by_meme(words).items()}
    most_said: dict[tuple[int, str], str | None] = {}  # by meme and the word that is left out
    n_compared: Counter[str] = Counter()
    n_agreed: Counter[str] = Counter()
    for word in words:
        without = word.meme_id, word.genre
        if without not in most_said:
            most_said[without] = _clear_winner(tallies[word.meme_id] - Counter([word.genre]))
        if (genre := most_said[without]) is not None:
            n_compared[word.annotator] += 1
            n_agreed[word.annotator] += genre == word.genre
    return [
        AnnotatorAgreement(
            annotator=name,
            n_labels=n_labels[name],
            n_compared=n_compared[name],
            share=n_agreed[name] / n_compared[name] if n_compared[name] else None,
            kappa=kappa.get(name),
        )
        for name in sorted(n_labels)
    ]


def _clear_winner(tally: Counter[str]) -> str | None:
    """What is said most often; None where nothing is, or several things are."""
    match tally.most_common(2):
        case [(genre, _)]:
            return genre
        case [(genre, most), (_, second)] if most > second:
            return genre
        case _:
            return None


def disagreements(words: Iterable[Word]) -> list[Disagreement]:
    """The memes of which people say different things, the most divided first.

    Of those equally divided, the one with the most words comes first, then the oldest.
    """
    divided = [
        Disagreement(meme_id, _entropy(said), tuple(said))
        for meme_id, said in by_meme(words).items()
        if len({word.genre for word in said}) > 1
    ]
    return sorted(divided, key=lambda one: (-one.entropy, -len(one.words), one.meme_id))


def _entropy(said: list[Word]) -> float:
    """In bits; the same for the same numbers, to the last digit, whatever the order."""
    times = sorted(Counter(word.genre for word in said).values())
    return -sum(n / len(said) * math.log2(n / len(said)) for n in times)
