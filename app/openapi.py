"""The OpenAPI document of the API."""

from importlib.metadata import version
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from app import messages, requests
from core.settings import Settings

__all__ = ["openapi"]

Schema = dict[str, Any]

_REF: Final = "#/components/schemas/"
_ANSWERS: Final = (
    messages.Batch,
    messages.Classification,
    messages.CorrectionTaken,
    messages.Failure,
    messages.Health,
    messages.Labelled,
    messages.Model,
    messages.Predictions,
)
_ASKED: Final = (
    requests.Asked,
    requests.Corrected,
    requests.Inputs,
    requests.Predict,
    requests.TakenBack,
)
_FILE: Final[Schema] = {"type": "string", "format": "binary"}
_PICTURES: Final[Schema] = {
    kind: {"schema": _FILE}
    for kind in (
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "image/avif",
        "image/bmp",
        "application/octet-stream",
    )
}
_FAILURES: Final = {
    "400": "The request is not as documented.",
    "401": "No token, or a wrong one.",
    "403": "A page of another site asks, or this server does not do that.",
    "404": "There is none.",
    "408": "The body did not arrive in time.",
    "413": "Too many bytes or files.",
    "421": "A name that is not this server's.",
    "422": "No picture that is taken.",
    "429": "Too many are waiting, or too many tokens were wrong; come back after Retry-After.",
    "500": "A defect.",
    "503": "There is no model that can be loaded, or the collection does not answer.",
    "504": "This very picture takes too long.",
}
_OF_ALL: Final = ("401", "421", "429", "500", "503")
_OF_BODIES: Final = (*_OF_ALL, "400", "403", "408", "413", "422", "504")
_OF_ONE: Final = (*_OF_ALL, "404", "504")


def openapi(settings: Settings) -> dict[str, Any]:
    """The document, of version 3.1."""
    both = [(one, "serialization") for one in _ANSWERS] + [(one, "validation") for one in _ASKED]
    _, told = models_json_schema(both, ref_template=_REF + "{model}")  # type: ignore[arg-type]
    schemas: dict[str, Schema] = told["$defs"]
    query = _in_query(schemas.pop("Asked"))
    visitor = _in_query(schemas.pop("TakenBack"))
    corrected = schemas.pop("Corrected")
    several = {"type": "array", "items": _FILE, "minItems": 1, "maxItems": settings.max_files}
    schemas["Predict"]["properties"]["instances"]["maxItems"] = settings.max_files
    hub = {"type": "array", "items": {"$ref": _REF + "Labelled"}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "memeEra",
            "version": version("memeera"),
            "description": "Tells the genre and the year of a meme from its picture. Pictures are "
            f"JPEG, PNG, WebP, GIF, AVIF or BMP of at most {settings.max_bytes} bytes. Of what is "
            "sent, corrections alone are kept.",
        },
        "paths": {
            "/v1/classify": {
                "post": {
                    "operationId": "classify",
                    "summary": "Genre and year of one picture: the body, or a form's one file.",
                    "parameters": query,
                    "requestBody": _body(_PICTURES | _form("file", _FILE)),
                    "responses": _json_of("Classification") | _failures(_OF_BODIES),
                }
            },
            "/v1/classify:batch": {
                "post": {
                    "operationId": "classifyBatch",
                    "summary": f"The same of up to {settings.max_files} pictures, the files of a "
                    "form; each has its answer or its error.",
                    "parameters": query,
                    "requestBody": _body(_form("files", several)),
                    "responses": _json_of("Batch") | _failures(_OF_BODIES),
                }
            },
            "/v1/models/memeera": {
                "get": {
                    "operationId": "model",
                    "summary": "The model that answers, and its card.",
                    "responses": _json_of("Model") | _failures(_OF_ALL),
                }
            },
            "/v1/models/memeera:predict": {
                "post": {
                    "operationId": "predict",
                    "summary": "As TensorFlow Serving's clients ask: pictures in base64.",
                    "requestBody": _body(_json("Predict")),
                    "responses": _json_of("Predictions") | _failures(_OF_BODIES),
                }
            },
            "/models/memeera": {
                "post": {
                    "operationId": "label",
                    "summary": "As a model hub's clients ask: a picture as the body, or in base64 "
                    "as `inputs`.",
                    "requestBody": _body(_PICTURES | _json("Inputs")),
                    "responses": _response("200", {"application/json": {"schema": hub}})
                    | _failures(_OF_BODIES),
                }
            },
            "/v1/corrections": {
                "post": {
                    "operationId": "correct",
                    "summary": "Send a picture with the genre that it has: both are kept, for the "
                    "labeling tool.",
                    "requestBody": _body(_form("file", _FILE, corrected)),
                    "responses": _json_of("CorrectionTaken") | _failures(_OF_BODIES),
                }
            },
            "/v1/corrections/{key}": {
                "delete": {
                    "operationId": "takeBack",
                    "summary": "Take a correction back, and the picture if nothing else holds it.",
                    "parameters": [_in_path("key", corrected["properties"]["key"]), *visitor],
                    "responses": _response("204", None) | _failures((*_OF_ONE, "400", "403")),
                }
            },
            "/v1/memes/{sha256}/thumbnail": {
                "get": {
                    "operationId": "thumbnail",
                    "summary": "A meme of the collection, made small.",
                    "parameters": [_in_path("sha256", {"type": "string"})],
                    "responses": _response("200", {"image/jpeg": {"schema": _FILE}})
                    | _failures(_OF_ONE),
                }
            },
            "/healthz": {
                "get": {
                    "operationId": "health",
                    "summary": "Whether pictures are being answered.",
                    "security": [],
                    "responses": _json_of("Health") | _failures(("421", "500", "503")),
                }
            },
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "MEMEERA_API_TOKEN, where the server has one.",
                }
            },
        },
        "security": [{"token": []}, {}],
    }


def _response(status: str, content: Schema | None) -> Schema:
    described: Schema = {"description": "Done."}
    return {status: described | ({} if content is None else {"content": content})}


def _json_of(name: str) -> Schema:
    return _response("200", _json(name))


def _failures(statuses: tuple[str, ...]) -> Schema:
    return {
        status: {"description": _FAILURES[status], "content": _json("Failure")}
        for status in sorted(statuses)
    }


def _json(name: str) -> Schema:
    return {"application/json": {"schema": {"$ref": _REF + name}}}


def _body(content: Schema) -> Schema:
    return {"required": True, "content": content}


def _form(name: str, kind: Schema, fields: Schema | None = None) -> Schema:
    if fields is None:  # what else a form has is passed over
        fields = {"properties": {}, "required": [], "additionalProperties": True}
    schema = {
        "type": "object",
        "properties": {name: kind} | fields["properties"],
        "required": [name, *fields["required"]],
        "additionalProperties": fields["additionalProperties"],
    }
    return {"multipart/form-data": {"schema": schema}}


def _in_path(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(schema: Schema) -> list[Schema]:
    required = schema.get("required", ())
    described = []
    for name, one in schema["properties"].items():
        parameter: Schema = {"name": name, "in": "query", "schema": one}
        parameter["description"] = one.pop("description", "")
        if name in required:
            parameter["required"] = True
        if one.get("type") == "array":  # a list with commas
            parameter |= {"style": "form", "explode": False}
        described.append(parameter)
    return described
