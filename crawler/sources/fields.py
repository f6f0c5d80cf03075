"""What a field of a post's JSON says; a field of another kind says nothing, and the post stays."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

__all__ = [
    "Json",
    "moment",
    "moment_of_text",
    "number",
    "parse",
    "part",
    "parts",
    "score",
    "text",
    "truth",
]

Json = Mapping[str, Any]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# What is dated before the web, or a lifetime ahead, is no time of a post.
_EARLIEST: Final = datetime(1991, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
_MAX_SCORE: Final = 2**31 - 1  # what an integer column holds; some videos were seen more often
_FAR: Final = 10**18  # beyond all counts and times
_MAX_DIGITS: Final = 18  # of a whole number; Python refuses to read 4,300
_COUNT: Final = re.compile(r"([+-]?\d[\d,]{0,20}(?:\.\d{1,20})?)\s?([kmb]?)", re.ASCII | re.I)
_TIMES: Final = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}


def parse(body: bytes) -> Any:
    """The JSON that some bytes are.

    What is not UTF-8 in a text is replaced as browsers do, control characters are let be, and a
    number of any length is read: none of them is a reason to lose the rest.

    Raises:
        ValueError: it is no JSON, or nested too deeply to be read; the message is one line.
    """
    try:
        return json.loads(body.decode("utf-8-sig", "replace"), strict=False, parse_int=_whole)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError as error:
        is_page = body.lstrip()[:1] == b"<"
        raise ValueError(
            "it is a page (HTML), not JSON" if is_page else "it is not JSON"
        ) from error


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


def text(data: Json, key: str) -> str:
    """A text; of another kind: none."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def part(data: Json, key: str) -> Json:
    """An object within; of another kind: one without fields."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def parts(data: Json, key: str) -> list[Json]:
    """The objects of a list; what else is in it is left out."""
    value = data.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def truth(data: Json, key: str) -> bool:
    """Whether something is said to be so: true, or as some dumps have it 1 or "true"."""
    value = data.get(key)
    is_said = isinstance(value, str) and value.lower() in ("true", "1")
    return is_said or (isinstance(value, int) and value == 1)


def number(value: object) -> float | None:
    """A finite number, also one written as text: 7.0, "7", "1,234", "1.2k"."""
    if isinstance(value, str) and (found := _COUNT.fullmatch(value.strip())):
        value = float(found[1].replace(",", "")) * _TIMES[found[2].lower()]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return max(-_FAR, min(value, _FAR))  # which no float would hold beyond 300 digits
    return value if math.isfinite(value) else None


def score(value: object) -> int | None:
    """A count of votes or views, as a column holds it: of more, the most that it holds."""
    count = number(value)
    return None if count is None else int(max(-_MAX_SCORE, min(count, _MAX_SCORE)))


def moment(seconds: object) -> datetime | None:
    """A time in seconds since 1970, as a number or its digits."""
    since = number(seconds)
    if since is None:
        return None
    try:
        return _possible(_EPOCH + timedelta(seconds=since))
    except OverflowError:
        return None


def moment_of_text(written: str) -> datetime | None:
    """A time as ISO 8601 writes it; without a zone, it is UTC."""
    try:
        time = datetime.fromisoformat(written.strip())
        return _possible((time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def _possible(time: datetime) -> datetime | None:
    return time if _EARLIEST <= time < _LATEST else None
