"""Bytes to pictures: what is taken, how it looks, and why the rest is refused."""

import csv
import io
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from core.errors import ImageRejected, Reject
from core.fingerprint import fingerprint
from core.images import FORMATS, MAX_PIXELS, MIN_SIDE_PX, Header, decode, read_header, thumbnail
from tests.conftest import ROOT
from tests.pictures import animation, draw, encode, picture

REAL_FILES = ROOT.parent / "shared" / "formats"
ORIENTATION = 0x0112
# Of a damaged EXIF block; in programs core.images sees to it, but pytest has filters of its own.
PILLOW_MAY_GRUMBLE = pytest.mark.filterwarnings("ignore::UserWarning")
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def reason(data: bytes) -> Reject:
    """Why these bytes are refused."""
    with pytest.raises(ImageRejected) as caught:
        fingerprint(data)
    return caught.value.reason


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    """Of 255, over all pixels and channels."""
    pixels = [np.asarray(image, dtype=np.float64) for image in (one, other)]
    return float(np.abs(pixels[0] - pixels[1]).mean())


def two_halves(size: tuple[int, int] = (40, 20)) -> Image.Image:
    """Left half red, right half blue."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, size[0], size[1]))
    return image


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds hardly any pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format_that_is_taken_decodes_to_the_picture_drawn(format_name: str) -> None:
    drawn = draw(1)
    data = encode(drawn, format_name)

    decoded = decode(data)

    assert read_header(data) == Header(format_name, 128, 128, frames=1)
    assert (decoded.mode, decoded.size) == ("RGB", (128, 128))
    assert mean_difference(decoded, drawn) < 12  # GIF: 256 colours; JPEG and AVIF: lossy


@pytest.mark.parametrize("format_name", ["TIFF", "ICO", "PPM", "TGA"])
def test_other_formats_are_no_images_here(format_name: str) -> None:
    assert reason(encode(draw(1), format_name)) == Reject.NOT_AN_IMAGE


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"hello, this is text" * 20, id="text"),
        pytest.param(b"<!DOCTYPE html><html><body>404</body></html>", id="html"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", id="svg"),
        pytest.param(b"\x00\x00\x00\x20ftypisom" + bytes(100), id="mp4"),
        pytest.param(bytes(1000), id="zeros"),
        pytest.param(b"\xff", id="one byte"),
    ],
)
def test_what_is_no_image_is_refused_as_such(data: bytes) -> None:
    assert reason(data) == Reject.NOT_AN_IMAGE


def test_an_empty_file_is_refused_as_empty() -> None:
    assert reason(b"") == Reject.EMPTY


@pytest.mark.parametrize("kept", [0.5, 0.9])
@pytest.mark.parametrize("format_name", FORMATS)
def test_a_file_cut_short_is_refused_as_corrupt(format_name: str, kept: float) -> None:
    data = picture(1, format_name=format_name)
    cut = reason(data[: int(len(data) * kept)])
    # Cut in the middle, an AVIF does not even open.
    assert cut == (Reject.NOT_AN_IMAGE if (format_name, kept) == ("AVIF", 0.5) else Reject.CORRUPT)


def test_a_picture_that_claims_too_many_pixels_is_refused_from_its_header() -> None:
    assert reason(png_of(30_000, 30_000)) == Reject.TOO_MANY_PIXELS


def test_the_bound_on_pixels_is_exact() -> None:
    width = 10_000
    allowed = png_of(width, MAX_PIXELS // width)
    assert read_header(allowed).height == MAX_PIXELS // width
    with pytest.raises(ImageRejected, match="too_many_pixels"):
        read_header(png_of(width, MAX_PIXELS // width + 1))


def test_a_side_below_the_smallest_is_refused() -> None:
    assert reason(encode(Image.new("RGB", (1, 1)), "PNG")) == Reject.TOO_SMALL
    assert reason(encode(Image.new("RGB", (100, MIN_SIDE_PX - 1)), "PNG")) == Reject.TOO_SMALL
    assert decode(encode(Image.new("RGB", (MIN_SIDE_PX, MIN_SIDE_PX)), "PNG")).size == (8, 8)


def test_a_rejection_says_what_and_why() -> None:
    with pytest.raises(ImageRejected) as caught:
        decode(b"")
    assert str(caught.value) == "the file is empty (empty)"
    assert caught.value.exit_code == 2


# What each EXIF orientation does to an upright picture, undone again by Pillow's transpositions.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", STORED)
def test_a_rotated_photo_is_set_upright(orientation: int) -> None:
    upright = two_halves()
    turn = STORED[orientation]
    stored = upright if turn is None else upright.transpose(turn)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation

    decoded = decode(encode(stored, "JPEG", exif=exif.tobytes(), quality=95))

    assert decoded.size == (40, 20)
    assert mean_difference(decoded, upright) < 5


def test_the_header_tells_the_size_as_stored() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    header = read_header(encode(two_halves(), "JPEG", exif=exif.tobytes()))
    assert (header.width, header.height) == (40, 20)


@PILLOW_MAY_GRUMBLE
def test_a_damaged_exif_block_is_no_reason_to_refuse() -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01" * 20
    assert decode(encode(two_halves(), "JPEG", exif=exif)).size == (40, 20)


def see_through() -> Image.Image:
    """Left half opaque blue, right half red that nobody is to see."""
    image = Image.new("RGBA", (40, 20), (*RED, 0))
    image.paste((*BLUE, 255), (0, 0, 20, 20))
    return image


@pytest.mark.parametrize("format_name", ["PNG", "WEBP", "AVIF"])
def test_transparency_is_laid_over_white(format_name: str) -> None:
    options: dict[str, Any] = {"WEBP": {"lossless": True, "exact": True}}.get(format_name, {})
    decoded = decode(encode(see_through(), format_name, **options))
    left, right = np.asarray(decoded, dtype=int)[10, (10, 30)]
    assert np.abs(left - BLUE).max() <= 8  # AVIF is lossy
    assert np.abs(right - WHITE).max() <= 8


def test_half_transparent_red_is_pink() -> None:
    decoded = decode(encode(Image.new("RGBA", (16, 16), (255, 0, 0, 128)), "PNG"))
    assert decoded.getpixel((8, 8)) == (255, 127, 127)


def test_grey_with_transparency_is_laid_over_white() -> None:
    image = Image.new("LA", (40, 20), (0, 0))
    image.paste((0, 255), (0, 0, 20, 20))
    decoded = decode(encode(image, "PNG"))
    assert (decoded.getpixel((10, 10)), decoded.getpixel((30, 10))) == ((0, 0, 0), WHITE)


@pytest.mark.parametrize("format_name", ["PNG", "GIF"])
def test_a_palette_with_a_transparent_colour_is_laid_over_white(format_name: str) -> None:
    image = Image.new("P", (40, 20), 1)
    image.putpalette([*BLUE, *RED])
    image.paste(0, (0, 0, 20, 20))
    decoded = decode(encode(image, format_name, transparency=1))
    assert (decoded.getpixel((10, 10)), decoded.getpixel((30, 10))) == (BLUE, WHITE)


def test_sixteen_bit_greys_are_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65_535, 256, dtype=np.uint16).repeat(16).reshape(256, 16).T  # (16, 256)
    decoded = decode(encode(Image.fromarray(ramp), "PNG"))
    row = np.asarray(decoded)[8, :, 0]  # (256,) uint8
    assert np.abs(row.astype(int) - np.arange(256)).max() <= 1


def test_cmyk_shows_its_colours() -> None:
    decoded = decode(encode(two_halves().convert("CMYK"), "JPEG", quality=95))
    assert mean_difference(decoded, two_halves()) < 5


def test_one_bit_is_black_and_white() -> None:
    image = Image.new("1", (40, 20), 1)
    image.paste(0, (0, 0, 20, 20))
    decoded = decode(encode(image, "PNG"))
    assert (decoded.getpixel((10, 10)), decoded.getpixel((30, 10))) == ((0, 0, 0), WHITE)


@pytest.mark.parametrize("format_name", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_shown_and_all_are_counted(format_name: str) -> None:
    frames = [draw(number) for number in (1, 2, 3)]
    data = encode(frames[0], format_name, save_all=True, append_images=frames[1:])
    assert read_header(data) == Header(format_name, 128, 128, frames=3)
    assert mean_difference(decode(data), frames[0]) < 12
    assert mean_difference(decode(data), frames[1]) > 40


def test_of_two_photos_in_one_jpeg_the_first_counts() -> None:
    data = encode(draw(1), "MPO", save_all=True, append_images=[draw(2)])
    assert read_header(data) == Header("MPO", 128, 128, frames=1)
    assert mean_difference(decode(data), draw(1)) < 12


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_decoded_small_agrees_with_the_whole(mode: str) -> None:
    big = draw(3).resize((1024, 1024), Image.Resampling.BICUBIC).convert(mode)
    data = encode(big, "JPEG", quality=90)

    whole, small = decode(data), decode(data, at_least_px=256)

    assert whole.size == (1024, 1024)
    assert small.size == (256, 256)
    assert small.mode == "RGB"
    assert mean_difference(whole.resize((256, 256), Image.Resampling.BOX), small) < 3


def test_decoding_small_never_goes_below_what_is_asked() -> None:
    tall = encode(draw(3).resize((300, 3000)), "JPEG")
    assert min(decode(tall, at_least_px=256).size) >= 256


def mutations(data: bytes, number: int, rng: random.Random) -> list[bytes]:
    """The file with some bytes changed, most of them near its start, now and then cut short."""
    damaged = []
    for _ in range(number):
        copy = bytearray(data)
        for _ in range(rng.choice([1, 1, 2, 4, 8])):
            reach = len(copy) if rng.random() < 0.4 else min(len(copy), 300)
            copy[rng.randrange(reach)] = rng.randrange(256)
        damaged.append(bytes(copy if rng.random() < 0.8 else copy[: rng.randrange(len(copy))]))
    return damaged


def small_files() -> dict[str, bytes]:
    """One small valid file of each kind."""
    drawn = [draw(number).resize((48, 40)) for number in (1, 2, 3)]
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    files = {name: encode(drawn[0], name) for name in FORMATS if name != "BMP"}
    files |= {"bmp": encode(drawn[0].resize((16, 16)), "BMP")}
    files |= {"rotated": encode(drawn[0], "JPEG", exif=exif.tobytes())}
    files |= {"palette": encode(drawn[0].convert("P"), "PNG", transparency=3)}
    for name in ("GIF", "WEBP", "PNG", "AVIF", "MPO"):
        files[f"{name} frames"] = encode(drawn[0], name, save_all=True, append_images=drawn[1:])
    return files


SMALL_FILES = small_files()


@PILLOW_MAY_GRUMBLE
@pytest.mark.parametrize("name", SMALL_FILES)
def test_a_damaged_file_is_a_picture_or_refused_and_nothing_else(name: str) -> None:
    taken = refused = 0
    for damaged in mutations(SMALL_FILES[name], 120, random.Random(name)):
        try:
            fingerprint(damaged)
            taken += 1
        except ImageRejected as error:
            assert error.reason in (  # noqa: PT017
                Reject.EMPTY,
                Reject.NOT_AN_IMAGE,
                Reject.CORRUPT,
                Reject.TOO_MANY_PIXELS,
                Reject.TOO_SMALL,
            )
            refused += 1
    assert taken + refused == 120
    assert refused > 10  # the damage is real


def test_an_avif_that_its_decoder_cannot_make_out_is_corrupt() -> None:
    data = picture(1, format_name="AVIF")
    # The item that the file says is its picture does not exist.
    pitm = data.index(b"pitm")
    broken = data[: pitm + 8] + b"\x77\x77" + data[pitm + 10 :]
    assert reason(broken) == Reject.CORRUPT


def test_the_first_frame_of_an_animation_can_be_larger_than_the_canvas_but_not_without_end() -> (
    None
):
    data = bytearray(animation(1))
    first_frame = data.index(b"\x2c", 13 + 3 * 256)  # behind the header and the colours
    data[first_frame + 5 : first_frame + 9] = struct.pack("<HH", 65_535, 65_535)
    assert reason(bytes(data)) == Reject.TOO_MANY_PIXELS


def real_files() -> list[dict[str, str]]:
    if not REAL_FILES.is_dir():
        return []
    with (REAL_FILES / "formats.csv").open(newline="") as table:
        return list(csv.DictReader(table))


@pytest.mark.skipif(not REAL_FILES.is_dir(), reason="the odd real files are not here")
@pytest.mark.parametrize("row", real_files(), ids=lambda row: f"{row['file']}: {row['why']}")
def test_odd_files_from_the_web_are_what_their_table_says(row: dict[str, str]) -> None:
    data = (REAL_FILES / row["file"]).read_bytes()
    if row["error"]:
        with pytest.raises(ImageRejected):
            decode(data)
        return
    size = int(row["width"]), int(row["height"])
    assert read_header(data) == Header(row["format"], *size, frames=int(row["frames"]))
    decoded = decode(data)
    assert decoded.mode == "RGB"
    assert decoded.size in (size, size[::-1])  # a photo may lie on its side
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.mode == row["mode"]
        assert next(ImageSequence.Iterator(opened)).size == size


def test_the_extension_plays_no_part(tmp_path: Path) -> None:
    misnamed = tmp_path / "meme.png"
    misnamed.write_bytes(picture(1, format_name="JPEG"))
    assert read_header(misnamed.read_bytes()).format == "JPEG"


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_thumbnail_is_the_same_picture_small(format_name: str) -> None:
    drawn = draw(3).resize((400, 300))
    small = Image.open(io.BytesIO(thumbnail(encode(drawn, format_name), 100)))
    assert (small.format, small.size) == ("JPEG", (100, 75))
    assert mean_difference(small.convert("RGB"), drawn.resize((100, 75))) < 12


def test_of_a_picture_like_a_thread_the_thumbnail_shows_the_top() -> None:
    tall = Image.new("RGB", (100, 1000), "blue")
    tall.paste("red", (0, 0, 100, 100))
    small = Image.open(io.BytesIO(thumbnail(encode(tall, "PNG"), 50))).convert("RGB")
    assert small.size == (50, 50)
    assert mean_difference(small, Image.new("RGB", (50, 50), "red")) < 12


def test_what_is_no_image_has_no_thumbnail() -> None:
    with pytest.raises(ImageRejected):
        thumbnail(b"<svg/>", 100)
