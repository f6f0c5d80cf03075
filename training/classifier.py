"""A trained model that answers, through LiteRT: TensorFlow is not loaded."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.errors import BadInput
from core.quiet import quiet_native
from core.settings import Settings
from training.picture import fit_square, picture_of
from training.registry import LITERT_MODEL, Registry

__all__ = ["Classifier", "GenreScore", "Prediction"]


@dataclass(frozen=True, slots=True)
class GenreScore:
    """How likely one genre is."""

    label: str
    score: float  # 0 to 1; those of a prediction sum to 1


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one picture."""

    model: str  # the version that answered
    genre: tuple[GenreScore, ...]  # the likeliest first
    ms: float  # from bytes to answer

    def as_dict(self) -> dict[str, Any]:
        """In the form that the command line gives as JSON."""
        return {
            "model": self.model,
            "genre": [{"label": g.label, "score": g.score} for g in self.genre],
            # This model looks at the picture alone, says no year, and never abstains.
            "year": None,
            "words": None,
            "abstain": False,
            "ms": self.ms,
        }


class Classifier:
    """One model version, loaded once; safe to call from several threads."""

    def __init__(self, model_dir: Path, version: str, classes: Sequence[str]) -> None:
        from ai_edge_litert.interpreter import Interpreter  # half a second, once it is needed

        try:
            with quiet_native():
                self._interpreter = Interpreter(str(model_dir / LITERT_MODEL), num_threads=2)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise BadInput(f"{model_dir / LITERT_MODEL}: cannot be loaded: {error}") from error
        (self._input,) = self._interpreter.get_input_details()
        (self._output,) = self._interpreter.get_output_details()
        self._lock = threading.Lock()  # an interpreter holds one input at a time
        self.version = version
        self.classes = tuple(classes)
        self.side_px = int(self._input["shape"][1])
        n_scores = int(self._output["shape"][-1])
        if n_scores != len(self.classes):
            raise BadInput(
                f"{model_dir}: the model gives {n_scores} scores, its card names "
                f"{len(self.classes)} classes: they are not of one run"
            )

    @classmethod
    def load(cls, settings: Settings, version: str | None = None) -> Self:
        """The champion, or the version named.

        Raises:
            NotReady: there is no model yet.
            BadInput: there is no such version, or its files are damaged.
        """
        registry = Registry(settings.models_dir)
        version = version or registry.champion()
        card = registry.card(version)
        return cls(registry.path(version), version, card["classes"])

    def classify(self, picture: bytes | Path | Image.Image) -> Prediction:
        """The genre of one picture, given as a file's bytes, a path or an RGB image.

        Raises:
            BadInput: the path cannot be read.
            ImageRejected: the bytes are not an image that is taken.
        """
        started = time.perf_counter()
        scores = self.scores(self._square(picture))
        ranked = sorted(zip(self.classes, scores.tolist(), strict=True), key=lambda kv: -kv[1])
        return Prediction(
            model=self.version,
            genre=tuple(GenreScore(label, round(score, 4)) for label, score in ranked),
            ms=round((time.perf_counter() - started) * 1000, 1),
        )

    def scores(self, square: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """(S, S, 3) uint8 to the scores of the classes: (n_classes,) float32."""
        with self._lock:
            self._interpreter.set_tensor(
                self._input["index"], square[np.newaxis].astype(self._input["dtype"])
            )
            self._interpreter.invoke()
            scores: npt.NDArray[np.float32] = self._interpreter.get_tensor(self._output["index"])[0]
        return scores

    def _square(self, picture: bytes | Path | Image.Image) -> npt.NDArray[np.uint8]:
        if isinstance(picture, Image.Image):
            return np.asarray(fit_square(picture.convert("RGB"), self.side_px))
        if isinstance(picture, Path):
            try:
                picture = picture.read_bytes()
            except OSError as error:
                raise BadInput(f"cannot be read: {error.strerror}") from error
        return picture_of(picture, self.side_px)
