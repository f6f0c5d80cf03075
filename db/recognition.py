"""Compares one picture with the memes near it, from the cheapest look to the dearest.

    hashes (microseconds) ─► rough fit (2 ms) ─► fine fit (6 ms) ─► words (half a second)

Each look is bounded in number, however many memes a template has. What was found is kept in
`Looked`, so that it can be found before a transaction begins and need not be found again in it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Protocol

import cv2
import numpy as np

from core.errors import MemeEraError
from core.fingerprint import Fingerprint
from core.images import decode
from core.signature import SIGNATURE_PX, Signature, unpack
from core.words import Line, read_words
from db.candidates import Candidate, Candidates, far_apart
from db.registration import Overlay, Rough, after, box_under, inverse, moves, overlay, place
from db.views import View, inside, straightened, whole, widened
from db.wording import Placed, centre_in, placed, same_words

__all__ = ["FAMILY_BITS", "NEAR_BITS", "SHORT_BITS", "Looked", "Match", "Nearby", "Recognition"]

# Chosen on half of the templates of bench/same_meme.py; docs/decisions/0007 says how.
# Score: of 936 pairs of memes that differ in one word, ten are below the second, none of them below
# .059, and all show a patch apart. Of reposts, one in five lies between the two, one in fifteen
# with such a patch.
_QUITE_SURE: Final = 0.04
_SURE: Final = 0.11
_FEW: Final = 0.055  # share changed: two stickers cover less, another caption is mostly more
# Agreement; memes that differ in a word have .92 or more, and other captions differ by more than
# _SURE (tweets by .22 or more). Below are reposts of what was fried: noise that was compressed.
_NOISY: Final = 0.85
_MOSTLY_SAME: Final = 0.5  # agreement, where words may decide
_FAMILY: Final = 0.2  # agreement: other templates reach .16, drawn flat ones with long captions .21
_ONE_FAMILY: Final = 0.3  # agreement with memes of two templates, to make them one
# A watermark or a border reaches so far beyond a meme, as a share of its side; further, it is a
# caption, or a crop.
_OVERHANG: Final = 0.09

# Of 256 bits. Of a million random hashes that are within SHORT_BITS as well, one in ten has another
# so near.
NEAR_BITS: Final = 88
# Of 64 bits: of two pictures that near, the short hashes are nearer (1,738 pairs drawn: at most 20,
# one in ten more than 8), and of a million others, two in a thousand are.
SHORT_BITS: Final = 20
# Of 64 bits; of a million random hashes, one in a hundred has another so near.
FAMILY_BITS: Final = 10
# How far a corner must lie from its place, as a share of the side, to be worth straightening.
_STRAIGHT: Final = 0.01
_N_NEAR: Final = 8
_N_FAMILY: Final = 4
_N_STRAIGHT: Final = 16  # their rough fits are quick: they start where they end
_N_FINE: Final = 3  # a view
_MUCH: Final = 0.2  # share changed, roughly: stickers on a tenth of a picture reach half of it
_N_READ: Final = 3  # pairs whose words are compared


# A view's name, a meme's id, and whether it is what the meme frames.
Key = tuple[str, int, bool]


class Nearby(Protocol):
    """Finds memes by hash, the k nearest of those in reach."""

    def near(self, phash64: str, phash256: str, k: int, k_related: int = 0) -> list[int]:
        """By the long hash: within SHORT_BITS of the short one, and NEAR_BITS of the long.

        Then so many as by `related`, if they are others: in one go.
        """

    def related(self, phash64: str, k: int) -> list[int]:
        """By the short hash, which captions barely move: within FAMILY_BITS."""

    def framing(self, phash256: str, k: int) -> list[int]:
        """By the long hash of what they frame: within NEAR_BITS."""


@dataclass(frozen=True, slots=True)
class Match:
    """A meme that lies under the picture, in one view of it."""

    view: View
    candidate: Candidate
    inner: bool  # what the meme frames is what lies under the picture
    overlay: Overlay

    @property
    def sure(self) -> bool:
        """Whether the pixels alone say that it is the same meme."""
        return (
            self.faint
            and not self._may_hide_a_word
            and self.overlay.overhang < _OVERHANG
            and not self.inner
            and not self.view.framed
        )

    @property
    def doubtful(self) -> bool:
        """Whether it may be the same meme, and words have to decide."""
        return self.overlay.changed <= _FEW and self.overlay.agreement >= _MOSTLY_SAME

    @property
    def _may_hide_a_word(self) -> bool:
        """Whether letters may be others, too thin to count by what the pixels differ."""
        return (
            self.overlay.score > _QUITE_SURE
            and self.overlay.agreement >= _NOISY  # or else the texture is noise, here as anywhere
            and bool(self.overlay.apart.any())
        )

    @property
    def faint(self) -> bool:
        """Whether the pixels differ no more than compression makes them."""
        return self.overlay.score <= _SURE


@dataclass(slots=True)
class Looked:
    """What has been found out about one picture so far."""

    fits: dict[Key, Rough | None] = field(default_factory=dict)
    overlays: dict[Key, Overlay | None] = field(default_factory=dict)
    words: tuple[Line, ...] | None = None  # of the picture
    read: dict[int, tuple[Line, ...]] = field(default_factory=dict)  # of memes, by id
    verdicts: dict[Key, bool] = field(default_factory=dict)  # by words
    decision: Any = None  # what was decided (a `db.matching.Decision`)
    as_of: int | None = None  # the last decision about any meme that it knew of


class Recognition:
    """What one picture is to the memes near it."""

    def __init__(
        self,
        picture: Fingerprint,
        data: Callable[[], bytes],
        nearby: Nearby,
        candidates: Candidates,
        barred: Callable[[], set[int]],
        looked: Looked,
    ) -> None:
        self._picture = picture
        self._data = data
        self._nearby = nearby
        self._candidates = candidates
        self._looked = looked
        self.matches: list[Match] = []
        self._ask_barred = barred
        self._barred: set[int] | None = None

    def same(self) -> tuple[Match, bool] | None:
        """The meme that the picture is, never one of those barred, and whether words told."""
        for _ in self._views():
            if sure := [m for m in self.matches if m.sure and self._may_be(m)]:
                return min(sure, key=lambda m: m.overlay.score), False
        doubtful = [m for m in self.matches if m.doubtful and self._may_be(m)]
        doubtful.sort(key=lambda m: m.overlay.changed)
        asked: set[int] = set()
        for match in doubtful:
            if match.candidate.meme_id not in asked and len(asked) < _N_READ:
                asked.add(match.candidate.meme_id)
                if self._says_the_same(match):
                    return match, True
        return None

    @cached_property
    def _signature(self) -> Signature:  # most pictures resemble nothing, and need it for nothing
        return unpack(self._picture.signature)

    @cached_property
    def _whole(self) -> View:
        return whole(self._signature)

    @property
    def nearest(self) -> Match | None:
        """The meme that most of the picture agrees with, if any is of its family."""
        best = max(self.matches, key=lambda m: m.overlay.agreement, default=None)
        return best if best is not None and best.overlay.agreement >= _FAMILY else None

    @property
    def one_family(self) -> set[int]:
        """The templates that the picture shows to be one."""
        return {
            m.candidate.template_id
            for m in self.matches
            if m.overlay.agreement >= _ONE_FAMILY and not m.inner and not m.view.framed
        }

    def _may_be(self, match: Match) -> bool:
        if self._barred is None:  # not before: most pictures resemble nothing
            self._barred = self._ask_barred()
        return match.candidate.meme_id not in self._barred and not far_apart(
            self._picture.motion, match.candidate.motion
        )

    def _views(self) -> Iterator[None]:
        """Look at the picture in one way after the other; `matches` grows meanwhile."""
        picture, nearby = self._picture, self._nearby
        if near := nearby.near(picture.phash64, picture.phash256, _N_NEAR, _N_FAMILY):
            self._lay(self._whole, near)
        if framing := nearby.framing(picture.phash256, _N_FAMILY):
            self._lay(self._whole, framing, inner=True)
        yield
        yield from self._straight()
        if picture.inner_phash256 is not None:
            framed = inside(self._signature)
            self._lay(framed, nearby.near(framed.phash64, picture.inner_phash256, _N_FAMILY))
            yield
        if self.nearest is None and (wide := nearby.related(picture.wide_phash64, _N_FAMILY)):
            self._lay(widened(self._whole), wide)
            yield
            yield from self._straight()

    def _straight(self) -> Iterator[None]:
        best = self.nearest
        if best is None or best.inner:
            return
        to_other = after(best.overlay.matrix, inverse(best.view.to_whole))
        if moves(to_other, SIGNATURE_PX) < _STRAIGHT:
            return
        straight = straightened(self._whole, to_other, best.candidate.meme_id)
        near = self._nearby.near(straight.phash64, straight.phash256, _N_STRAIGHT)
        self._lay(straight, near)
        yield

    def _lay(self, view: View, meme_ids: list[int], *, inner: bool = False) -> None:
        """Lay memes under a view: all of them roughly, the few that differ least finely."""
        laid = {(m.candidate.meme_id, m.inner) for m in self.matches}
        found = []
        for candidate in self._candidates.of([m for m in meme_ids if (m, inner) not in laid]):
            key = (view.name, candidate.meme_id, inner)
            if key not in self._looked.fits:
                rough = candidate.rough_inner if inner else candidate.rough
                self._looked.fits[key] = None if rough is None else place(view.rough, rough)
            if (fit := self._looked.fits[key]) is not None:
                found.append((fit, candidate, key))
        found.sort(key=lambda one: one[0].changed)
        for i, (fit, candidate, key) in enumerate(found[:_N_FINE]):
            if i > 0 and fit.changed > _MUCH:
                break  # another caption, and the first has shown whether it is one family
            if key not in self._looked.overlays:
                other = candidate.signature.inner if inner else candidate.signature.whole
                assert other is not None  # it was laid roughly
                self._looked.overlays[key] = overlay(view.grey, other, fit)
            if (laid_over := self._looked.overlays[key]) is not None:
                self.matches.append(Match(view, candidate, inner, laid_over))

    def _says_the_same(self, match: Match) -> bool:
        key = (match.view.name, match.candidate.meme_id, match.inner)
        if key not in self._looked.verdicts:
            try:
                known = self._words_of(match)
            except MemeEraError:  # its file is missing, as `check` tells: nothing to go by
                return False
            self._looked.verdicts[key] = _same(match, self._words(), known)
        return self._looked.verdicts[key]

    def _words(self) -> tuple[Line, ...]:
        if self._looked.words is None:
            self._looked.words = read_words(decode(self._data()))
        return self._looked.words

    def _words_of(self, match: Match) -> tuple[Line, ...]:
        meme_id = match.candidate.meme_id
        if meme_id not in self._looked.read:
            self._looked.read[meme_id] = self._candidates.words(meme_id)
        return self._looked.read[meme_id]


def _same(match: Match, said: tuple[Line, ...], known: tuple[Line, ...]) -> bool:
    """Whether the picture says what the meme does, in the view in which they were compared."""
    side = SIGNATURE_PX
    to_view = inverse(match.overlay.matrix)  # from what was laid under it
    from_meme = to_view
    if match.inner:
        framed = inside(match.candidate.signature)
        from_meme = after(to_view, inverse(framed.to_whole))
    here = placed(said, side, inverse(match.view.to_whole))
    there = placed(known, side, from_meme)
    frame = box_under(to_view, (0, 0, side, side))
    if match.inner:  # a screen's own words are nobody's caption
        there = [line for line in there if centre_in(line.box, frame)]
    far = match.overlay.overhang >= _OVERHANG and not match.view.framed
    if far and _any_outside(there, side):
        return False
    where = match.overlay.where
    if match.faint:  # too little is changed to show which words are doubted
        where = where | match.overlay.apart
    doubted = np.asarray(cv2.dilate(where.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
    captioned = far or match.inner
    return same_words(here, there, doubted, frame, captioned=captioned, faint=match.faint)


def _any_outside(lines: list[Placed], side: int) -> bool:
    return any(not centre_in(line.box, (0, 0, side, side)) for line in lines)
