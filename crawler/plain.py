"""What a site says of an error, in a few plain words: never the markup of its error page."""

import json
import re
from typing import Any, Final

from scrapy.http import Response

__all__ = ["plain", "said_in", "why"]

_MOST: Final = 200  # characters of a message
_READ: Final = 64 * 2**10  # bytes of an answer
_MARKUP: Final = re.compile(r"<\s*[a-zA-Z!/?]")
_TITLE: Final = re.compile(r"<title[^<>]*>([^<]*)</title", re.IGNORECASE)
# Where JSON has the words: Lemmy, Reddit, OAuth, RFC 9457, FastAPI.
_KEYS: Final = ("message", "error_description", "error", "detail", "title", "reason")


def plain(text: str) -> str:
    """The text on one line, up to where markup begins, and not long."""
    line = " ".join(_MARKUP.split(text, maxsplit=1)[0].split())
    return line if len(line) <= _MOST else f"{line[: _MOST - 1]}…"


def said_in(answer: Response) -> str:
    """What an answer says, whatever it is made of: words, JSON, or the title of a page."""
    text = answer.body[:_READ].decode("utf-8", errors="replace").strip()
    if text.startswith(("{", "[", '"')):
        return plain(_in_json(text))
    if _MARKUP.search(text[:_MOST]):
        title = _TITLE.search(text)
        return plain(title[1]) if title else ""
    return plain(text) if "\ufffd" not in text[:_MOST] and "\0" not in text[:_MOST] else ""


def why(error: BaseException) -> str:
    """What kept an answer from coming."""
    reasons = getattr(error.__cause__, "reasons", None)  # Twisted lists what it stumbled over
    text = reasons[0].getErrorMessage() if reasons else str(error)
    return plain(text) or type(error).__name__


def _in_json(text: str) -> str:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    while isinstance(value, dict):
        value = next((value[key] for key in _KEYS if value.get(key)), None)
    return value if isinstance(value, str) else ""
