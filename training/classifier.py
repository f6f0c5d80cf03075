"""A trained model that answers, through LiteRT: TensorFlow is not loaded."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.errors import BadInput
from core.images import decode, upright
from core.quiet import quiet_native
from core.settings import Settings
from core.words import Line, read_words
from core.written_dates import WrittenDate, written_dates
from training.lines import GRAMS, Written, written
from training.picture import fit_square
from training.registry import LITERT_MODEL, Registry
from training.years import YearRange, by_dates, told

__all__ = ["Answer", "Classifier", "GenreScore", "Prediction", "YearRange"]

_INPUTS: Final = {"picture", "grams", "layout", "given"}
_OUTPUTS: Final = {"genre", "year", "embedding", "map"}


@dataclass(frozen=True, slots=True)
class GenreScore:
    """How likely one genre is."""

    label: str
    score: float  # 0 to 1; those of a prediction sum to 1


@dataclass(frozen=True, slots=True)
class Answer:
    """All that a model says of one picture, as numbers.

    Attributes:
        scores: of the genres, (n_genres,) float32; they sum to 1.
        years: of each year that the model knows, (n_years,) float32; they sum to 1.
        look: the same, by what the model sees alone, whatever dates are written in it.
        embedding: (128,) float32 of length 1; alike for memes that are alike.
        map: (h, w, n_genres) float32: how much each place of the square that the network sees
            speaks for each genre, as logits.
        dates: that are written in it, which count in `years`.
    """

    scores: npt.NDArray[np.float32]
    years: npt.NDArray[np.float32]
    look: npt.NDArray[np.float32]
    embedding: npt.NDArray[np.float32]
    map: npt.NDArray[np.float32]
    dates: Sequence[WrittenDate] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one picture."""

    model: str  # the version that answered
    genre: tuple[GenreScore, ...]  # the likeliest first
    year: YearRange
    words: tuple[Line, ...] | None  # those read in the picture; None: they were not read
    abstain: bool  # whether the model is too unsure for its first genre to be relied on
    ms: float  # from bytes to answer
    answer: Answer = field(repr=False, compare=False)  # all that it says, as numbers

    def as_dict(self) -> dict[str, Any]:
        """In the form that the command line gives as JSON."""
        return {
            "model": self.model,
            "genre": [{"label": g.label, "score": g.score} for g in self.genre],
            "year": self.year.as_dict(),
            "words": None if self.words is None else [line.text for line in self.words],
            "abstain": self.abstain,
            "ms": self.ms,
        }


class Classifier:
    """One model version, loaded once; safe to call from several threads."""

    def __init__(self, model_dir: Path, version: str, card: Mapping[str, Any]) -> None:
        from ai_edge_litert.interpreter import Interpreter  # half a second, once it is needed

        self.version = version
        try:
            self.classes: tuple[str, ...] = tuple(card["classes"])
            self.first_year, last_year = card["years"]
            self.abstain_below = float(card["calibration"]["abstain_below"])
            self.side_px = int(card["input"]["side_px"])
            self.reads_words = bool(card["reads_words"])
            if card["input"]["grams"] != GRAMS:
                raise ValueError(f"n-grams as in {GRAMS}")
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(
                f"{model_dir}: its card lacks what this memeEra needs ({error}); an older one made "
                "it: python -m training fit makes another"
            ) from error
        try:
            with quiet_native():
                # Its bytes, not its path: a file that is mapped and then written over ends the
                # process.
                model = (model_dir / LITERT_MODEL).read_bytes()
                interpreter = Interpreter(model_content=model, num_threads=2)
                interpreter.allocate_tensors()
            self._run = interpreter.get_signature_runner()
            shapes = {
                name: tuple(int(side) for side in told["shape"])
                for details in (self._run.get_input_details(), self._run.get_output_details())
                for name, told in details.items()
            }
        except (OSError, ValueError, RuntimeError) as error:
            raise BadInput(f"{model_dir / LITERT_MODEL}: cannot be loaded: {error}") from error
        wanted = {
            "picture": (1, self.side_px, self.side_px, 3),
            "genre": (1, len(self.classes)),
            "year": (1, last_year - self.first_year + 1),
        }
        if set(shapes) != _INPUTS | _OUTPUTS or any(
            shapes[name] != wanted[name] for name in wanted
        ):
            raise BadInput(
                f"{model_dir}: the model and its card are not of one run: the card tells of "
                f"{len(self.classes)} genres, {wanted['year'][1]} years and pictures of "
                f"{self.side_px} px, the model of {shapes}"
            )
        self._interpreter = interpreter  # the runner does not keep it alive
        self._lock = threading.Lock()  # an interpreter holds one input at a time

    @classmethod
    def load(cls, settings: Settings, version: str | None = None) -> Self:
        """The champion, or the version named.

        Raises:
            NotReady: there is no model yet.
            BadInput: there is no such version, or its files are damaged.
        """
        registry = Registry(settings.models_dir)
        version = version or registry.champion()
        return cls(registry.path(version), version, registry.card(version))

    def classify(
        self,
        picture: bytes | Image.Image,
        *,
        read: bool = True,
        lines: Sequence[Line] | None = None,
    ) -> Prediction:
        """The genre and the year of one picture, a file's bytes or an image of Pillow.

        Args:
            picture: what is to be classified.
            read: whether to read the words in it: surer, and half a second slower. Models that
                learned from pictures alone never do.
            lines: the words, where they were read before.

        Raises:
            ImageRejected: the bytes are not an image that is taken.
        """
        started = time.perf_counter()
        if read and lines is None and self.reads_words:
            # Letters are read in the whole picture, as `training read` does.
            lines = read_words(_opened(picture))
        # Decoded as those it learned from were, whether words are read or not.
        answer = self.answer(_opened(picture, at_least_px=2 * self.side_px), lines)
        ranked = sorted(
            zip(self.classes, answer.scores.tolist(), strict=True), key=lambda kv: -kv[1]
        )
        return Prediction(
            model=self.version,
            genre=tuple(GenreScore(label, round(score, 4)) for label, score in ranked),
            year=told(answer.years, answer.look, self.first_year, answer.dates),
            words=None if lines is None else tuple(lines),
            abstain=ranked[0][1] < self.abstain_below,
            ms=round((time.perf_counter() - started) * 1000, 1),
            answer=answer,
        )

    def answer(self, image: Image.Image, lines: Sequence[Line] | None) -> Answer:
        """All that the model says of an RGB image.

        Args:
            image: upright, of any size.
            lines: what is written in it; None: not known.
        """
        text = None
        if lines is not None and self.reads_words:
            text = written(lines, image.height / image.width)
        said = self.answer_square(np.asarray(fit_square(image, self.side_px)), text)
        dates = written_dates(lines or ())
        return replace(said, years=by_dates(said.look, self.first_year, dates), dates=dates)

    def answer_square(self, square: npt.NDArray[np.uint8], text: Written | None) -> Answer:
        """All that the model says of a picture as it sees it, (S, S, 3) uint8, without dates."""
        text, has_words = (_NOTHING, 0.0) if text is None else (text, 1.0)
        with self._lock:
            said = self._run(
                picture=square[np.newaxis].astype(np.float32),
                grams=text.grams()[np.newaxis],
                layout=text.layout[np.newaxis],
                given=np.array([[1.0, has_words]], np.float32),
            )
        genre, year, embedding, map_ = (
            said[name][0] for name in ("genre", "year", "embedding", "map")
        )
        return Answer(genre, year, year, embedding, map_)


_NOTHING: Final = written((), 1.0)


def _opened(picture: bytes | Image.Image, at_least_px: int | None = None) -> Image.Image:
    if isinstance(picture, Image.Image):
        return upright(picture)
    return decode(picture, at_least_px)
