"""Text from outside as it may be printed: nothing in it moves the cursor or makes a line.

Titles, file names, addresses and what a site says of an error are whatever somebody wrote. On a
terminal, an escape sequence in them hides lines or changes the title of the window, and a line feed
makes a line that looks like ours.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Final

__all__ = ["clean", "json_text"]

# Control characters (Unicode's Cc: C0 with ESC, CR, LF and tab, DEL, C1), Bidi_Control, the
# separators of lines and paragraphs, and halves of surrogate pairs: bytes that are no text.
_ACTIVE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def clean(text: object) -> str:
    r"""The text on one line, what is no letter of it escaped as Python does: \n, \x1b, \u202e."""
    return _ACTIVE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), str(text))


def json_text(
    value: object, *, indent: int | None = None, default: Callable[[Any], str] = str
) -> str:
    """JSON that a terminal may show, letters as they are; a program reads what was there.

    Args:
        value: to be told.
        indent: spaces a level; None: all on one line.
        default: what to make of what JSON does not know.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=default)
    return _ACTIVE.sub(lambda found: _escaped(found[0]), text)


def _escaped(letter: str) -> str:
    # Outside strings there is nothing to escape but the line feeds of the indentation.
    return letter if letter == "\n" else f"\\u{ord(letter):04x}"
