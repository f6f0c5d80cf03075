"""What the API may be asked, each looked at before anything is done."""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)
from starlette.requests import Request

from app.parts import Part
from app.problems import ApiError
from core.genres import GENRES
from core.validation import first_problem

__all__ = [
    "Asked",
    "Corrected",
    "Inputs",
    "Predict",
    "TakenBack",
    "asked",
    "checked",
    "decoded",
    "read",
]

_N_GENRES: Final = len(GENRES)
_GENRES: Final = frozenset(one.key for one in GENRES)
_NAME: Final = "^[0-9A-Za-z_-]{8,64}$"
_Message = TypeVar("_Message", bound=BaseModel)


def _listed(value: object) -> object:
    return [part for part in value.split(",") if part] if isinstance(value, str) else value


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Asked(_Request):
    """The query of a request that brings pictures."""

    top_k: Annotated[
        int, Field(ge=1, le=_N_GENRES, description="How many genres, the likeliest first.")
    ] = _N_GENRES
    words: Annotated[
        bool,
        Field(description="Whether the words in the picture are read: surer, and half a second."),
    ] = True
    include: Annotated[
        tuple[Part, ...],
        BeforeValidator(_listed),
        Field(
            description="What else is wanted, separated by commas: years (how likely each is), "
            "lines (the words and where they stand), map (where the model looked), known (what "
            "the collection knows of this picture), similar (memes like it)."
        ),
    ] = ()


Base64 = Annotated[
    str,
    Field(
        json_schema_extra={
            "format": "byte",
            "pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
        }
    ),
]


class B64(_Request):
    """A picture's bytes in base64."""

    b64: Base64


class Named(_Request):
    """The same, by the name of the model's input."""

    picture: B64


class Predict(_Request):
    """What TensorFlow Serving's clients send."""

    # Bounded here as well: a million empty ones would be gigabytes before they are counted.
    instances: Annotated[list[B64 | Named], Field(min_length=1, max_length=1024)]
    signature_name: Literal["serving_default"] = "serving_default"

    @property
    def pictures(self) -> list[str]:
        """In base64, in their order."""
        return [one.picture.b64 if isinstance(one, Named) else one.b64 for one in self.instances]


class Parameters(_Request):
    """Of a model hub's request."""

    top_k: Annotated[int, Field(ge=1, le=_N_GENRES)] = _N_GENRES


class Inputs(_Request):
    """What a model hub's clients send, where they send no bytes."""

    inputs: Base64
    parameters: Parameters = Parameters()


class Corrected(_Request):
    """What somebody says of a picture, beside it in a form."""

    genre: Annotated[str, Field(json_schema_extra={"enum": [one.key for one in GENRES]})]
    visitor: Annotated[
        str,
        StringConstraints(pattern=_NAME),
        Field(description="A name that the browser makes up for itself, and keeps."),
    ]
    key: Annotated[
        str,
        StringConstraints(pattern=_NAME),
        Field(description="Of this correction: sent again, it counts once."),
    ]

    @field_validator("genre")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in _GENRES:
            raise ValueError("there is no such genre")
        return value


class TakenBack(_Request):
    """Whose correction is taken back."""

    visitor: Annotated[str, StringConstraints(pattern=_NAME)]


def checked(message: type[_Message], fields: Mapping[str, str]) -> _Message:
    """The fields of a form or a query.

    Raises:
        ApiError: they are not as documented.
    """
    try:
        return message.model_validate(dict(fields))
    except ValidationError as error:
        raise ApiError(400, "bad_request", first_problem(error)) from error


def asked(request: Request) -> Asked:
    """The query of a request.

    Raises:
        ApiError: it is not as documented.
    """
    query: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in query:
            raise ApiError(400, "bad_request", f"{name} is given twice")
        query[name] = value
    return checked(Asked, query)


def read(message: type[_Message], body: bytes) -> _Message:
    """A JSON body.

    Raises:
        ApiError: it is no such message.
    """
    try:
        return message.model_validate_json(body)
    except ValidationError as error:
        raise ApiError(400, "bad_request", first_problem(error)) from error


def decoded(text: str) -> bytes:
    """The bytes of a text in base64.

    Raises:
        ApiError: it is none.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApiError(400, "bad_request", "a picture is given in base64") from error
