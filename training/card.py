"""A model's card: what a version says of itself, checked before anything relies on it."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from core.errors import BadInput

__all__ = ["read_card", "read_json"]

_MAX_BYTES: Final = 16 * 2**20  # a card with the epochs of a committee of five has 0.1 MB


_Count = Annotated[int, Field(ge=0, le=2**53)]


class _Told(BaseModel):
    """What is told may be more than what is named here; what is named is of its type."""

    model_config = ConfigDict(extra="allow", strict=True)


class _Genre(_Told):
    precision: FiniteFloat
    recall: FiniteFloat
    f1: FiniteFloat
    support: _Count


class _Confusion(_Told):
    classes: list[str]
    rows: list[list[_Count]]

    @model_validator(mode="after")
    def _square(self) -> "_Confusion":
        n = len(self.classes)
        if len(self.rows) != n or any(len(row) != n for row in self.rows):
            raise ValueError("it is not square")
        return self


class _Metrics(_Told):
    macro_f1: FiniteFloat
    accuracy: FiniteFloat
    n: _Count
    per_genre: dict[str, _Genre]
    confusion: _Confusion
    macro_f1_interval: list[FiniteFloat] = Field(default=[0.0, 1.0], min_length=2, max_length=2)
    macro_f1_trusted: FiniteFloat = 0.0
    top_2: FiniteFloat = 0.0
    ece: FiniteFloat = 0.0


class _Splits(_Told):
    train: _Count
    validation: _Count = 0
    test: _Count = 0
    left_out: _Count = 0


class _Snapshot(_Told):
    hash: str = ""
    splits: _Splits
    genres: dict[str, _Count] = {}
    families: _Count = 0
    by_people: _Count = 0
    by_model: _Count = 0


class _Config(_Told):
    weights: str
    n_members: _Count = 1


class _Input(_Told):
    side_px: _Count = 0


class _Calibration(_Told):
    abstain_below: FiniteFloat = 0.0


class _Epoch(_Told):
    stage: str = ""
    epoch: _Count = 0


class _Card(_Told):
    """The fields that have no default were in the card of every memeEra."""

    classes: list[str] = Field(min_length=1)
    metrics: _Metrics
    snapshot: _Snapshot
    config: _Config
    created_at: str = ""
    years: list[_Count] = Field(default=[0, 0], min_length=2, max_length=2)
    input: _Input = _Input()
    reads_words: bool = False
    calibration: _Calibration = _Calibration()
    history: list[_Epoch] = []
    seed: int = 0
    libraries: dict[str, str] = {}
    tested_as: str = ""
    test_labels: str = ""


def read_json(path: Path, max_bytes: int | None = None) -> Any:
    """What a JSON file holds.

    Raises:
        BadInput: it is not there, larger than it may be, or no JSON in UTF-8.
    """
    try:
        if max_bytes is not None and path.stat().st_size > max_bytes:
            raise BadInput(f"{path}: damaged: it has more than {max_bytes:,} bytes")
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise BadInput(f"{path}: damaged: it is nested too deeply") from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: damaged: {error}") from error


def read_card(path: Path) -> dict[str, Any]:
    """The card in this file, as it was written.

    Raises:
        BadInput: it is damaged; the message says where.
    """
    card = read_json(path, _MAX_BYTES)
    try:
        _Card.model_validate(card)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "all of it"
        raise BadInput(f"{path}: damaged: {where}: {first['msg']}") from error
    told: dict[str, Any] = card
    return told
