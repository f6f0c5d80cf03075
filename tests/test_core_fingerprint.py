"""What identifies a picture."""

import hashlib
import io

import imagehash
import pytest
from PIL import Image

from core.errors import ImageRejected
from core.fingerprint import fingerprint, hash_bytes
from core.images import Header, decode
from tests.pictures import animation, draw, encode, picture, repost


def bits_between(one: str, other: str) -> int:
    """Hamming distance of two hashes in hex."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_the_bytes_are_named_by_their_sha256() -> None:
    assert hash_bytes(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    data = picture(1)
    assert fingerprint(data).sha256 == hashlib.sha256(data).hexdigest()


def test_it_has_the_header_and_the_number_of_bytes() -> None:
    data = animation(1)
    taken = fingerprint(data)
    assert taken.header == Header("GIF", 128, 128, frames=3)
    assert taken.n_bytes == len(data)


def see_through() -> Image.Image:
    image = draw(5).convert("RGBA")
    image.putalpha(draw(6).convert("L"))
    return image


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(picture(1), id="png"),
        pytest.param(picture(2, format_name="JPEG"), id="jpeg"),
        pytest.param(animation(3), id="gif"),
        pytest.param(encode(see_through(), "PNG"), id="transparent"),
        pytest.param(encode(draw(4).resize((1500, 900)), "JPEG"), id="large jpeg"),
    ],
)
def test_the_hashes_are_those_of_imagehash_on_the_upright_opaque_picture(data: bytes) -> None:
    prepared = decode(data, at_least_px=256)
    taken = fingerprint(data)
    assert taken.phash64 == str(imagehash.phash(prepared, hash_size=8))
    assert taken.phash256 == str(imagehash.phash(prepared, hash_size=16))
    assert (len(taken.phash64), len(taken.phash256)) == (16, 64)


def test_a_plain_picture_has_the_hash_that_imagehash_gives_its_file() -> None:
    data = picture(1)
    with Image.open(io.BytesIO(data)) as image:
        assert fingerprint(data).phash64 == str(imagehash.phash(image))


def test_decoding_small_moves_a_hash_by_hardly_a_bit() -> None:
    for seed in range(5):
        data = encode(draw(seed).resize((1200, 1200), Image.Resampling.BICUBIC), "JPEG")
        whole = str(imagehash.phash(decode(data), hash_size=16))
        assert bits_between(fingerprint(data).phash256, whole) <= 4


def test_a_rotated_photo_has_the_hash_of_the_upright_one() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = draw(1).transpose(Image.Transpose.ROTATE_90)
    turned = fingerprint(encode(lying, "JPEG", exif=exif.tobytes(), quality=95))
    assert bits_between(turned.phash256, fingerprint(picture(1)).phash256) <= 4


def test_hidden_colours_under_transparency_play_no_part() -> None:
    hashes = set()
    for hidden in ("red", "black"):
        image = Image.new("RGBA", (128, 128), hidden)
        image.putalpha(0)
        image.paste(draw(1).resize((64, 64)), (0, 0))
        hashes.add(fingerprint(encode(image, "PNG")).phash256)
    assert len(hashes) == 1


def test_the_test_pictures_are_as_far_apart_as_their_docstrings_say() -> None:
    taken = [fingerprint(picture(seed)) for seed in range(20)]
    pairs = [(one, other) for i, one in enumerate(taken) for other in taken[:i]]
    assert min(bits_between(one.phash64, other.phash64) for one, other in pairs) >= 20
    assert min(bits_between(one.phash256, other.phash256) for one, other in pairs) >= 98
    for seed in range(20):
        one, other = (fingerprint(picture(seed, caption=caption)) for caption in (1, 2))
        assert bits_between(one.phash64, other.phash64) <= 10
        assert bits_between(one.phash256, other.phash256) > 60
        again = fingerprint(repost(picture(seed, caption=1)))
        assert bits_between(one.phash256, again.phash256) <= 12


def test_what_is_no_picture_has_no_fingerprint() -> None:
    with pytest.raises(ImageRejected, match="not_an_image"):
        fingerprint(b"hello")
