"""The words that stand in a picture, and where: the only caller of RapidOCR."""

import threading
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from core.quiet import quiet_native

if TYPE_CHECKING:
    from rapidocr import RapidOCR

__all__ = ["Line", "from_json", "read_words", "to_json"]

Box = tuple[float, float, float, float]

# Every picture is read at one size, whatever size it came in: a repost at 35 % then shows the
# reader letters as large as the original's.
SIDE_PX: Final = 544  # of the shorter side; 480 to 736 read alike, and cost .45 to .73 s
WIDEST_PX: Final = 2 * SIDE_PX
MAX_ENLARGEMENT: Final = 4.0
# Taller pictures are read in tiles, each as large as a picture of 2:1.
TILE_PX: Final = 2 * SIDE_PX
OVERLAP_PX: Final = SIDE_PX // 4  # more than a line is high
MAX_TILES: Final = 8  # a comic of 14:1; what is taller is read smaller. A tile is .25 s of a core
MIN_TILE_PX: Final = 32  # the detector's grid

MIN_CONFIDENCE: Final = 0.5
# How much is read of one picture: the widths of its lines, each in its own height, in sum. It takes
# a core 2.8 s; a page of a book would take half a minute. Of a thousand memes one has more.
MAX_WIDTH: Final = 560


@dataclass(frozen=True, slots=True)
class Line:
    """One line of words.

    Attributes:
        text: As read; never blank.
        box: Left, top, right, bottom, as fractions of the upright picture's sides.
        confidence: Of the reader, from .5 to 1.
    """

    text: str
    box: Box
    confidence: float


def read_words(image: Image.Image) -> tuple[Line, ...]:
    """The lines of words in a picture, row by row from the top, each row from the left.

    The first call loads the reader (a second or two). Each call keeps one core busy for half a
    second, a tall comic's for some more; as many threads may call as there are cores to spare. Of
    very much text the upper part is read.

    Args:
        image: RGB and upright, as `core.images.decode` gives it.

    Raises:
        ModuleNotFoundError: the reader is not installed.
    """
    read = _engine()
    scaled = image.resize(_reading_size(*image.size), Image.Resampling.BICUBIC)
    lines: list[Line] = []
    room = float(MAX_WIDTH)
    for top, bottom in _tiles(scaled.height):
        tile = scaled.crop((0, top, scaled.width, bottom))
        found = [
            one
            for one in _found(read, tile, top, scaled.size)
            if not any(_same_place(one.box, line.box) for line in lines)
        ]
        widths = list(accumulate((one.width for one in found), initial=0.0))
        lines += _read_found(read, found[: bisect(widths, room) - 1])
        room -= widths[-1]
        if room < 0:
            break
    return tuple(_in_reading_order(lines))


def to_json(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """The lines as a JSON column keeps them: numbers to four decimals."""
    return [
        {
            "text": line.text,
            "box": [round(side, 4) for side in line.box],
            "confidence": round(line.confidence, 4),
        }
        for line in lines
    ]


def from_json(kept: Iterable[dict[str, Any]]) -> tuple[Line, ...]:
    """The lines that `to_json` kept."""
    return tuple(Line(one["text"], tuple(one["box"]), one["confidence"]) for one in kept)


def _reading_size(width: int, height: int) -> tuple[int, int]:
    tallest_px = OVERLAP_PX + MAX_TILES * (TILE_PX - OVERLAP_PX)
    scale = min(
        SIDE_PX / min(width, height), WIDEST_PX / width, tallest_px / height, MAX_ENLARGEMENT
    )
    return max(MIN_TILE_PX, round(width * scale)), max(MIN_TILE_PX, round(height * scale))


def _tiles(height: int) -> Iterator[tuple[int, int]]:
    """Top and bottom of each tile, spread evenly; neighbours share OVERLAP_PX at least."""
    n = max(1, -(-(height - OVERLAP_PX) // (TILE_PX - OVERLAP_PX)))
    tile_px = min(height, TILE_PX)
    for i in range(n):
        top = (height - tile_px) * i // max(1, n - 1)
        yield top, top + tile_px


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a line of words is, before it is read."""

    box: Box  # as of Line
    pixels: Any  # the line alone, as the reader takes it

    @property
    def width(self) -> float:
        """In its own height; what reading it costs goes with that."""
        height_px, width_px = self.pixels.shape[:2]
        return float(width_px / height_px)


def _found(
    read: "RapidOCR", tile: Image.Image, top: int, size: tuple[int, int]
) -> Iterator[_Found]:
    """The lines of a tile, from above; without those that only a neighbour has whole.

    What RapidOCR does when it is called, in two steps: nothing is read that is not wanted.
    """
    from rapidocr.main import RapidOCRError
    from rapidocr.utils.process_img import map_boxes_to_original

    width, height = size
    pixels = read.load_img(tile)
    changes: dict[str, Any] = {}  # to the picture, by the reader
    try:
        pieces, found = read.detect_and_crop(pixels, changes)
        assert found.boxes is not None
    except RapidOCRError:  # there is none
        return
    boxes = map_boxes_to_original(found.boxes, changes, tile.height, tile.width)
    for corners, piece in zip(boxes, pieces, strict=True):
        (left, upper), (right, lower) = corners.min(axis=0), corners.max(axis=0)  # px of the tile
        if _is_cut(upper, lower, top, tile.height, height):
            continue
        box = (left / width, (upper + top) / height, right / width, (lower + top) / height)
        left, upper, right, lower = (min(1.0, max(0.0, float(side))) for side in box)
        yield _Found((left, upper, right, lower), piece)


def _read_found(read: "RapidOCR", found: Sequence[_Found]) -> Iterator[Line]:
    if not found:
        return
    said: Any = read.recognize_txt([one.pixels for one in found])
    for one, text, confidence in zip(found, said.txts, said.scores, strict=True):
        if text.strip() and confidence >= MIN_CONFIDENCE:
            yield Line(text.strip(), one.box, float(confidence))


def _is_cut(upper: float, lower: float, top: int, tile_px: int, height: int) -> bool:
    """Whether a line ends at the tile's edge and lies where a neighbour has it whole."""
    above = top > 0 and upper <= 1 and lower < OVERLAP_PX
    below = top + tile_px < height and lower >= tile_px - 2 and upper > tile_px - OVERLAP_PX
    return above or below


def _same_place(one: Box, other: Box) -> bool:
    """Whether the two share more than half of the smaller."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width > 0 and height > 0 and width * height > smaller / 2


def _in_reading_order(lines: Iterable[Line]) -> Iterator[Line]:
    """Row by row: a line belongs to a row whose first line has the middle of it beside itself."""
    row: list[Line] = []
    for line in sorted(lines, key=lambda line: line.box[1] + line.box[3]):
        if row and not row[0].box[1] <= (line.box[1] + line.box[3]) / 2 <= row[0].box[3]:
            yield from sorted(row, key=lambda line: line.box[0])
            row = []
        row.append(line)
    yield from sorted(row, key=lambda line: line.box[0])


_loading: Final = threading.Lock()


def _engine() -> "RapidOCR":
    with _loading:  # lru_cache alone would let two threads load it twice
        return _load()


@lru_cache(maxsize=1)
def _load() -> "RapidOCR":
    # Where there is no GPU, onnxruntime may warn as it is imported, whatever the logging level
    # (its issues 26763 and 27092).
    with quiet_native():
        import onnxruntime  # noqa: F401  # first: RapidOCR hides that it is missing
        import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,  # it turns lines that stand on their head: 5 % of the time
            "Global.use_preprocess_img": False,  # sizes are ours, above
            "Det.limit_side_len": MIN_TILE_PX,
            # By path: looked up by name, a file that does not match is downloaded anew.
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
            # Two threads in one picture spend .67 s of cores where one spends .5: they wait awake.
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
