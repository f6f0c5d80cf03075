"""The OpenAPI document for people: a page that needs nothing from elsewhere."""

from html import escape
from typing import Any, Final

from app.theme import PAGE_STYLE

__all__ = ["docs_page"]

_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>memeEra API</title>
<style>{style}body{{max-width:46rem;margin:2rem auto;padding:0 1rem}}
h2{{font-size:1.1rem;margin-top:2rem}}dt{{margin-top:.5rem}}a{{color:var(--accent)}}
code,pre{{font:.9em ui-monospace,monospace}}
pre{{overflow:auto;padding:1rem;border-radius:.5rem;background:var(--panel)}}</style>
<main><h1>memeEra API</h1><p>{description}</p>
<pre tabindex="0">curl --data-binary @meme.jpg 'http://127.0.0.1:8502/v1/classify?top_k=3'</pre>
{body}
<p><a href="openapi.json">openapi.json</a> has every field; <code>/metrics</code> is for
Prometheus.</p></main></html>"""


def docs_page(document: dict[str, Any]) -> str:
    """The page."""
    body = "".join(
        _section(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    description = escape(document["info"]["description"])
    return _PAGE.format(style=PAGE_STYLE, description=description, body=body)


def _section(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = "".join(
        f"<dt><code>{escape(one['name'])}</code></dt><dd>{escape(one['description'])}</dd>"
        for one in operation.get("parameters", ())
        if "description" in one
    )
    kinds = ", ".join(operation.get("requestBody", {}).get("content", ()))
    return (
        f"<section><h2><code>{method.upper()} {escape(path)}</code></h2>"
        f"<p>{escape(operation['summary'])}</p>"
        + (f"<dl>{parameters}</dl>" if parameters else "")
        + (f"<p>Takes {escape(kinds)}.</p>" if kinds else "")
        + "</section>"
    )
