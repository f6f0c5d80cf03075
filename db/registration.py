"""Lays one picture over another and measures where the two differ.

Two files of one meme differ by a crop, a border, a scale, a turn, brightness and compression: by an
affine map of the plane and a line in grey, which are fitted here, and by noise on edges. Two memes
of one template differ where their captions stand, and nothing fits that away.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "ROUGH_PX",
    "Grey",
    "Matrix",
    "Overlay",
    "Rectangle",
    "Rough",
    "after",
    "box_under",
    "inverse",
    "moves",
    "overlay",
    "place",
    "reduced",
]

Grey = npt.NDArray[np.uint8]
Rectangle = tuple[float, float, float, float]  # left, top, right, bottom, px
Matrix = npt.NDArray[np.float64]  # (2, 3): a point of one picture to the point of the other

ROUGH_PX: Final = 64
_FINE_PX: Final = 128
# Fitting at full size costs 5 ms more a pair. It takes a repost's residual down by a tenth or more,
# which matters only where it is neither clearly small nor clearly large.
_NEEDS_FINEST: Final = (0.09, 0.3)

# Captions of image macros stand at the rims: what is told by them must not pull on the fit.
_RIM: Final = (0.09, 0.045)  # above and below, at the sides
_LEAST_CORRELATION: Final = 0.4  # of the fit; two captions on one template have .55 or more
_LEAST_OVERLAP: Final = 0.5
_SHEAR: Final = 0.2  # of the map; a turn of 5 degrees in a picture twice as wide as high has .17
_GAINS: Final = (0.5, 2.0)  # brightness and contrast that people change, and clipping
# Misregistration by a fraction of a pixel lives on edges, another caption does not.
_EDGE_ALLOWANCE: Final = 0.7
_SPOT_PX: Final = 7  # side of the window that the residual is averaged over: about a letter
_CHANGED: Final = 0.1  # residual of a spot from which on it counts as another picture
_TEXTURE: Final = 8.0  # grey levels of standard deviation in a spot; below, it is plain
_STRONG: Final = 24.0  # the same of letters, even of thin ones
_AGREES: Final = 0.6  # correlation of a spot
_PATCH_PX: Final = 8  # area; what compression does to a letter is smaller, another letter larger


@dataclass(frozen=True, slots=True)
class Rough:
    """A first fit of two pictures, to see which of several is worth a finer one."""

    matrix: Matrix  # (2, 3) float64, in pixels of pictures of ROUGH_PX
    changed: float  # share of the overlap that differs


@dataclass(frozen=True, slots=True)
class Overlay:
    """How two pictures compare, once one is laid over the other; all in the first one's frame."""

    matrix: Matrix  # (2, 3) float64, pixels of the first to pixels of the second
    score: float  # mean residual of the worst spots: 0 the same, 1 black on white
    changed: float  # share of the overlap that is another picture
    agreement: float  # share of the textured overlap that is the same picture
    overhang: float  # how far one reaches beyond the other on one side, as a share of its own side
    where: npt.NDArray[np.bool_]  # (S, S), the changed spots
    apart: npt.NDArray[np.bool_]  # (S, S), patches of strong texture, as letters are, of another


def place(first: Grey, second: Grey) -> Rough | None:
    """Fit the affine map from one picture to the other, roughly.

    By the enhanced correlation coefficient (Evangelidis and Psarakis, 2008), which brightness and
    contrast do not move.

    Args:
        first: (R, R) uint8, R = ROUGH_PX.
        second: (R, R) uint8.

    Returns:
        The map and how much differs under it, or nothing where no map fits.
    """
    matrix = _fit(first, second, np.eye(2, 3), n_steps=30, blur_px=5)
    if matrix is None:
        return None
    seen = first.astype(np.float32)
    laid = _laid(second, matrix)
    both = _overlap(len(first), matrix)
    if both.mean() < _LEAST_OVERLAP:
        return None
    gain, offset = _brightness(laid[both], seen[both])
    differing = np.abs(cv2.blur(seen - np.clip(laid * gain + offset, 0, 255), (3, 3)))
    return Rough(matrix, float((differing[both] > 255 * _CHANGED).mean()))


def overlay(first: Grey, second: Grey, rough: Rough) -> Overlay | None:
    """Fit two pictures finely and compare them.

    Args:
        first: (S, S) uint8.
        second: (S, S) uint8.
        rough: how their reductions to ROUGH_PX fit.

    Returns:
        How they differ, or nothing where they do not fit after all.
    """
    found: Overlay | None = None
    matrix, at_px = rough.matrix, ROUGH_PX
    for side in (_FINE_PX, len(first)):
        start = _finer(matrix, side / at_px)
        fit = _fit(reduced(first, side), reduced(second, side), start, n_steps=6, blur_px=3)
        if fit is None:
            return found
        matrix, at_px = fit, side
        found = _compared(first, second, _finer(matrix, len(first) / side))
        if found is None or not _NEEDS_FINEST[0] < found.score < _NEEDS_FINEST[1]:
            break
    return found


def reduced(picture: Grey, side_px: int) -> Grey:
    """The picture at a smaller size: (side, side) uint8."""
    size = (side_px, side_px)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def inverse(matrix: Matrix) -> Matrix:
    """The map back."""
    return np.asarray(cv2.invertAffineTransform(matrix), dtype=np.float64)


def after(second: Matrix, first: Matrix) -> Matrix:
    """The map that takes a point by the first one and then by the second."""
    linear = second[:, :2] @ first[:, :2]
    return np.column_stack([linear, second[:, :2] @ first[:, 2] + second[:, 2]])


def box_under(matrix: Matrix, box: Rectangle) -> Rectangle:
    """The upright rectangle around what a map makes of one."""
    left, top, right, bottom = box
    corners = np.array([[left, right, right, left], [top, top, bottom, bottom]])  # (2, 4)
    xs, ys = matrix[:, :2] @ corners + matrix[:, 2:]
    return float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())


def moves(matrix: Matrix, side: int) -> float:
    """How far the map takes a corner of a picture from its place, as a share of the side."""
    corners = np.array([[0, side, side, 0], [0, 0, side, side]], dtype=np.float64)  # (2, 4)
    there = matrix[:, :2] @ corners + matrix[:, 2:]
    return float(np.hypot(*(there - corners)).max() / side)


def _finer(matrix: Matrix, times: float) -> Matrix:
    """The same map between pictures of so many times the size; pixels have their centres at .5."""
    linear, shift = matrix[:, :2], matrix[:, 2]
    half = np.array([0.5, 0.5])
    finer = times * (shift + half) - half - linear @ (half * times - half)
    return np.column_stack([linear, finer])


def _fit(first: Grey, second: Grey, start: Matrix, *, n_steps: int, blur_px: int) -> Matrix | None:
    try:
        correlation, matrix = cv2.findTransformECC(
            first.astype(np.float32),
            second.astype(np.float32),
            start.astype(np.float32),
            cv2.MOTION_AFFINE,
            (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, n_steps, 1e-3),
            _inner_mask(first.shape[0]),
            blur_px,
        )
    except cv2.error:  # plain pictures, and maps that run away
        return None
    if not correlation >= _LEAST_CORRELATION:
        return None
    if max(abs(matrix[0, 1]), abs(matrix[1, 0])) > _SHEAR:  # soft pictures fit one another askew
        return None
    return np.asarray(matrix, dtype=np.float64)


def _inner_mask(side: int) -> Grey:
    mask = np.zeros((side, side), np.uint8)
    rows, columns = (round(share * side) for share in _RIM)
    mask[rows : side - rows, columns : side - columns] = 255
    return mask


def _compared(first: Grey, second: Grey, matrix: Matrix) -> Overlay | None:
    side = first.shape[0]
    seen = first.astype(np.float32)
    laid = _laid(second, matrix)
    both = _overlap(side, matrix)
    if both.mean() < _LEAST_OVERLAP:
        return None
    gain, offset = _brightness(laid[both], seen[both])
    if not _GAINS[0] < gain < _GAINS[1]:
        return None
    lit = np.clip(laid * gain + offset, 0, 255)

    edges = np.maximum(_gradient(seen), _gradient(lit))
    residual = np.abs(seen - lit)
    if gain < 1:
        # The second is the brighter: where it is clipped, the first may be anything beyond.
        residual[((laid >= 250) & (seen > lit)) | ((laid <= 5) & (seen < lit))] = 0
    residual = np.maximum(residual - _EDGE_ALLOWANCE * edges, 0) / 255
    residual[~both] = 0
    spots = _mean(residual)  # (S, S)
    where = spots > _CHANGED
    alike, texture = _likeness(seen, lit)
    textured = both & (texture > _TEXTURE)
    within = cv2.erode(both.astype(np.uint8), np.ones((_SPOT_PX, _SPOT_PX), np.uint8)) > 0
    n_worst = _SPOT_PX * _SPOT_PX
    return Overlay(
        matrix=matrix,
        score=float(np.partition(spots.ravel(), -n_worst)[-n_worst:].mean()),
        changed=float(where.sum() / both.sum()),
        agreement=float(alike[textured].mean()) if textured.any() else 0.0,
        overhang=max(_overhang(inverse(matrix), side), _overhang(matrix, side)),
        where=where,
        apart=_patches(within & (texture > _STRONG) & ~alike),
    )


def _laid(second: Grey, matrix: Matrix) -> npt.NDArray[np.float32]:
    """The second picture in the first one's frame."""
    return np.asarray(
        cv2.warpAffine(
            second.astype(np.float32),
            matrix,
            second.shape[::-1],
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def _overlap(side: int, matrix: Matrix) -> npt.NDArray[np.bool_]:
    """Where both pictures are, less two pixels at their rims, which resizing blends."""
    inside = np.zeros((side, side), np.uint8)
    inside[2:-2, 2:-2] = 1
    laid = cv2.warpAffine(
        inside, matrix, (side, side), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    )
    return np.asarray((laid > 0) & (inside > 0))


def _brightness(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Gain and offset of the line through most points: three times, the worst fifth is dropped."""
    x, y = x[::5], y[::5]  # a line needs no more
    gain, offset = 1.0, 0.0
    for _ in range(3):
        mean_x, mean_y = float(x.mean()), float(y.mean())
        variance = float(x.var())
        if variance < 1:  # plain
            return 1.0, mean_y - mean_x
        gain = float(((x - mean_x) * (y - mean_y)).mean()) / variance
        offset = mean_y - gain * mean_x
        error = np.abs(y - gain * x - offset)
        kept = error <= np.partition(error, int(len(error) * 0.8))[int(len(error) * 0.8)]
        x, y = x[kept], y[kept]
    return gain, offset


def _gradient(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Grey levels a pixel."""
    return np.asarray(
        cv2.magnitude(
            cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=1 / 8),
            cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=1 / 8),
        )
    )


def _mean(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The mean over the spot around each pixel."""
    return np.asarray(
        cv2.boxFilter(picture, -1, (_SPOT_PX, _SPOT_PX), borderType=cv2.BORDER_CONSTANT)
    )


def _likeness(
    seen: npt.NDArray[np.float32], lit: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
    """Of the spot around each pixel, whether the two correlate, and the stronger one's texture."""
    mean_seen, mean_lit = _mean(seen), _mean(lit)
    of_seen = np.sqrt(np.maximum(_mean(seen * seen) - mean_seen * mean_seen, 0))
    of_lit = np.sqrt(np.maximum(_mean(lit * lit) - mean_lit * mean_lit, 0))
    covariance = _mean(seen * lit) - mean_seen * mean_lit
    alike = covariance > _AGREES * np.maximum(of_seen * of_lit, _TEXTURE)
    return alike, np.maximum(of_seen, of_lit)


def _patches(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The connected parts of a mask that are large enough for a letter."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    large = stats[:, cv2.CC_STAT_AREA] > _PATCH_PX
    large[0] = False  # what is outside the mask
    return np.asarray(large[labels], dtype=np.bool_)


def _overhang(to_first: Matrix, side: int) -> float:
    """How far the first picture reaches beyond the second, on the side where it does so most."""
    edges = (-0.5, -0.5, side - 0.5, side - 0.5)
    left, top, right, bottom = ((edge + 0.5) / side for edge in box_under(to_first, edges))
    return max(left, top, 1 - right, 1 - bottom)
