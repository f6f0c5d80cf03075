"""Where the picture of a page's element is: the largest, and never what stands there meanwhile."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

from parsel import Selector

__all__ = ["addresses_of", "is_stand_in", "shown_once"]

# A `srcset` that a loader takes: data-srcset, data-lazy-srcset, lazy-srcset.
_LAZY_SET: Final = re.compile(r"(?:data-|lazy).*srcset")
# What loaders and enlargers of pictures call the place of the address; in others, a picture's
# address may be that of a preview.
_LAZY: Final = re.compile(
    r"data-(?:[\w-]*src(?:-[a-z]+)?|(?:[\w-]+-)?lazy(?:load)?|original|echo)|lazy-?src"
)
_OTHER: Final = re.compile(r"data-.*(?:orig|full|large|zoom|res|image|img|photo|bg|media|url|file)")
_LARGEST: Final = re.compile(r"orig|full|large|zoom|hi-?(?:gh-?)?res|hidpi|retina|2x")
_NOT_IT: Final = re.compile(
    r"thumb|small|low|tiny|lqip|blur|placeholder|preview|avatar|icon|poster|page(?!speed)|link|share"
    r"|fallback|loading|spinner"
)
_SUFFIX: Final = re.compile(r"\.(?:avif|bmp|gif|jfif|jpe?g?|png|webp)$", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[^\s{}<>\"]*[/.][^\s{}<>\"]*")

_BACKGROUND: Final = re.compile(r"background[^;]*?url\(\s*[\"']?([^\"')]+)")

_MOST: Final = 50  # elements that are looked at around one: no page makes that take long

_CANDIDATE: Final = re.compile(r"[^\s,]\S*")
_DESCRIPTOR: Final = re.compile(r"(\d+(?:\.\d+)?)[wxh]")
_IS_SET: Final = re.compile(r"\s\d+(?:\.\d+)?[wx]\s*(?:,|$)")
_TYPES: Final = re.compile(r"image/(?:avif|bmp|gif|jpe?g|pjpeg|png|webp)|", re.IGNORECASE)

# Names of files that loaders show until the picture is there.
_STAND_IN: Final = re.compile(
    r"(?:(?:ajax|default|image|img|lazy|page|post|pre|thumb)[-_]?)?"
    r"(?:1x1|blank|clear|dummy|empty|gr[ae]y|lazy(?:[-_]?load(?:er|ing)?)?|loader|loading"
    r"|placeholder|pixel|preloader|spacer|spinner|trans(?:parent)?)"
    r"(?:[-_.]?(?:\d++(?:x\d++)?(?:px)?|bg|gif|icon|image|img|large|small|white))*"
    r"(?:\.min)?\.(?:gif|svg|png|jpe?g|webp)",
    re.IGNORECASE,
)


def addresses_of(element: Selector) -> Iterator[str]:
    """The addresses that the picture of an element may have, the best first.

    Browsers load what `src` and `srcset` name; pages that load pictures late have a stand-in there,
    and the picture in an attribute of their own, or for browsers without scripts in <noscript>.

    Args:
        element: an image, or what holds one; or what a selector's ::attr(name) or ::text found.
    """
    if isinstance(element.root, str):
        yield from _largest_first([element.root]) if _is_set(element.root) else [element.root]
        return
    node = element.root
    yield from _of_node(node)
    if node.tag != "img":  # such as <picture>, <noscript>, <figure>
        for image in node.iter("img"):
            yield from _of_node(image)
            break


def is_stand_in(url: str) -> bool:
    """Whether a picture's name says that it stands there until another is loaded."""
    return _STAND_IN.fullmatch(urlsplit(url).path.rpartition("/")[2]) is not None


def shown_once(elements: Iterable[Selector]) -> Iterator[Selector]:
    """The elements without those that show again what another does, or nothing to look at.

    What <noscript> has for an image beside it is among that image's own addresses.
    """
    elements = list(elements)
    nodes = {element.root for element in elements if not isinstance(element.root, str)}
    for element in elements:
        if isinstance(element.root, str) or not _is_again(element.root, nodes):
            yield element


def _is_again(node: Any, nodes: AbstractSet[Any]) -> bool:
    around = next(node.iterancestors("noscript"), None)
    return _is_dot(node) or (around is not None and not nodes.isdisjoint(_next_to(around)))


def _of_node(node: Any) -> Iterator[str]:
    sources = [one for one in _sources(node) if _TYPES.fullmatch(one.get("type", "").strip())]
    # Of two of one size, that for wide windows first.
    sources.sort(key=lambda source: "max-width" in source.get("media", ""))
    fallback = _without_scripts(node)
    lazy = [value for one in (*sources, node) for value in _values(one, _LAZY_SET)]
    yield from _largest_first(lazy)
    plain = [one.get("srcset") for one in (*sources, node, *fallback) if one.get("srcset")]
    chosen = _largest_first(plain)
    is_choice = len(chosen) > 1  # one alone may be a stand-in
    if is_choice:
        yield from chosen
    yield from _named(node)
    yield from chosen
    for image in fallback:
        yield from _named(image)
        yield image.get("src", "")
    for name in ("src", "href", "poster", "content"):
        yield node.get(name, "")
    yield from _BACKGROUND.findall(node.get("style", ""))


def _sources(node: Any) -> list[Any]:
    # Not only of the parent: libxml2 takes what follows a <source> to be within it.
    around = node if node.tag == "picture" else next(node.iterancestors("picture"), None)
    return [] if around is None else list(islice(around.iter("source"), _MOST))


def _without_scripts(node: Any) -> list[Any]:
    """The image that <noscript> has instead of this one: behind it, or before."""
    if node.tag != "img":
        return []
    parent = node.getparent()
    alone = parent is not None and len(parent) == 1
    near = [one for it in ((node, parent) if alone else (node,)) for one in _neighbours(it)]
    images = (image for one in near if one.tag == "noscript" for image in _images(one))
    return [image for image in images if not _is_dot(image)][:1]


def _next_to(noscript: Any) -> Iterator[Any]:
    for one in _neighbours(noscript):
        yield from _images(one)


def _images(node: Any) -> Iterator[Any]:
    return islice(node.iter("img"), _MOST)


def _neighbours(node: Any) -> Iterator[Any]:
    siblings = node.getparent()
    leads = siblings is not None and next(siblings.iterchildren("*")).tag == "noscript"
    for preceding in (True, False) if leads else (False, True):
        yield from islice(node.itersiblings("*", preceding=preceding), 1)


def _is_dot(node: Any) -> bool:
    """Whether it is there to be counted, not to be seen."""
    sides = (node.get("width", ""), node.get("height", ""))
    return all(side.strip() in ("0", "1", "2") for side in sides)


def _named(node: Any) -> list[str]:
    """What attributes of the page's own have, those that promise the largest first."""
    found = [
        (_LARGEST.search(name) is None, _LAZY.fullmatch(name) is None, value)
        for name, value in node.attrib.items()
        if "srcset" not in name and not _NOT_IT.search(name) and _is_picture(name, value)
    ]
    return [value for *_, value in sorted(found, key=lambda one: one[:2])]


def _is_picture(name: str, value: str) -> bool:
    value = value.strip()
    if not _ADDRESS.fullmatch(value):
        return False
    has_suffix = _SUFFIX.search(value.partition("?")[0]) is not None
    return bool(_LAZY.fullmatch(name) or (has_suffix and _OTHER.fullmatch(name)))


def _values(node: Any, names: re.Pattern[str]) -> list[str]:
    return [value for name, value in node.attrib.items() if names.fullmatch(name)]


def _is_set(text: str) -> bool:
    return _IS_SET.search(text) is not None


def _largest_first(sets: Iterable[str]) -> list[str]:
    found = [candidate for one in sets for candidate in _candidates(one)]
    return [url for _, url in sorted(found, key=lambda candidate: -candidate[0])]


def _candidates(srcset: str) -> Iterator[tuple[float, str]]:
    """Sizes and addresses, as HTML says to read a srcset: an address may hold commas."""
    at = 0
    while found := _CANDIDATE.search(srcset, at):
        at, url, sizes = found.end(), found[0], ""
        if url.endswith(","):
            url = url.rstrip(",")
        else:
            end = srcset.find(",", at)
            end = len(srcset) if end < 0 else end
            at, sizes = end + 1, srcset[at:end]
        described = [_DESCRIPTOR.fullmatch(size) for size in sizes.split()]
        if all(described):
            yield max((float(one[1]) for one in described if one), default=1.0), url
