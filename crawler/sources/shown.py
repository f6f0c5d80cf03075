"""The pictures that stand among the words of a post: in Markdown, HTML, or as Reddit has them."""

import html
import re
from collections.abc import Iterator
from typing import Final

__all__ = ["shown_in"]

_MAX_CHARACTERS: Final = 100_000  # Reddit takes 40,000 in a post, Lemmy 50,000
# Each part is bounded, so that no text takes long. An address may hold brackets, in pairs; a title
# may stand behind it. Lemmy's emoji are written as pictures, and say there what they are.
_ADDRESS: Final = r"(?>(?:[^\s()<>\"]|\([^\s()<>\"]{0,200}\)){1,2000})"
_PICTURE: Final = re.compile(
    rf"""
    !\[ [^\]]{{0,500}} \] \( \s{{0,9}} <? (?P<markdown> {_ADDRESS} ) >?
        (?! \s{{1,9}} ["']emoji\b )
  | <img \b [^<>]{{0,500}}? \b src \s{{0,9}} = \s{{0,9}}
        (?P<html> "[^"]{{1,2000}}" | '[^']{{1,2000}}' | [^\s>"']{{1,2000}} )
  | (?P<hosted> https?:// (?:preview|i)\.redd\.it / [^\s()<>"\]]{{1,2000}} )
    """,
    re.VERBOSE | re.IGNORECASE,
)


def shown_in(words: str, *, at_reddit: bool = False) -> Iterator[tuple[int, str]]:
    """The address of each picture that a text shows, as it is written, and where it stands.

    Args:
        words: of the post.
        at_reddit: whether links to Reddit's own hosts of pictures are shown as the pictures; any
            other link is a link.
    """
    for found in _PICTURE.finditer(words[:_MAX_CHARACTERS]):
        name = found.lastgroup
        assert name is not None
        if name == "html":
            yield found.start(name), html.unescape(found[name].strip("\"'"))
        elif name != "hosted" or at_reddit:
            yield found.start(name), found[name]
