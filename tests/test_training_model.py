"""The network: what goes in, what comes out, and that either the picture or the words may miss."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.config import TrainConfig
from training.lines import LAYOUT, N_GRAMS

keras = pytest.importorskip("keras")
from keras import ops  # noqa: E402

from training.encoding import PiecewiseLinear  # noqa: E402
from training.model import Branch, Network, build  # noqa: E402
from training.teach import interval_loss  # noqa: E402

CONFIG = TrainConfig(image_px=64, layout_width=32, n_members=2)
N_GENRES, N_YEARS = 3, 22
RNG = np.random.default_rng(1)


@pytest.fixture(scope="module")
def network() -> Network:
    """A network with chance weights everywhere, none of them 0."""
    keras.utils.set_random_seed(1)
    network = build(CONFIG, N_GENRES, N_YEARS)
    years = [
        network.taught.get_layer("year_logits_0"),
        network.on_features[1].get_layer("year_logits_1"),
    ]
    for layer in (*network.mixes, *years):
        layer.set_weights([RNG.normal(size=w.shape) for w in layer.get_weights()])
    return network


def inputs(has_picture: float, has_words: float, n: int = 2) -> dict[str, np.ndarray]:
    """Chance pictures and words."""
    shapes = {"picture": (64, 64, 3), "grams": (N_GRAMS,), "layout": (len(LAYOUT),)}
    seen = {name: RNG.uniform(size=(n, *shape)) for name, shape in shapes.items()}
    seen["picture"] *= 255
    seen["given"] = np.tile([has_picture, has_words], (n, 1))
    return {name: values.astype(np.float32) for name, values in seen.items()}


def arrays(tensors: dict[str, Any]) -> dict[str, np.ndarray]:
    """Keras's tensors as arrays."""
    return {name: np.asarray(value) for name, value in tensors.items()}


def said(network: Network, seen: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the network answers."""
    return arrays(network.answering(seen))


def test_genre_and_year_are_distributions_and_the_embedding_has_length_1(network: Network) -> None:
    answer = said(network, inputs(1, 1))
    assert answer["genre"].shape == (2, N_GENRES)
    assert answer["year"].shape == (2, N_YEARS)
    assert np.allclose(answer["genre"].sum(axis=1), 1, atol=1e-5)
    assert np.allclose(answer["year"].sum(axis=1), 1, atol=1e-5)
    assert np.allclose(np.linalg.norm(answer["embedding"], axis=1), 1, atol=1e-5)


def by_member(network: Network, seen: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """What each member of the committee says, as logits."""
    features = np.asarray(network.features(seen["picture"]))
    rest = {name: values for name, values in seen.items() if name != "picture"}
    return [arrays(member(rest | {"features": features})) for member in network.on_features]


def test_the_map_is_how_much_each_place_speaks_for_what_the_picture_says(network: Network) -> None:
    seen = inputs(1, 1)
    by_place = said(network, seen)["map"]
    assert by_place.shape == (2, 2, 2, N_GENRES)
    by_picture = [one[Branch.PICTURE.value] for one in by_member(network, seen)]
    assert not np.allclose(by_picture[0], by_picture[1])
    assert np.allclose(by_place.mean(axis=(1, 2)), np.mean(by_picture, axis=0), atol=1e-4)


@pytest.mark.parametrize("outcome", ["year", "embedding"])
def test_what_is_not_given_changes_nothing(network: Network, outcome: str) -> None:
    for given, hidden in (((1, 0), ("grams", "layout")), ((0, 1), ("picture",))):
        one = inputs(*given)
        other = one | {name: inputs(*given)[name] for name in hidden}
        assert np.allclose(said(network, one)[outcome], said(network, other)[outcome], atol=1e-5)
        changed = one | {"given": np.ones((2, 2), np.float32)}
        assert not np.allclose(said(network, one)[outcome], said(network, changed)[outcome])


def test_the_genre_is_the_members_mean_mixed_for_what_is_given(network: Network) -> None:
    for case, given in enumerate([(1, 1), (1, 0), (0, 1)]):
        seen = inputs(*given)
        weights, biases = network.mixes[case].get_weights()
        by_branch = [
            np.mean(
                [np.asarray(ops.log_softmax(one[branch])) for one in by_member(network, seen)],
                axis=0,
            )
            for branch in Branch
        ]
        logits = np.concatenate(by_branch, axis=1) @ weights + biases
        assert np.allclose(said(network, seen)["genre"], ops.softmax(logits), atol=1e-5)


def test_the_years_are_the_members_mean(network: Network) -> None:
    seen = inputs(1, 1)
    years = [np.asarray(ops.softmax(one["year"])) for one in by_member(network, seen)]
    assert not np.allclose(years[0], years[1])
    assert np.allclose(said(network, seen)["year"], np.mean(years, axis=0), atol=1e-5)


def test_features_in_the_pictures_place_say_the_same(network: Network) -> None:
    seen = inputs(1, 1)
    features = np.asarray(network.features(seen.pop("picture")))
    by_features = arrays(network.on_features[0](seen | {"features": features}))
    by_picture = arrays(network.taught(seen | {"picture": inputs(1, 1)["picture"]}))
    assert set(by_features) == set(by_picture)
    for name in (Branch.WORDS.value, Branch.LAYOUT.value):
        assert np.allclose(by_features[name], by_picture[name], atol=1e-5)
    assert not np.allclose(by_features["joint"], by_picture["joint"])  # of another picture


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
def test_it_is_saved_and_loaded_whole(network: Network, tmp_path: Path) -> None:
    network.bins.adapt(RNG.normal(size=(50, len(LAYOUT))).astype(np.float32))
    network.answering.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    seen = inputs(1, 1)
    for name, value in said(network, seen).items():
        assert np.allclose(value, np.asarray(loaded(seen)[name]), atol=1e-6), name


def test_a_picture_without_words_or_without_anything_gives_numbers(network: Network) -> None:
    seen = {name: np.zeros_like(values) for name, values in inputs(1, 1).items()}
    for given in ((1, 1), (1, 0), (0, 1)):
        answer = said(network, seen | {"given": np.array([given] * 2, np.float32)})
        assert all(np.isfinite(value).all() for value in answer.values())


def test_a_number_fills_the_bins_below_it() -> None:
    layer = PiecewiseLinear(2, 4)
    first = np.linspace(0, 4, 101)  # four bins of width 1
    layer.adapt(np.stack([first, np.full(101, 7.0)], axis=1).astype(np.float32))
    numbers = np.array([[0.0, 7.0], [2.5, 7.1], [9.0, 6.9]], np.float32)
    encoded = np.asarray(layer(numbers)).reshape(3, 2, 4)
    expected = np.array([[0, 0, 0, 0], [1, 1, 0.5, 0], [1, 1, 1, 1]])
    assert np.allclose(encoded[:, 0], expected, atol=1e-5)
    # All memes had a 7: more and less are told from it, and one another.
    assert (encoded[1, 1] == 1).all()
    assert (encoded[2, 1] == 0).all()


def test_the_loss_of_a_year_is_minus_the_log_of_what_falls_on_the_possible_ones() -> None:
    logits = np.log(np.array([[0.1, 0.2, 0.3, 0.4]] * 3, np.float32))
    possible = np.array([[1, 1, 0, 0], [0, 0, 0, 1], [1, 1, 1, 1]], np.float32)
    loss = np.asarray(interval_loss(possible, logits))
    assert np.allclose(loss, -np.log([0.3, 0.4, 1.0]), atol=1e-5)
