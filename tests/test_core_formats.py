"""What lies beside the pixels of a file refuses no picture, and what costs too much is counted."""

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile

from core.errors import ImageRejected, Reject
from core.fingerprint import fingerprint
from core.formats import essence
from core.images import decode, read_header, thumbnail
from core.upright import flat, upright
from tests.conftest import ROOT
from tests.pictures import animation, draw, encode, picture

ORIENTATION, TEXT, WIDTH = 0x0112, 0x010E, 0x0100
TURNED = 6
SIDES = (48, 40)


def reason(data: bytes) -> Reject:
    """Why these bytes are refused."""
    with pytest.raises(ImageRejected) as caught:
        fingerprint(data)
    return caught.value.reason


def same(one: Image.Image, other: Image.Image) -> bool:
    """Whether all pixels are equal."""
    return one.size == other.size and bool((np.asarray(one) == np.asarray(other)).all())


def small(number: int = 1) -> Image.Image:
    """A picture wider than high, so that one that is turned can be told."""
    return draw(number).resize(SIDES)


# --- EXIF -------------------------------------------------------------------------------------


def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
    """One field of a directory."""
    return struct.pack(">HHI", tag, kind, count) + value.ljust(4, b"\0")


def tiff(*entries: bytes, n: int | None = None, at: int = 8, rest: bytes = bytes(4)) -> bytes:
    """A TIFF structure of one directory."""
    count = len(entries) if n is None else n
    return b"MM\0*" + struct.pack(">IH", at, count) + b"".join(entries) + rest


TURN = entry(ORIENTATION, 3, 1, struct.pack(">H", TURNED))
# What is wrong with a block, and whether its orientation can be read all the same.
ODD_EXIF = {
    "nothing": (b"", False),
    "junk": (b"\x93junk" * 20, False),
    "cut in its head": (b"MM\0*\0", False),
    "cut before its fields": (tiff(n=9)[:10], False),
    "cut behind the orientation": (tiff(TURN, n=400, rest=b""), True),
    "text that is a number": (tiff(TURN, entry(TEXT, 4, 1, b"\0\0\0\7")), True),
    "width that is text": (tiff(entry(WIDTH, 2, 3, b"abc\0"), TURN), True),
    "orientation that is text": (tiff(entry(ORIENTATION, 2, 2, b"6\0")), False),
    "orientation of many numbers": (tiff(entry(ORIENTATION, 3, 99, b"\xff\xff\xff\xff")), False),
    "orientation that there is not": (tiff(entry(ORIENTATION, 3, 1, b"\0\x2a")), False),
    "a field far outside": (tiff(TURN, entry(TEXT, 2, 2**32 - 1, b"\xff\xff\xff\xff")), True),
    "a field of an unknown kind": (tiff(TURN, entry(TEXT, 999, 4, b"abcd")), True),
    "a directory far outside": (tiff(TURN, at=2**32 - 1), False),
    "a directory that leads to itself": (tiff(TURN, rest=struct.pack(">I", 8)), True),
    "a sub-directory that leads back": (tiff(TURN, entry(0x8769, 4, 1, b"\0\0\0\x08")), True),
    "no byte order": (b"XX\0*" + tiff(TURN)[4:], False),
    "a thumbnail that is none": (tiff(TURN, entry(0x0201, 4, 1, b"\xff\xff\0\0")), True),
}


def with_exif(format_name: str, block: bytes) -> bytes:
    """A small file of the format with just such a block."""
    whole = encode(small(), format_name, **({"lossless": True} if format_name == "WEBP" else {}))
    if format_name == "JPEG":
        content = b"Exif\0\0" + block
        return whole[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + whole[2:]
    if format_name == "PNG":
        return whole[:33] + chunk(b"eXIf", block) + whole[33:]
    if format_name == "WEBP":
        extended = struct.pack("<B3x", 8) + b"".join(
            (side - 1).to_bytes(3, "little") for side in SIDES
        )
        return riff(riff_chunk(b"VP8X", extended) + whole[12:] + riff_chunk(b"EXIF", block))
    right = tiff(entry(TEXT, 2, 4, b"abc\0"))
    placed = encode(small(), format_name, exif=b"Exif\0\0" + right)
    assert right in placed
    return placed.replace(right, block[: len(right)].ljust(len(right), b"\0"))


def chunk(kind: bytes, content: bytes, *, is_right: bool = True) -> bytes:
    """One of a PNG."""
    checksum = zlib.crc32(kind + content) ^ (not is_right)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def riff_chunk(kind: bytes, content: bytes) -> bytes:
    """One of a WebP."""
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def riff(chunks: bytes) -> bytes:
    """A WebP of these."""
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


@pytest.mark.parametrize("odd", ODD_EXIF)
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
def test_odd_exif_refuses_no_picture_and_turns_it_where_it_can_be_read(
    format_name: str, odd: str
) -> None:
    block, is_read = ODD_EXIF[odd]
    data = with_exif(format_name, block)
    assert decode(data).size == (SIDES[::-1] if is_read else SIDES)
    assert fingerprint(data).header.format == format_name


@pytest.mark.parametrize("odd", ODD_EXIF)
def test_an_avif_with_odd_exif_is_taken_as_it_lies(odd: str) -> None:
    assert decode(with_exif("AVIF", ODD_EXIF[odd][0])).size == SIDES


def test_an_avif_that_says_itself_that_it_is_turned_is_set_upright() -> None:
    turned = Image.Exif()
    turned[ORIENTATION] = TURNED
    assert decode(encode(small(), "AVIF", exif=turned.tobytes())).size == SIDES[::-1]


# --- JPEG -------------------------------------------------------------------------------------


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("following", [b"", b"\xff", b"\0\0\r\n", b"</html>"])
def test_a_jpeg_that_lacks_its_end_alone_is_taken(following: bytes, progressive: bool) -> None:
    whole = encode(draw(1), "JPEG", progressive=progressive)
    assert same(decode(whole[:-2] + following), decode(whole))
    assert fingerprint(whole[:-2] + following).phash256 == fingerprint(whole).phash256


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("n_missing", [8, 20, 100, 1000, 2000])
def test_a_jpeg_that_lacks_pixels_is_cut_short(n_missing: int, progressive: bool) -> None:
    whole = encode(draw(1), "JPEG", progressive=progressive)
    assert reason(whole[:-n_missing]) == Reject.CORRUPT


def segment(kind: int, content: bytes) -> bytes:
    """One of a JPEG."""
    return bytes((0xFF, kind)) + struct.pack(">H", len(content) + 2) + content


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(segment(0xE2, b"ICC_PROFILE\0\x07\x01junk"), id="profile"),
        pytest.param(segment(0xE2, b"ICC_PROFILE\0"), id="profile without a number"),
        pytest.param(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmp"), id="xmp"),
        pytest.param(segment(0xED, b"Photoshop 3.0\08BIM\x03\xed\0"), id="photoshop"),
        pytest.param(segment(0xED, b"Photoshop 3.0\08BIM\x03\xed\0\0\0\0\0\1x"), id="resolution"),
        pytest.param(segment(0xE2, b"MPF\0MM\0*junk"), id="index of pictures"),
        pytest.param(segment(0xE2, b"MPF\0" + tiff(entry(0xB001, 4, 1, b"\xff" * 4))), id="many"),
        pytest.param(segment(0xFE, b"\xff\xd8\xff" * 9), id="comment"),
        pytest.param(segment(0xE0, b"JFXX\0\x10\xff\xd8junk"), id="thumbnail"),
        pytest.param(b"junk between segments", id="junk"),
    ],
)
def test_what_lies_between_the_segments_of_a_jpeg_refuses_no_picture(odd: bytes) -> None:
    whole = picture(1, format_name="JPEG")
    at = 20  # behind the first segment
    assert same(decode(whole[:at] + odd + whole[at:]), decode(whole))


def test_a_damaged_second_photo_is_nobodys_loss() -> None:
    two = encode(draw(1), "MPO", save_all=True, append_images=[draw(2)])
    first_ends = two.index(b"\xff\xd9") + 2
    for damaged in (two[: first_ends + 9], two[: first_ends + 300] + b"\xff\xd8junk"):
        assert same(decode(damaged), decode(two))
        assert read_header(damaged).format == "MPO"


def test_a_jpeg_of_scans_without_end_is_too_costly() -> None:
    whole = encode(Image.new("L", (640, 640)), "JPEG", progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    assert reason(whole[:-2] + last * 200 + b"\xff\xd9") == Reject.TOO_COSTLY
    assert decode(whole[:-2] + last * 20 + b"\xff\xd9").size == (640, 640)


def test_many_scans_of_many_pixels_are_too_costly() -> None:
    whole = bytearray(encode(Image.new("L", (64, 64)), "JPEG", progressive=True))
    frame = whole.index(b"\xff\xc2")
    whole[frame + 5 : frame + 9] = struct.pack(">HH", 7000, 7000)
    last = bytes(whole[whole.rindex(b"\xff\xda") : -2])
    assert reason(bytes(whole[:-2]) + last * 30 + b"\xff\xd9") == Reject.TOO_COSTLY


@pytest.mark.parametrize("at", [2, -2])
@pytest.mark.parametrize("part", [b"\xff\xe5\0\x02", b"\xff\x01", b"\xff\xfe\0\x02"])
def test_a_jpeg_of_segments_without_end_is_too_costly(part: bytes, at: int) -> None:
    whole = picture(1, format_name="JPEG")
    assert reason(whole[:at] + part * 60_000 + whole[at:]) == Reject.TOO_COSTLY


def test_what_fills_up_before_a_marker_costs_nothing() -> None:
    whole = picture(1, format_name="JPEG")
    data = whole[:-2] + b"\xff" * 1_000_000 + whole[-2:]
    assert len(essence(data).data) <= len(whole) + 1
    assert same(decode(data), decode(whole))


# --- PNG --------------------------------------------------------------------------------------

BOMB = zlib.compress(bytes(2_000_000))


@pytest.mark.parametrize("place", [33, -12])
@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(chunk(b"zTXt", b"Comment\0\0" + BOMB), id="much text"),
        pytest.param(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB), id="much xmp"),
        pytest.param(chunk(b"iCCP", b"name\0\0" + BOMB), id="a large profile"),
        pytest.param(chunk(b"iCCP", b"name\0\x07junk"), id="a profile of no kind"),
        pytest.param(chunk(b"iCCP", b""), id="no profile"),
        pytest.param(chunk(b"tEXt", b"a\0" + b"x" * 900_000) * 80, id="many texts"),
        pytest.param(chunk(b"tEXt", b"a\0b", is_right=False), id="text, wrong checksum"),
        pytest.param(chunk(b"gAMA", b"\0"), id="gamma cut short"),
        pytest.param(chunk(b"cHRM", b"\0" * 9, is_right=False), id="colours cut short"),
        pytest.param(chunk(b"pHYs", b""), id="no size"),
        pytest.param(chunk(b"sRGB", b""), id="no rendering"),
        pytest.param(chunk(b"tIME", b"\xff" * 7, is_right=False), id="time, wrong checksum"),
        pytest.param(chunk(b"tRNS", b"\0"), id="transparency cut short"),
        pytest.param(chunk(b"tRNS", bytes(6), is_right=False), id="transparency, wrong checksum"),
        pytest.param(chunk(b"acTL", b"\0"), id="animation cut short"),
        pytest.param(chunk(b"acTL", b"\xff" * 8), id="animation without frames"),
        pytest.param(chunk(b"fcTL", b"\xff" * 26), id="a frame out of order"),
        pytest.param(chunk(b"fdAT", b"\0"), id="a frame without pixels"),
        pytest.param(chunk(b"eXIf", b"\xff" * 9, is_right=False), id="exif, wrong checksum"),
        pytest.param(chunk(b"prVt", b"anything"), id="private"),
    ],
)
def test_what_lies_beside_the_pixels_of_a_png_refuses_no_picture(odd: bytes, place: int) -> None:
    whole = picture(1, format_name="PNG")
    data = whole[:place] + odd + whole[place:]
    assert same(decode(data), draw(1))
    assert fingerprint(data).header.frames == 1


def test_a_png_without_its_end_and_one_with_more_behind_it_are_taken() -> None:
    whole = picture(1, format_name="PNG")
    for data in (whole[:-12], whole[:-5], whole + b"<html>", whole + whole):
        assert same(decode(data), draw(1))


def test_a_png_whose_palette_is_damaged_is_refused() -> None:
    whole = encode(draw(1).convert("P"), "PNG")
    at = whole.index(b"PLTE") + 10
    with pytest.raises(ImageRejected):
        decode(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])


def test_a_png_of_chunks_without_end_is_too_costly() -> None:
    whole = picture(1, format_name="PNG")
    for kind in (b"tEXt", b"IDAT"):
        data = whole[:33] + chunk(kind, b"") * 60_000 + whole[33:]
        assert reason(data) == Reject.TOO_COSTLY


# --- Animations -------------------------------------------------------------------------------


def animated(format_name: str, n_frames: int = 4) -> bytes:
    """A small animation."""
    drawn = [draw(number).resize(SIDES) for number in range(1, n_frames + 1)]
    return encode(drawn[0], format_name, save_all=True, append_images=drawn[1:])


def cut(data: bytes) -> bytes:
    """Without its last fifth."""
    return data[: len(data) * 4 // 5]


def zeroed(data: bytes) -> bytes:
    """With zeros in the middle of its last fifth."""
    at = len(data) * 9 // 10
    return data[:at] + bytes(40) + data[at + 40 :]


def claiming_more(data: bytes) -> bytes:
    """An APNG that says it has two thousand million frames."""
    at = data.index(b"acTL")
    return data[: at - 4] + chunk(b"acTL", b"\x7f\xff\xff\xff" + bytes(4)) + data[at + 16 :]


@pytest.mark.parametrize("damage", [cut, zeroed])
@pytest.mark.parametrize("format_name", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_damaged_later_on_the_first_frame_is_taken(
    format_name: str, damage: Callable[[bytes], bytes]
) -> None:
    whole = animated(format_name)
    damaged = damage(whole)
    assert same(decode(damaged), decode(whole))
    assert 1 <= fingerprint(damaged).header.frames <= 4
    assert fingerprint(damaged).phash256 == fingerprint(whole).phash256


def test_an_animation_has_the_frames_that_are_there() -> None:
    whole = animated("PNG")
    assert read_header(claiming_more(whole)).frames == 4
    assert read_header(cut(whole)).frames == 3
    assert read_header(cut(animated("GIF"))).frames == 3
    assert fingerprint(claiming_more(whole)).motion == fingerprint(whole).motion


def test_a_later_frame_far_outside_is_none() -> None:
    data = bytearray(animation(1, n_frames=2))
    second = data.rindex(b"\x2c\0\0\0\0\x80\0\x80\0")
    data[second + 1 : second + 5] = struct.pack("<HH", 65_535, 65_535)
    taken = fingerprint(bytes(data))
    assert (taken.header.frames, taken.motion) == (1, None)
    assert same(decode(bytes(data)), decode(animation(1)))


def test_a_gif_of_blocks_without_end_is_too_costly() -> None:
    whole = encode(small(), "GIF")
    at = 13 + 3 * 256
    for odd in (b"!\xfe\x01a\0" * 500_000, b"!\xfe" + b"\x01a" * 500_000 + b"\0"):
        assert reason(whole[:at] + odd + whole[at:]) == Reject.TOO_COSTLY


@pytest.mark.parametrize("n_missing", [1, 2])
def test_a_gif_without_its_end_is_taken(n_missing: int) -> None:
    whole = encode(small(), "GIF")
    assert same(decode(whole[:-n_missing]), decode(whole))


# --- WebP, AVIF, BMP --------------------------------------------------------------------------


def test_a_webp_whose_length_is_wrong_or_with_odd_chunks_is_taken() -> None:
    whole = encode(small(), "WEBP", lossless=True)
    lengths = [struct.pack("<I", struct.unpack_from("<I", whole, 4)[0] + by) for by in (-2, 1, 99)]
    odd = [whole[:4] + length + whole[8:] for length in lengths]
    odd += [riff(whole[12:] + riff_chunk(b"junk", b"x" * 9)), whole + b"<html>"]
    odd += [riff(whole[12:] + riff_chunk(kind, b"\xff")) for kind in (b"ICCP", b"EXIF", b"XMP ")]
    assert [same(decode(data), small()) for data in odd] == [True] * len(odd)


def test_a_webp_cut_short_is_corrupt() -> None:
    whole = encode(small(), "WEBP", lossless=True)
    assert reason(whole[:-40]) == Reject.CORRUPT


def test_a_webp_of_few_bytes_that_claims_much_memory_is_refused() -> None:
    data = bytearray(encode(Image.new("RGB", (16, 16)), "WEBP", lossless=True))
    size = struct.unpack_from("<I", data, 21)[0] & ~0xFFFFFFF | 6999 | 6999 << 14
    struct.pack_into("<I", data, 21, size)
    assert reason(bytes(data)) == Reject.TOO_MANY_PIXELS


def test_an_avif_that_lists_without_end_is_too_costly() -> None:
    whole = encode(small(), "AVIF")
    at = whole.index(b"meta") - 4
    n_bytes = struct.unpack_from(">I", whole, at)[0]
    listed = whole[at + 4 : at + n_bytes] + bytes(300_000)
    data = whole[:at] + struct.pack(">I", n_bytes + 300_000) + listed + whole[at + n_bytes :]
    assert reason(data) == Reject.TOO_COSTLY


def test_a_compressed_bmp_is_taken_and_a_large_one_too_costly() -> None:
    colours = bytes(range(256)) * 4
    rows = b"\x20\x07\0\0" * 32 + b"\0\1"

    def bmp(side: int) -> bytes:
        sizes = struct.pack("<IHHI", 1078 + len(rows), 0, 0, 1078)
        says = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(rows), 0, 0, 0, 0)
        return b"BM" + sizes + says + colours + rows

    assert decode(bmp(32)).getpixel((5, 5)) == decode(bmp(32)).getpixel((20, 20))
    assert reason(bmp(5000)) == Reject.TOO_COSTLY


# --- The machine, and what nobody foresaw -----------------------------------------------------


# In a process of its own: one that has lived longer has memory left from what it did before.
SHORT_OF_MEMORY = """
import resource, sys
from pathlib import Path
from core.images import decode, read_header

data = Path(sys.argv[1]).read_bytes()
read_header(data)
pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
most = pages * resource.getpagesize() + 16_000_000  # RGB alone has 48 MB
before = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
try:
    decode(data)
except MemoryError:
    print("too little memory")
resource.setrlimit(resource.RLIMIT_AS, before)
print(read_header(data).width)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory cannot be kept short")
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "GIF"])
def test_too_little_memory_says_nothing_of_the_picture(format_name: str, tmp_path: Path) -> None:
    mode = "P" if format_name == "GIF" else "RGB"
    file = tmp_path / "large"
    file.write_bytes(encode(Image.new(mode, (4000, 4000)), format_name, compress_level=1, method=0))
    done = subprocess.run(
        [sys.executable, "-c", SHORT_OF_MEMORY, file], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.stdout.split("\n"), done.stderr) == (["too little memory", "4000", ""], "")


class Unforeseen(Exception):
    """An error of no kind that a decoder is known to raise."""


@pytest.mark.parametrize("method", ["load", "draft", "seek"])
def test_whatever_a_decoder_raises_is_a_rejection(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise Unforeseen

    for plugin in (JpegImageFile, GifImageFile):
        monkeypatch.setattr(plugin, method, fail)
    if method == "seek":
        assert fingerprint(animation(1)).motion is None
    else:
        assert reason(picture(1, format_name="JPEG")) == Reject.CORRUPT
        with pytest.raises(ImageRejected):
            thumbnail(picture(1, format_name="JPEG"), 20)


def test_an_opened_image_with_an_odd_exif_block_is_set_upright_where_it_can_be() -> None:
    for block in (b"junk", tiff(n=9)[:10], tiff(entry(WIDTH, 2, 3, b"abc\0"))):
        opened = Image.open(io.BytesIO(with_exif("PNG", block)))
        assert upright(opened).size == SIDES


def test_bands_differ_from_the_whole_in_memory_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    see_through = Image.merge("RGBA", [draw(n).convert("L") for n in (1, 2, 3, 4)])
    greys = Image.fromarray(np.arange(128 * 128, dtype=np.uint16).reshape(128, 128))
    for image in (see_through, greys, greys.convert("I"), draw(1).convert("P"), draw(1)):
        monkeypatch.setattr("core.upright._BAND_PIXELS", 10**9)
        whole = flat(image, "RGB")
        monkeypatch.setattr("core.upright._BAND_PIXELS", 128 * 10)
        assert same(flat(image, "RGB"), whole)
        assert flat(image, "L").mode == "L"
