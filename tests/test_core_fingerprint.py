"""What identifies a picture."""

import hashlib
import io

import cv2
import imagehash
import numpy as np
import pytest
from PIL import Image

from core.errors import ImageRejected
from core.fingerprint import fingerprint, hash_bytes, phash, prepared
from core.images import Header, decode, decode_grey
from core.signature import SIGNATURE_PX, square
from tests.captioned import captioned, jpeg, screenshot
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
def test_the_hashes_are_those_of_imagehash_on_the_prepared_picture(data: bytes) -> None:
    _, grey = decode_grey(data, SIGNATURE_PX)
    small = prepared(square(grey))
    taken = fingerprint(data)
    assert taken.phash64 == str(imagehash.phash(small, hash_size=8))
    assert taken.phash256 == str(imagehash.phash(small, hash_size=16))
    wide = cv2.copyMakeBorder(np.asarray(small), 3, 3, 3, 3, cv2.BORDER_REPLICATE)
    assert taken.wide_phash64 == str(imagehash.phash(Image.fromarray(wide), hash_size=8))
    assert (len(taken.phash64), len(taken.phash256)) == (16, 64)


@pytest.mark.parametrize("hash_size", [8, 16])
def test_phash_is_that_of_imagehash_to_the_last_bit(hash_size: int) -> None:
    rng = np.random.default_rng(1)
    pictures = [draw(seed).convert("L") for seed in range(10)]
    pictures += [Image.new("L", (64, 64), grey) for grey in (0, 255)]
    pictures += [Image.fromarray(rng.integers(0, 256, (90, 70), dtype=np.uint8))]
    for image in pictures:
        assert phash(image, hash_size) == str(imagehash.phash(image, hash_size=hash_size))


def test_preparation_moves_a_hash_by_hardly_a_bit_from_the_default() -> None:
    moved = []
    for seed in range(20):
        data = picture(seed)
        with Image.open(io.BytesIO(data)) as image:
            moved.append(bits_between(fingerprint(data).phash64, str(imagehash.phash(image))))
    assert max(moved) <= 4
    assert sum(moved) / len(moved) <= 1


def test_of_an_animation_later_frames_are_told_as_well() -> None:
    still, moving, other = (
        fingerprint(picture(1)),
        fingerprint(animation(1)),
        fingerprint(animation(1, 5)),
    )
    assert still.motion is None
    assert moving.motion is not None
    assert len(moving.motion) == 3 * 64
    assert moving.motion != other.motion
    assert moving.phash256 == other.phash256


def test_a_screenshot_is_told_by_what_it_frames_as_well() -> None:
    meme = captioned(4, "hello", "there")
    taken = fingerprint(jpeg(screenshot(meme)))
    alone = fingerprint(jpeg(meme))
    assert alone.inner_phash256 is None
    assert taken.inner_phash256 is not None
    assert bits_between(taken.inner_phash256, alone.phash256) <= 20
    assert bits_between(taken.phash256, alone.phash256) > 80


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
