"""The dates that are written in a picture, with their year: when what it shows was posted.

Found by their shape among the lines that were read, understood by dateparser, which knows the
months of two hundred languages. A date without a year ("Oct 16", "3h") says nothing of it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from core.words import Line

__all__ = ["FIRST_POSTED", "WrittenDate", "written_dates"]

FIRST_POSTED: Final = 2005
"""Nothing that shows the time of a post and goes round as a meme is older: Facebook is from 2004,
Twitter from 2006. Readers take 2020 for 2000 now and then."""

_MONTH: Final = r"[^\W\d_]{3,12}\.?"
_DAY: Final = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR: Final = r"(?:20\d\d|\d\d)"
# Letters and digits on either side are another number or word; a reader joins a date to a time.
_DATES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\d/.-])(?P<year>20\d\d)(?P<mark>[-/.])(?P<a>\d\d?)(?P=mark)(?P<b>\d\d?)(?![\d/.-])",
        rf"(?<![\d/.-])(?P<a>\d\d?)(?P<mark>[-/.])(?P<b>\d\d?)(?P=mark)(?P<year>{_YEAR})(?![\d/-]|\.\d)",
        rf"(?<!\d)(?P<day>{_DAY})(?:st|nd|rd|th)?\.?\s*(?:de |of )?(?P<month>{_MONTH}),?\s*"
        rf"(?:de |')?(?P<year>{_YEAR})(?!\d|:\d)",
        rf"(?<![^\W\d_])(?P<month>{_MONTH})\s*(?P<day>{_DAY})(?:st|nd|rd|th)?(?:,|\.|\s)\s*"
        r"(?P<year>20\d\d)(?!\d)",
        r"(?P<year>20\d\d)年(?P<a>\d\d?)月(?P<b>\d\d?)日",
    )
)
# What stands beside the date of a post and hardly beside another: a time of day, or with what it
# was sent.
_BESIDE: Final = re.compile(
    r"(?<!\d)(?:[01]?\d|2[0-3])[:.][0-5]\d(?!\d)|twitter|tweetdeck|\bvia\b|posted|published",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """One date, as it is written."""

    year: int
    text: str
    is_of_post: bool  # whether a time of day, or what it was sent with, stands beside it


def written_dates(lines: Sequence[Line], last_year: int | None = None) -> list[WrittenDate]:
    """The dates that some lines hold, in their order; those of years that cannot be are no dates.

    Args:
        lines: as `core.words.read_words` gives them.
        last_year: the present one, unless told.
    """
    last_year = last_year or datetime.now(UTC).year
    return [date for line in lines for date in _dates_in(line.text, last_year)]


def _dates_in(text: str, last_year: int) -> Iterator[WrittenDate]:
    taken: list[range] = []
    for pattern in _DATES:
        for found in pattern.finditer(text):
            if any(found.start() in other or found.end() - 1 in other for other in taken):
                continue
            rest = f"{text[: found.start()]} {text[found.end() :]}"
            is_of_post = _BESIDE.search(rest) is not None
            parts = found.groupdict()
            year = int(parts["year"])
            is_short = year < 100
            if is_short and not is_of_post:  # a score, a size, a fraction
                continue
            year += 2000 * is_short
            if not FIRST_POSTED <= year <= last_year or not _is_day(parts):
                continue
            taken.append(range(*found.span()))
            yield WrittenDate(year, found.group().strip(), is_of_post)


def _is_day(parts: dict[str, str | None]) -> bool:
    """Whether day and month can be, in whichever order they stand."""
    if (name := parts.get("month")) is not None:
        return _is_month(name.rstrip(".").lower())
    one, other = sorted((int(parts["a"] or 0), int(parts["b"] or 0)))
    return 1 <= one <= 12 and other <= 31


def _is_month(name: str) -> bool:
    import dateparser  # a quarter of a second, and few pictures hold a date

    found = dateparser.parse(f"1 {name} 2020", settings={"REQUIRE_PARTS": ["day", "month", "year"]})
    return found is not None and (found.year, found.day) == (2020, 1)
