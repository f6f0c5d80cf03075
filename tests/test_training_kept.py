"""What a run keeps, and how one that goes on takes it up."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import MemeEraError

keras = pytest.importorskip("keras")
from training.kept import Kept, Patience  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"  # Keras's own, as it saves
)


def model(value: float) -> Any:
    """One number that can be learned."""
    one = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    one.compile(optimizer=keras.optimizers.Adam(0.1), loss="mse")
    one.optimizer.build(one.trainable_variables)
    one.set_weights([np.array([[value]])])
    return one


def value_of(one: Any) -> float:
    """What it has learned."""
    return float(one.get_weights()[0][0, 0])


def test_weights_come_back_with_the_optimizers_steps(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    first = model(1.0)
    assert not kept.load(first, "a")
    first.fit(np.ones((4, 1)), np.zeros((4, 1)), batch_size=2, epochs=3, verbose=0)
    kept.save(first, "a")
    second = model(7.0)
    second.compile(optimizer=keras.optimizers.Adam(0.1), loss="mse")  # not built
    assert kept.load(second, "a")
    assert value_of(second) == value_of(first) != 7.0
    assert int(second.optimizer.iterations) == 6


def test_half_a_file_takes_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(tmp_path)
    first = model(1.0)
    kept.save(first, "a")

    def killed(path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(first, "save_weights", killed)
    with pytest.raises(KeyboardInterrupt):
        kept.save(first, "a")
    assert kept.load(model(2.0), "a")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_what_is_damaged_is_told_with_what_to_do(tmp_path: Path, share: float) -> None:
    kept = Kept(tmp_path)
    kept.save(model(1.0), "a")
    (file,) = tmp_path.glob("*.h5")
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(MemeEraError, match=r"is damaged; delete .* and the run begins anew"):
        kept.load(model(2.0), "a")


def test_an_epoch_that_was_run_twice_counts_once(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    assert kept.history() == []
    for stage, epoch, loss in (("a", 0, 3.0), ("a", 1, 2.0), ("b", 0, 9.0), ("a", 1, 1.0)):
        kept.add(stage, epoch, {"loss": loss})
    assert kept.history("a") == [
        {"stage": "a", "epoch": 1, "loss": 3.0},
        {"stage": "a", "epoch": 2, "loss": 1.0},
    ]
    assert len(kept.history()) == 3


@pytest.mark.parametrize("stopped_after", [None, 1, 3, 4])
def test_patience_is_the_same_whether_the_run_was_stopped_or_not(
    tmp_path: Path, stopped_after: int | None
) -> None:
    kept = Kept(tmp_path)
    losses = [5.0, 3.0, 4.0, 3.5, 3.2, 1.0]  # the best of the first five is the second
    one = model(0.0)

    def patient() -> Patience:
        callback = Patience(kept, "a", "loss", n_epochs=3)
        callback.set_model(one)
        return callback

    callback = patient()
    one.stop_training = False
    n_run = 0
    for epoch, loss in enumerate(losses):
        if epoch == stopped_after:
            callback = patient()  # of another process
        one.set_weights([np.array([[loss]])])
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {"loss": loss})
        kept.add("a", epoch, {"loss": loss})
        n_run = epoch + 1
        if one.stop_training:
            break
    assert n_run == 5
    assert kept.load(one, "a best")
    assert value_of(one) == 3.0
