"""Answers as the command line gives them: lines for people, JSON and CSV for programs."""

import csv
import io
from collections.abc import Sequence
from typing import Any, Final, Protocol

from core.cells import guarded
from core.genres import genre
from core.printing import clean, json_text
from training.classifier import Prediction

__all__ = ["AsCsv", "AsJson", "AsLines", "Teller", "answer_of", "error_of"]


def answer_of(file: str, said: Prediction, top_k: int) -> dict[str, Any]:
    """What a model says of a file."""
    told = said.as_dict()
    return {"file": file, **told, "genre": told["genre"][:top_k]}


def error_of(file: str, error: Exception) -> dict[str, Any]:
    """Why a file has no answer."""
    return {"file": file, "error": str(error)}


class Teller(Protocol):
    """Gives text for standard output, piece by piece."""

    def begin(self) -> str:
        """What stands before all answers."""

    def tell(self, answer: dict[str, Any]) -> str:
        """One answer, or one error."""

    def end(self) -> str:
        """What stands behind."""


class AsLines:
    """A line a picture; errors are told elsewhere."""

    def begin(self) -> str:
        """Nothing."""
        return ""

    def tell(self, answer: dict[str, Any]) -> str:
        """Its likeliest genres and when it was made."""
        if "error" in answer:
            return ""
        best = [f"{genre(g['label']).name} {g['score']:.0%}" for g in answer["genre"][:3]]
        unsure = "not sure; " if answer["abstain"] else ""
        made = answer["year"]["text"]
        return f"{clean(answer['file'])}: {unsure}{', '.join(best)}; made {made}\n"

    def end(self) -> str:
        """Nothing."""
        return ""


class AsJson:
    """One array, an object a line."""

    def __init__(self) -> None:
        self._lead = "["

    def begin(self) -> str:
        """Nothing yet: the bracket comes with the first."""
        return ""

    def tell(self, answer: dict[str, Any]) -> str:
        """An object."""
        lead, self._lead = self._lead, ","
        return lead + json_text(answer) + "\n"

    def end(self) -> str:
        """The other bracket."""
        return "]\n" if self._lead == "," else "[]\n"


_COLUMNS: Final = (
    *("file", "genre", "score", "abstain", "year", "year_low", "year_high"),
    *("words", "model", "error"),
)


class AsCsv:
    """A row a picture, for spreadsheets: its likeliest genre, and each genre's score.

    Args:
        genres: those that the model knows.
    """

    def __init__(self, genres: Sequence[str]) -> None:
        self._genres = genres

    def begin(self) -> str:
        """The names of the columns."""
        return _row([*_COLUMNS, *(f"score_{genre}" for genre in self._genres)])

    def tell(self, answer: dict[str, Any]) -> str:
        """A row."""
        if "error" in answer:
            return _row([_cell(answer["file"]), *[""] * 8, _cell(answer["error"])])
        first, year = answer["genre"][0], answer["year"]
        scores = {one["label"]: one["score"] for one in answer["genre"]}
        words = "" if answer["words"] is None else guarded("\n".join(map(clean, answer["words"])))
        return _row(
            [
                _cell(answer["file"]),
                first["label"],
                first["score"],
                int(answer["abstain"]),
                *(year[key] for key in ("value", "low", "high")),
                words,
                _cell(answer["model"]),
                "",
                *(scores.get(genre, "") for genre in self._genres),
            ]
        )

    def end(self) -> str:
        """Nothing."""
        return ""


def _cell(text: str) -> str:
    return guarded(clean(text))


def _row(cells: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
