"""`publish`: a model as it can be passed on."""

import json
import zipfile
from pathlib import Path
from random import Random

import numpy as np
import pytest
import yaml

from core.errors import BadInput
from core.settings import Settings
from demo.drawing import draw
from tests.commands import training
from tests.conftest import Trained
from training.classifier import Classifier
from training.registry import CARD, KERAS_MODEL, LITERT_MODEL, Registry


def test_what_is_published_answers_as_the_model_and_tells_of_itself(
    trained: Trained, tmp_path: Path
) -> None:
    folder = tmp_path / "passed on"
    done = training(trained.data_dir, "publish", str(folder))
    assert done.returncode == 0, done.stderr
    assert {path.name for path in folder.iterdir()} == {CARD, LITERT_MODEL, "README.md"}
    registry = Registry(trained.data_dir / "models")
    card = json.loads((folder / CARD).read_text())
    assert set(registry.card(trained.version)) - set(card) == {"history"}

    picture = draw("political", Random(5))
    paths = (folder, registry.path(trained.version))
    one, other = (Classifier(path, trained.version, card).answer(picture, ()) for path in paths)
    assert np.abs(one.scores - other.scores).max() < 0.05  # its weights are of 8 bits
    small, whole = ((path / LITERT_MODEL).stat().st_size for path in paths)
    assert small < whole * 0.35

    _, front, page = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    told = yaml.safe_load(front)
    assert told["license"] == "mit"
    measured = {m["name"]: m["value"] for m in told["model-index"][0]["results"][0]["metrics"]}
    assert measured["macro F1"] == card["metrics"]["macro_f1"]
    assert page.count("| Political |") == 1
    assert "no weights of others" in page


def test_a_card_of_an_older_memeera_is_told_in_one_line(trained: Trained, tmp_path: Path) -> None:
    data_dir = trained.copy_to(tmp_path / "data")
    path = Registry(data_dir / "models").path(trained.version) / CARD
    card = json.loads(path.read_text())
    del card["snapshot"]["by_model"]
    path.write_text(json.dumps(card))
    done = training(data_dir, "publish", str(tmp_path / "out"))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "an older memeEra made it" in done.stderr
    assert not (tmp_path / "out" / CARD).exists()


@pytest.mark.parametrize("what", ["empty", "no archive", "cut short", "changed", "deep"])
def test_a_damaged_model_is_one_line(trained: Trained, tmp_path: Path, what: str) -> None:
    pytest.importorskip("keras")
    from training.publish import publish

    settings = Settings(data_dir=trained.copy_to(tmp_path / "data"))
    path = Registry(settings.models_dir).path(trained.version) / KERAS_MODEL
    whole = path.read_bytes()
    match what:
        case "empty":
            path.write_bytes(b"")
        case "no archive":
            path.write_bytes(b"PK no archive")
        case "cut short":
            path.write_bytes(whole[: len(whole) // 2])
        case "changed":
            middle = len(whole) // 3
            path.write_bytes(whole[:middle] + bytes(2000) + whole[middle + 2000 :])
        case "deep":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("config.json", "[" * 100_000)
                archive.writestr("metadata.json", "{}")
                archive.writestr("model.weights.h5", b"")
    with pytest.raises(BadInput, match=r"model\.keras: cannot be loaded") as told:
        publish(settings, trained.version, tmp_path / "out")
    assert "\n" not in str(told.value)
