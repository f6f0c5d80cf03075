"""What an answer says of whether, and when, to ask again."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

__all__ = ["answer_passes", "retry_after", "status_passes"]

_REQUEST_TIMEOUT: Final = 408
_TOO_EARLY: Final = 425
_TOO_MANY: Final = 429
_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404
_LEMMYS_LIMIT: Final = b'"rate_limit_error"'
_YOUTUBES_FEEDS: Final = "/feeds/videos.xml"
_DAY_S: Final = 86_400.0


def status_passes(status: int) -> bool:
    """Whether an HTTP status may be another one later."""
    return status >= 500 or status in (_REQUEST_TIMEOUT, _TOO_EARLY, _TOO_MANY)


def answer_passes(url: str, status: int, body: bytes) -> bool:
    """Whether an answer to a listing may be another one later, also where its status says no.

    Lemmy asks for rest with 400 and a word in its JSON; YouTube has no feed of a channel that it
    has, now and then.
    """
    if status == _BAD_REQUEST:
        return _LEMMYS_LIMIT in body
    if status == _NOT_FOUND and urlsplit(url).path == _YOUTUBES_FEEDS:
        return True
    return status_passes(status)


def retry_after(header: bytes | None) -> float | None:
    """The seconds that a Retry-After header asks to wait: a number, or a date (RFC 9110).

    A day at most, whatever it says.
    """
    if header is None:
        return None
    text = header.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _DAY_S)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - datetime.now(UTC)).total_seconds(), 0.0), _DAY_S)
