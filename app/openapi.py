"""The OpenAPI document of the API, and the page that shows it to people."""

from html import escape
from importlib.metadata import version
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from app import messages
from app.requests import Asked, Inputs, Predict
from core.settings import Settings

__all__ = ["docs_page", "openapi"]

_REF: Final = "#/components/schemas/"
_SCHEMAS: Final = (
    *(
        (model, "serialization")
        for model in (
            messages.Batch,
            messages.Classification,
            messages.Failure,
            messages.Health,
            messages.Labelled,
            messages.Model,
            messages.Predictions,
        )
    ),
    *((model, "validation") for model in (Asked, Inputs, Predict)),
)
_BYTES: Final = {"schema": {"type": "string", "format": "binary"}}
_PICTURES: Final = dict.fromkeys(
    ("image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/bmp"), _BYTES
) | {"application/octet-stream": _BYTES}


def openapi(settings: Settings) -> dict[str, Any]:
    """The document, of version 3.1."""
    _, told = models_json_schema(list(_SCHEMAS), ref_template=_REF + "{model}")  # type: ignore[arg-type]
    schemas = told["$defs"]
    query = _query(schemas.pop("Asked"))
    paths = {
        "/v1/classify": {
            "post": _operation(
                "classify",
                "Genre and year of one picture, sent as the body or as a form's one file.",
                "Classification",
                body=_PICTURES | _form("file", several=False),
                query=query,
            )
        },
        "/v1/classify:batch": {
            "post": _operation(
                "classifyBatch",
                f"The same of up to {settings.max_files} pictures, the files of a form; each has "
                "its answer or its error.",
                "Batch",
                body=_form("files", several=True),
                query=query,
            )
        },
        "/v1/models/memeera": {
            "get": _operation("model", "The model that answers, and its card.", "Model")
        },
        "/v1/models/memeera:predict": {
            "post": _operation(
                "predict",
                "As TensorFlow Serving's clients ask: pictures in base64.",
                "Predictions",
                body=_message("Predict"),
            )
        },
        "/models/memeera": {
            "post": _operation(
                "label",
                "As a model hub's clients ask: a picture as the body, or in base64 as `inputs`.",
                {"type": "array", "items": {"$ref": _REF + "Labelled"}},
                body=_PICTURES | _message("Inputs"),
            )
        },
        "/healthz": {
            "get": _operation(
                "health", "Whether pictures are being answered.", "Health", needs_token=False
            )
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "memeEra",
            "version": version("memeera"),
            "description": "Tells the genre and the year of a meme from its picture. Pictures are "
            f"JPEG, PNG, WebP, GIF, AVIF or BMP of at most {settings.max_bytes} bytes. Nothing "
            "that is sent is kept.",
        },
        "paths": paths,
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


def docs_page(document: dict[str, Any]) -> str:
    """The document for people: a page that needs nothing from elsewhere."""
    parts = [
        f"<section><h2><code>{method.upper()} {escape(path)}</code></h2>"
        f"<p>{escape(operation['summary'])}</p>{_parameters(operation)}{_bodies(operation)}</section>"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    info = document["info"]
    return _PAGE.format(description=escape(info["description"]), body="".join(parts))


def _operation(
    name: str,
    summary: str,
    answer: str | dict[str, Any],
    *,
    body: dict[str, Any] | None = None,
    query: list[dict[str, Any]] | None = None,
    needs_token: bool = True,
) -> dict[str, Any]:
    schema = {"$ref": _REF + answer} if isinstance(answer, str) else answer
    failures = ["400", "403", "408", "413", "421", "422", "429", "504"] if body else ["421"]
    failures += ["401", "500", "503"] if needs_token else ["500", "503"]
    described: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": {
            "200": {
                "description": "The answer.",
                "content": {"application/json": {"schema": schema}},
            }
        }
        | {
            code: {
                "description": _FAILURES[code],
                "content": {"application/json": {"schema": {"$ref": _REF + "Failure"}}},
            }
            for code in sorted(failures)
        },
    }
    if query:
        described["parameters"] = query
    if body:
        described["requestBody"] = {"required": True, "content": body}
    if not needs_token:
        described["security"] = []
    return described


_FAILURES: Final = {
    "400": "The request is not as documented.",
    "401": "No token, or a wrong one.",
    "403": "A page of another site asks.",
    "408": "The body did not arrive in time.",
    "413": "Too many bytes or files.",
    "421": "A name that is not this server's.",
    "422": "No picture that is taken.",
    "429": "Too many are waiting; come back after Retry-After.",
    "500": "A defect.",
    "503": "There is no model that can be loaded, or the collection does not answer.",
    "504": "This very picture takes too long.",
}


def _form(name: str, *, several: bool) -> dict[str, Any]:
    file: dict[str, Any] = {"type": "string", "format": "binary"}
    kind = {"type": "array", "items": file, "minItems": 1} if several else file
    schema = {"type": "object", "properties": {name: kind}, "required": [name]}
    return {"multipart/form-data": {"schema": schema}}


def _message(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF + name}}}


def _query(schema: dict[str, Any]) -> list[dict[str, Any]]:
    described = []
    for name, one in schema["properties"].items():
        parameter = {"name": name, "in": "query", "description": one.pop("description", "")}
        if one.get("type") == "array":  # a list with commas
            parameter |= {"style": "form", "explode": False}
        described.append(parameter | {"schema": one})
    return described


def _parameters(operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<dt><code>{escape(one['name'])}</code></dt><dd>{escape(one['description'])}</dd>"
        for one in operation.get("parameters", ())
    )
    return f"<dl>{rows}</dl>" if rows else ""


def _bodies(operation: dict[str, Any]) -> str:
    kinds = ", ".join(operation.get("requestBody", {}).get("content", ()))
    return f"<p>Takes {escape(kinds)}.</p>" if kinds else ""


_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>memeEra API</title>
<style>body{{font:16px/1.6 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;
background:#faf8f4;color:#1c1a17}}h2{{font-size:1.1rem;margin-top:2rem}}dt{{margin-top:.5rem}}
code,pre{{font:.9em ui-monospace,monospace}}pre{{overflow:auto;padding:1rem;border-radius:.5rem;
background:#efeae0}}a{{color:#a8113a}}
@media(prefers-color-scheme:dark){{body{{background:#171512;color:#f1ece4}}pre{{background:#26221d}}
a{{color:#ff9fb4}}}}</style>
<main><h1>memeEra API</h1><p>{description}</p>
<pre tabindex="0">curl --data-binary @meme.jpg 'http://127.0.0.1:8502/v1/classify?top_k=3'</pre>
{body}
<p><a href="openapi.json">openapi.json</a> has every field; <code>/metrics</code> is for
Prometheus.</p></main></html>"""
