"""Many votes to one genre, how far people agree, and which labels look wrong."""

import math
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from labeling.agreement import (
    Agreement,
    AnnotatorAgreement,
    annotator_agreement,
    cohen_kappa,
    disagreements,
    krippendorff_alpha,
)
from labeling.consensus import (
    By,
    Consensus,
    Suspect,
    Word,
    crowdlab,
    likely_wrong,
    majority,
    weigh,
)

IRONIC, POLITICAL, TEXT = "ironic", "political", "text_post"
ROOT = Path(__file__).parents[1]


def said(meme_id: int, *genres: str) -> list[Word]:
    """What ana, bo, cy and dee say of one meme, in this order."""
    names = ("ana", "bo", "cy", "dee")
    return [Word(meme_id, name, genre) for name, genre in zip(names, genres, strict=False)]


def coded(*rows: str) -> list[Word]:
    """What each row's coder says of each unit, as tables are printed: * where nothing."""
    return [
        Word(unit, f"coder {coder}", value)
        for coder, row in enumerate(rows)
        for unit, value in enumerate(row.split())
        if value != "*"
    ]


def sure(genre: str) -> dict[str, float]:
    """Scores of a model that finds one genre likely, and one other possible."""
    return {genre: 0.8, TEXT: 0.2}


# Two people agree on four memes of two genres, and the model with them.
AGREEING = [
    *said(1, IRONIC, IRONIC),
    *said(2, IRONIC, IRONIC),
    *said(3, POLITICAL, POLITICAL),
    *said(4, POLITICAL, POLITICAL),
]
AGREEING_SCORES = {1: sure(IRONIC), 2: sure(IRONIC), 3: sure(POLITICAL), 4: sure(POLITICAL)}


# --- majority ---


def test_most_words_win() -> None:
    assert majority([*said(1, IRONIC, POLITICAL, IRONIC), *said(2, TEXT)]) == {
        1: Consensus(1, IRONIC, n_votes=3, share=2 / 3, tied=False, by=By.MAJORITY),
        2: Consensus(2, TEXT, n_votes=1, share=1.0, tied=False, by=By.MAJORITY),
    }


@pytest.mark.parametrize(
    ("genres", "winner", "share"),
    [
        ((IRONIC, POLITICAL), POLITICAL, 1 / 2),
        ((POLITICAL, IRONIC), IRONIC, 1 / 2),
        ((IRONIC, POLITICAL, POLITICAL, IRONIC), IRONIC, 1 / 2),
        ((POLITICAL, IRONIC, TEXT), TEXT, 1 / 3),
    ],
)
def test_of_equals_the_one_said_last_wins_and_is_marked_as_tied(
    genres: tuple[str, ...], winner: str, share: float
) -> None:
    (found,) = majority(said(1, *genres)).values()
    assert (found.genre, found.share, found.tied) == (winner, share, True)


def test_a_tie_for_the_second_place_is_no_tie() -> None:
    assert not majority(said(1, IRONIC, IRONIC, POLITICAL, TEXT))[1].tied


def test_unsure_and_not_a_meme_count_in_a_majority() -> None:
    assert majority(said(1, IRONIC, "not_a_meme", "not_a_meme"))[1].genre == "not_a_meme"


def test_without_words_there_is_nothing() -> None:
    assert majority([]) == {}
    assert crowdlab([], {1: sure(IRONIC)}) == {}
    assert likely_wrong({}, {1: sure(IRONIC)}, 10) == []
    assert krippendorff_alpha([]) == Agreement(0, None)
    assert cohen_kappa([], "ana", "bo") == Agreement(0, None)
    assert annotator_agreement([]) == []
    assert disagreements([]) == []


# --- CROWDLAB ---


def test_where_all_agree_the_quality_is_the_weighted_mean_of_people_and_model() -> None:
    # Nobody errs, so both people weigh 1 and say it with certainty; the model weighs the square
    # root of the people a meme, and says it with 0.8.
    expected = (2 * 1 + math.sqrt(2) * 0.8) / (2 + math.sqrt(2))

    found = weigh(AGREEING, AGREEING_SCORES)

    assert {meme_id: one.genre for meme_id, one in found.consensus.items()} == {
        1: IRONIC,
        2: IRONIC,
        3: POLITICAL,
        4: POLITICAL,
    }
    for one in found.consensus.values():
        assert one.by is By.CROWDLAB
        assert one.quality == pytest.approx(expected, abs=1e-6)
        assert (one.n_votes, one.share, one.tied) == (2, 1.0, False)
    assert found.annotators.keys() == {"ana", "bo"}


def test_a_sure_model_may_overrule_one_person_with_what_nobody_said() -> None:
    found = crowdlab([*AGREEING, *said(5, IRONIC)], {**AGREEING_SCORES, 5: {TEXT: 1.0}})
    weight = math.sqrt(9 / 5)  # of the model: nine words on five memes; ana weighs 1
    assert (found[5].genre, found[5].share, found[5].tied) == (TEXT, 0.0, False)
    assert found[5].quality == pytest.approx(weight / (weight + 1), abs=1e-6)


def simulated(
    accuracies: Mapping[str, float], model_accuracy: float, n_memes: int, seed: int
) -> tuple[dict[int, str], list[Word], dict[int, dict[str, float]]]:
    """The truth, what people who are right that often say, and a model's scores."""
    draw, genres = random.Random(seed), (IRONIC, POLITICAL, TEXT)

    def seen(truth: str, accuracy: float) -> str:
        right = draw.random() < accuracy
        return truth if right else draw.choice([genre for genre in genres if genre != truth])

    truth = {meme_id: draw.choice(genres) for meme_id in range(n_memes)}
    words = [
        Word(meme_id, name, seen(truth[meme_id], accuracy))
        for meme_id in truth
        for name, accuracy in accuracies.items()
    ]
    scores = {meme_id: dict.fromkeys(genres, 0.1) for meme_id in truth}
    for meme_id in truth:
        scores[meme_id][seen(truth[meme_id], model_accuracy)] = 0.8
    return truth, words, scores


def n_right(found: Mapping[int, Consensus], truth: Mapping[int, str]) -> int:
    return sum(found[meme_id].genre == genre for meme_id, genre in truth.items())


def test_crowdlab_is_right_more_often_than_the_majority_where_one_is_careless() -> None:
    people = {"careful": 0.85, "fair": 0.75, "careless": 0.34}
    truth, words, scores = simulated(people, model_accuracy=0.9, n_memes=400, seed=1)

    found = weigh(words, scores)

    # A twentieth of the memes is far beyond chance: majority and CROWDLAB judge the same words.
    assert n_right(found.consensus, truth) > n_right(majority(words), truth) + 20
    assert sorted(found.annotators, key=found.annotators.__getitem__) == [
        "careless",
        "fair",
        "careful",
    ]
    assert all(one.by is By.CROWDLAB for one in found.consensus.values())
    assert crowdlab(words, scores) == found.consensus


def test_the_surer_the_consensus_the_more_often_it_is_right() -> None:
    people = {"careful": 0.85, "fair": 0.75, "careless": 0.34}
    truth, words, scores = simulated(people, model_accuracy=0.9, n_memes=400, seed=1)
    found = sorted(crowdlab(words, scores).values(), key=lambda one: one.quality or 0)
    right = [one.genre == truth[one.meme_id] for one in found]
    assert sum(right[200:]) > sum(right[:200])


def test_memes_without_scores_keep_their_majority() -> None:
    found = crowdlab([*AGREEING, *said(5, TEXT, IRONIC)], AGREEING_SCORES)
    assert found[1].by is By.CROWDLAB
    assert found[5] == Consensus(5, IRONIC, n_votes=2, share=0.5, tied=True, by=By.MAJORITY)


@pytest.mark.parametrize(
    "unusable",
    [
        {},
        {IRONIC: 0.0},
        {"dank": 1.0},
        {IRONIC: math.nan},
        {IRONIC: math.inf},
        {IRONIC: -0.1, POLITICAL: 0.9},
        {IRONIC: 1.5},
    ],
)
def test_scores_that_are_no_probabilities_are_none(unusable: dict[str, float]) -> None:
    found = crowdlab([*AGREEING, *said(5, IRONIC, IRONIC)], {**AGREEING_SCORES, 5: unusable})
    assert [found[meme_id].by for meme_id in (4, 5)] == [By.CROWDLAB, By.MAJORITY]


def test_scores_need_not_sum_to_one() -> None:
    # Halved, they are the same odds; and in float32 a softmax may come to a little more than 1.
    halved = {
        meme_id: {genre: p / 2 for genre, p in scores.items()}
        for meme_id, scores in AGREEING_SCORES.items()
    }
    whole, half = (crowdlab(AGREEING, scores) for scores in (AGREEING_SCORES, halved))
    for meme_id in whole:
        assert whole[meme_id].quality == pytest.approx(half[meme_id].quality, abs=1e-6)
    rounded = crowdlab(AGREEING, {**AGREEING_SCORES, 1: {IRONIC: 1.0000001}})
    assert rounded[1].by is By.CROWDLAB


def test_a_genre_that_the_scores_lack_is_possible_all_the_same() -> None:
    found = crowdlab([*AGREEING, *said(5, TEXT, TEXT)], {**AGREEING_SCORES, 5: {IRONIC: 1.0}})
    assert (found[5].genre, found[5].by) == (TEXT, By.CROWDLAB)


@pytest.mark.parametrize(
    ("words", "scores"),
    [
        pytest.param(AGREEING, {}, id="no scores"),
        pytest.param(
            [word for word in AGREEING if word.annotator == "ana"], AGREEING_SCORES, id="one person"
        ),
        pytest.param(
            [word for word in AGREEING if (word.annotator == "ana") == (word.meme_id < 3)],
            AGREEING_SCORES,
            id="no meme in common",
        ),
        pytest.param(
            [*said(1, IRONIC, POLITICAL), *said(2, POLITICAL, IRONIC)],
            AGREEING_SCORES,
            id="they agree on nothing",
        ),
        pytest.param(
            [*said(1, IRONIC, IRONIC), *said(2, IRONIC, IRONIC)], AGREEING_SCORES, id="one genre"
        ),
        pytest.param(
            [*said(1, IRONIC, IRONIC), *said(3, POLITICAL)],
            AGREEING_SCORES,
            id="one genre where they meet",
        ),
        pytest.param(
            [*said(1, *["unsure"] * 2), *said(2, *["not_a_meme"] * 2)],
            AGREEING_SCORES,
            id="no genre",
        ),
    ],
)
def test_where_people_cannot_be_told_apart_it_is_the_majority(
    words: list[Word], scores: dict[int, dict[str, float]], capsys: pytest.CaptureFixture[str]
) -> None:
    found = weigh(words, scores)
    assert found.consensus == majority(words)
    assert found.annotators == {}
    assert capsys.readouterr() == ("", "")


def test_what_most_call_no_genre_stays_so_whatever_the_model_finds() -> None:
    words = [
        *AGREEING,
        *said(5, "not_a_meme", "not_a_meme", IRONIC),
        *said(6, "unsure", IRONIC, IRONIC),
    ]
    found = crowdlab(words, {**AGREEING_SCORES, 5: sure(IRONIC), 6: sure(IRONIC)})
    assert found[5] == majority(words)[5]
    assert (found[6].genre, found[6].by) == (IRONIC, By.CROWDLAB)
    assert (found[6].n_votes, found[6].share) == (3, 2 / 3)  # the unsure one is not forgotten


def test_a_person_who_shares_no_meme_has_no_known_quality() -> None:
    words = [*AGREEING, Word(5, "hermit", IRONIC)]
    found = weigh(words, {**AGREEING_SCORES, 5: sure(IRONIC)})
    assert found.annotators.keys() == {"ana", "bo"}
    assert found.consensus[5].by is By.CROWDLAB


def test_a_tie_that_the_model_leaves_goes_to_what_was_said_last() -> None:
    even = {IRONIC: 0.5, POLITICAL: 0.5}
    words = [*AGREEING, *said(5, IRONIC, POLITICAL), *said(6, POLITICAL, IRONIC)]
    for _ in range(5):  # cleanlab alone would draw lots
        found = crowdlab(words, {**AGREEING_SCORES, 5: even, 6: even})
        assert [found[meme_id].genre for meme_id in (5, 6)] == [POLITICAL, IRONIC]
        assert found[5].tied


def test_no_words_nor_scores_bring_it_down_or_make_it_warn(
    capsys: pytest.CaptureFixture[str],
) -> None:
    draw = random.Random(1)
    n_weighed = 0
    for _ in range(150):  # warnings are errors here
        said_here = draw.sample([IRONIC, POLITICAL, TEXT, "unsure", "dank"], draw.randint(1, 5))
        words = [
            Word(meme_id, name, draw.choice(said_here))
            for meme_id in range(draw.randint(0, 8))
            for name in "abc"
            if draw.random() < 0.7
        ]
        scores = {
            meme_id: {key: draw.choice([0.0, 0.5, 1.0, draw.random()]) for key in said_here}
            for meme_id in range(8)
            if draw.random() < 0.9
        }
        found = weigh(words, scores)
        n_weighed += bool(found.annotators)
        assert found.consensus.keys() == {word.meme_id for word in words}
        assert all(0 <= one.quality <= 1 for one in found.consensus.values() if one.quality)
        assert all(0 <= quality <= 1 for quality in found.annotators.values())
        likely_wrong({m: one.genre for m, one in found.consensus.items()}, scores, 3)
    assert n_weighed > 30
    assert capsys.readouterr() == ("", "")


# --- labels that look wrong ---


def labelled() -> tuple[dict[int, str], dict[int, dict[str, float]]]:
    """Thirty memes of three genres, and a model that is sure of each."""
    labels = {meme_id: (IRONIC, POLITICAL, TEXT)[meme_id % 3] for meme_id in range(30)}
    return labels, {
        meme_id: {key: 0.9 if key == genre else 0.05 for key in (IRONIC, POLITICAL, TEXT)}
        for meme_id, genre in labels.items()
    }


def test_planted_wrong_labels_are_found_the_worst_first() -> None:
    labels, scores = labelled()
    labels |= {0: POLITICAL, 4: TEXT, 8: IRONIC}  # in truth: IRONIC, POLITICAL, TEXT
    scores[4] = {POLITICAL: 0.97, IRONIC: 0.01, TEXT: 0.02}
    scores[8] = {TEXT: 0.95, POLITICAL: 0.01, IRONIC: 0.04}

    suspects = likely_wrong(labels, scores, 10)

    assert [(one.meme_id, one.given, one.suggested) for one in suspects] == [
        (4, TEXT, POLITICAL),
        (8, IRONIC, TEXT),
        (0, POLITICAL, IRONIC),
    ]
    assert [one.self_confidence for one in suspects] == pytest.approx([0.02, 0.04, 0.05])
    assert likely_wrong(labels, scores, 2) == suspects[:2]


def test_right_labels_are_not_suspected() -> None:
    assert likely_wrong(*labelled(), 10) == []


def test_the_scores_of_a_suspect_need_not_sum_to_one() -> None:
    labels, scores = labelled()
    labels[0] = POLITICAL
    scores[0] = {IRONIC: 0.45, POLITICAL: 0.05}
    assert likely_wrong(labels, scores, 10) == [
        Suspect(0, given=POLITICAL, suggested=IRONIC, self_confidence=0.1)
    ]


def test_what_has_no_genre_or_no_scores_is_not_suspected() -> None:
    labels, scores = labelled()
    labels |= {0: "unsure", 1: TEXT, 99: IRONIC}
    del scores[1]
    assert likely_wrong(labels, scores, 10) == []


@pytest.mark.parametrize(
    "labels", [{1: IRONIC}, {1: IRONIC, 2: IRONIC}, {1: POLITICAL, 2: POLITICAL}, {1: "unsure"}]
)
def test_with_one_genre_there_is_nothing_to_compare(labels: dict[int, str]) -> None:
    assert likely_wrong(labels, AGREEING_SCORES, 10) == []


# --- agreement ---


def test_cohens_kappa_of_two_by_two() -> None:
    # Of 50 memes, both call 20 ironic and 15 political, ana alone 5 ironic, bo alone 10. They agree
    # on 0.7; by chance on 25/50 * 30/50 + 25/50 * 20/50 = 0.5; so (0.7 - 0.5) / (1 - 0.5).
    pairs = (
        [(IRONIC, IRONIC)] * 20
        + [(IRONIC, POLITICAL)] * 5
        + [(POLITICAL, IRONIC)] * 10
        + [(POLITICAL, POLITICAL)] * 15
    )
    words = [word for meme_id, pair in enumerate(pairs) for word in said(meme_id, *pair)]
    for found in (cohen_kappa(words, "ana", "bo"), cohen_kappa(words, "bo", "ana")):
        assert found.n == 50
        assert found.value == pytest.approx(0.4)


def test_cohens_kappa_is_of_the_memes_that_both_judged() -> None:
    words = [
        *said(1, IRONIC, IRONIC),
        *said(2, POLITICAL, POLITICAL),
        *said(3, IRONIC),
        Word(4, "bo", TEXT),
        *said(5, IRONIC, IRONIC, POLITICAL),
    ]
    assert cohen_kappa(words, "ana", "bo") == Agreement(3, 1.0)


def test_cohens_kappa_of_people_who_always_contradict_each_other_is_minus_one() -> None:
    assert cohen_kappa(
        [*said(1, IRONIC, POLITICAL), *said(2, POLITICAL, IRONIC)], "ana", "bo"
    ) == Agreement(2, -1.0)


def test_unsure_is_a_category_of_its_own() -> None:
    words = [
        *said(1, "unsure", "unsure"),
        *said(2, IRONIC, IRONIC),
        *said(3, "not_a_meme", "not_a_meme"),
    ]
    assert cohen_kappa(words, "ana", "bo") == Agreement(3, 1.0)
    assert krippendorff_alpha(words) == Agreement(3, 1.0)


def test_kappa_and_alpha_are_undefined_where_everybody_says_the_same() -> None:
    words = [*said(1, IRONIC, IRONIC), *said(2, IRONIC, IRONIC)]
    assert cohen_kappa(words, "ana", "bo") == Agreement(2, None)
    assert krippendorff_alpha(words) == Agreement(2, None)
    assert disagreements(words) == []
    assert [(one.share, one.kappa) for one in annotator_agreement(words)] == [(1.0, None)] * 2


def test_kappa_and_alpha_are_undefined_of_one_person() -> None:
    words = [*said(1, IRONIC), *said(2, POLITICAL)]
    assert cohen_kappa(words, "ana", "bo") == Agreement(0, None)
    assert krippendorff_alpha(words) == Agreement(0, None)
    assert annotator_agreement(words) == [
        AnnotatorAgreement("ana", n_labels=2, n_compared=0, share=None, kappa=None)
    ]


@pytest.mark.parametrize(
    ("rows", "n", "alpha"),
    [
        pytest.param(  # Wikipedia, Krippendorff's alpha, "a computational example"
            (
                "* * * * * 3 4 1 2 1 1 3 3 * 3",
                "1 * 2 1 3 3 4 3 * * * * * * *",
                "* * 2 1 3 4 4 * 2 1 1 3 3 * 4",
            ),
            12,
            0.691,
            id="three coders",
        ),
        pytest.param(  # Krippendorff 2011, section C
            (
                "1 2 3 3 2 1 4 1 2 * * *",
                "1 2 3 3 2 2 4 1 2 5 * 3",
                "* 3 3 3 2 3 4 2 2 5 1 *",
                "1 2 3 3 2 4 4 1 2 5 1 *",
            ),
            11,
            0.743,
            id="four observers",
        ),
    ],
)
def test_krippendorffs_alpha_of_published_tables_with_gaps(
    rows: Sequence[str], n: int, alpha: float
) -> None:
    found = krippendorff_alpha(coded(*rows))
    assert found.n == n
    assert found.value == pytest.approx(alpha, abs=0.0005)


def test_a_person_is_compared_with_the_others_without_their_own_word() -> None:
    words = [
        *said(
            1, IRONIC, POLITICAL
        ),  # each against the other: with their own word, the last would always win
        *said(2, IRONIC, IRONIC, POLITICAL),  # cy against two; for ana and bo the others are even
        *said(3, IRONIC),  # nobody else
        *said(4, POLITICAL, POLITICAL, POLITICAL),
    ]
    found = {one.annotator: one for one in annotator_agreement(words)}
    assert list(found) == ["ana", "bo", "cy"]
    assert {name: (one.n_labels, one.n_compared) for name, one in found.items()} == {
        "ana": (4, 2),
        "bo": (3, 2),
        "cy": (2, 2),
    }
    assert [one.share for one in found.values()] == [1 / 2, 1 / 2, 1 / 2]


def test_kappas_count_by_the_memes_in_common() -> None:
    # Ana and bo agree on four memes of two genres: 1. Ana and cy contradict each other on two: -1.
    words = [
        *AGREEING,
        *[
            Word(5, "ana", IRONIC),
            Word(6, "ana", POLITICAL),
            Word(5, "cy", POLITICAL),
            Word(6, "cy", IRONIC),
        ],
    ]
    ana, bo, cy = annotator_agreement(words)
    assert ana.kappa == pytest.approx((4 * 1 + 2 * -1) / 6)
    assert (bo.kappa, cy.kappa) == (1.0, -1.0)


def test_the_most_divided_memes_come_first() -> None:
    words = [
        *said(1, IRONIC, IRONIC),
        *said(2, IRONIC, IRONIC, IRONIC, POLITICAL),
        *said(3, IRONIC, POLITICAL),
        *said(4, POLITICAL, POLITICAL, IRONIC, IRONIC),
        *said(5, IRONIC, POLITICAL, TEXT),
        *said(6, TEXT, POLITICAL),
    ]
    found = disagreements(words)
    assert [one.meme_id for one in found] == [5, 4, 3, 6, 2]
    assert [one.entropy for one in found] == pytest.approx(
        [math.log2(3), 1, 1, 1, 2 - 0.75 * math.log2(3)]
    )
    assert found[0].words == tuple(said(5, IRONIC, POLITICAL, TEXT))


def test_the_heavy_library_is_loaded_only_where_it_is_needed() -> None:
    code = (
        "import sys; from labeling.agreement import *; from labeling.consensus import *;"
        "majority([]), crowdlab([], {}), likely_wrong({}, {}, 1);"
        "assert not {'cleanlab', 'pandas', 'sklearn'} & sys.modules.keys()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_all_kappas_at_once_are_those_of_two_by_two() -> None:
    chance = random.Random(3)
    words = [
        Word(meme, f"person {who}", chance.choice(["ironic", "political", "unsure"]))
        for meme in range(60)
        for who in chance.sample(range(9), chance.randint(1, 9))
    ]
    names = sorted({word.annotator for word in words})
    for found in annotator_agreement(words):
        pairs = [
            cohen_kappa(words, found.annotator, other)
            for other in names
            if other != found.annotator
        ]
        defined = [(pair.n, pair.value) for pair in pairs if pair.value is not None]
        n = sum(n for n, _ in defined)
        assert found.kappa == pytest.approx(sum(n * value for n, value in defined) / n)
