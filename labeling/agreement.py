"""How far people agree about genres: with each other, with the rest, and on which memes not."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
    said = _by_annotator(word for word in words if word.annotator in (a, b))
    return _kappa(said.get(a, {}), said.get(b, {}))


def _kappa(a: dict[int, str], b: dict[int, str]) -> Agreement:
    common = a.keys() & b.keys()
    n = len(common)
    n_agreed = sum(a[meme_id] == b[meme_id] for meme_id in common)
    often_a, often_b = (Counter(said[meme_id] for meme_id in common) for said in (a, b))
    # (observed - chance) / (1 - chance), times n squared: whole numbers, so 0 is exactly 0.
    chance = sum(n_times * often_b[genre] for genre, n_times in often_a.items())
    if chance == n * n:
        return Agreement(n, None)
    return Agreement(n, (n * n_agreed - chance) / (n * n - chance))


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
    said = _by_annotator(words)
    tallies = {meme_id: Counter(w.genre for w in on) for meme_id, on in by_meme(words).items()}
    n_compared: Counter[str] = Counter()
    n_agreed: Counter[str] = Counter()
    for word in words:
        others = tallies[word.meme_id] - Counter([word.genre])
        if (genre := _clear_winner(others)) is not None:
            n_compared[word.annotator] += 1
            n_agreed[word.annotator] += genre == word.genre
    return [
        AnnotatorAgreement(
            annotator=name,
            n_labels=len(said[name]),
            n_compared=n_compared[name],
            share=n_agreed[name] / n_compared[name] if n_compared[name] else None,
            kappa=_mean(
                [_kappa(said[name], of_other) for other, of_other in said.items() if other != name]
            ),
        )
        for name in sorted(said)
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


def _mean(agreements: list[Agreement]) -> float | None:
    defined = [(one.n, one.value) for one in agreements if one.value is not None]
    n = sum(weight for weight, _ in defined)
    return sum(weight * value for weight, value in defined) / n if n else None


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


def _by_annotator(words: Iterable[Word]) -> dict[str, dict[int, str]]:
    """What each person says, by meme."""
    said: dict[str, dict[int, str]] = {}
    for word in words:
        said.setdefault(word.annotator, {})[word.meme_id] = word.genre
    return said
