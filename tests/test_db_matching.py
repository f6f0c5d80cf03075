"""Same meme, same template, or neither: real pictures in a real collection."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps
from sqlalchemy import select, update

from core.fingerprint import fingerprint
from core.settings import Settings
from db.matching import Decision, Matcher, New, Repost, SameTemplate
from db.media import MediaStore
from db.memes import Added, Collection, Reposted
from db.models import Copy, DecidedBy, Meme
from db.session import Database
from tests.captioned import captioned, jpeg, screenshot, with_bar, with_sticker
from tests.collecting import add, place
from tests.pictures import animation, encode, picture

MEME = captioned(4, "when the tests pass", "on the first try")


@pytest.fixture
def shelf(settings: Settings) -> Collection:
    """A collection in SQLite alone: how pictures compare does not hang on the database."""
    return Collection.open(settings)


def decide(collection: Collection, data: bytes) -> Decision:
    matcher = Matcher(collection.media)
    with collection.database.reading() as session:
        matcher.follow(session)
        return matcher.decide(session, fingerprint(data), lambda: data)


def cropped(image: Image.Image, share: float) -> Image.Image:
    w, h = image.size
    return image.crop((int(w * share), int(h * share), int(w - w * share), int(h - h * share)))


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "a small, poor JPEG": lambda image: image.resize((image.width // 2, image.height // 2)),
    "a crop": lambda image: cropped(image, 0.03),
    "a deep crop": lambda image: cropped(image, 0.06),
    "a border": lambda image: ImageOps.expand(image, 10, "white"),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "less contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.8),
    "grey": lambda image: ImageOps.grayscale(image).convert("RGB"),
    "turned": lambda image: image.rotate(2, Image.Resampling.BICUBIC, fillcolor="white"),
    "squashed": lambda image: image.resize((image.width, int(image.height * 0.9))),
    "in a screenshot": screenshot,
    "under a sticker on a letter": lambda image: with_sticker(image, (0.5, 0.1)),
    "under a sticker beside the words": lambda image: with_sticker(image, (0.2, 0.5)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_same_meme_is_a_repost_whatever_was_done_to_it(
    shelf: Collection, change: Callable[[Image.Image], Image.Image]
) -> None:
    first = add(shelf, jpeg(MEME), "first")
    add(shelf, jpeg(captioned(4, "another joke", "on the same picture")), "sibling")
    found = decide(shelf, jpeg(change(MEME), 60))
    assert isinstance(found, Repost)
    assert found.of == first.meme_id


@pytest.mark.parametrize(
    "other",
    [
        captioned(4, "other words", "altogether, both above and below"),
        captioned(4, "when the tests fail", "on the first try"),
        captioned(4, "when the tests pass", ""),
    ],
    ids=["another caption", "one other word", "half of the words"],
)
def test_other_words_on_the_template_are_another_meme_of_the_family(
    shelf: Collection, other: Image.Image
) -> None:
    first = add(shelf, jpeg(MEME), "first")
    found = decide(shelf, jpeg(other))
    assert isinstance(found, SameTemplate)
    assert found.nearest == first.meme_id


def test_noise_that_was_compressed_is_no_other_caption(shelf: Collection) -> None:
    noise = np.random.default_rng(1).normal(0, 110, (*MEME.size[::-1], 3))
    fried = Image.fromarray(np.clip(np.asarray(MEME) + noise, 0, 255).astype(np.uint8))
    first = add(shelf, jpeg(fried, 30), "first")
    smaller = fried.resize((fried.width * 2 // 3, fried.height * 2 // 3))
    found = decide(shelf, jpeg(smaller, 40))
    assert isinstance(found, Repost)
    assert (found.of, found.by) == (first.meme_id, DecidedBy.PIXELS)


@pytest.mark.parametrize(("height_px", "colour"), [(14, "white"), (20, "white"), (28, "#bbb")])
def test_one_other_word_in_thin_letters_is_another_meme(
    shelf: Collection, height_px: int, colour: str
) -> None:
    def says(words: str) -> bytes:
        image = captioned(4, "")
        at = (image.width * 0.3, image.height * 0.06)
        ImageDraw.Draw(image).text(at, words, colour, font_size=height_px)
        return jpeg(image)

    first = add(shelf, says("the boss is right"), "first")
    found = decide(shelf, says("the boss is angry"))
    assert isinstance(found, SameTemplate)
    assert (found.nearest, found.by) == (first.meme_id, DecidedBy.WORDS)
    assert found.score < 0.1  # which is little


def test_it_holds_both_ways_round(shelf: Collection) -> None:
    first = add(shelf, jpeg(screenshot(MEME)), "first")
    found = decide(shelf, jpeg(MEME))
    assert isinstance(found, Repost)
    assert (found.of, found.by) == (first.meme_id, DecidedBy.WORDS)
    assert not isinstance(decide(shelf, jpeg(captioned(4, "other words", "there"))), Repost)


def test_bars_with_other_words_above_one_picture_are_two_memes(shelf: Collection) -> None:
    bare = captioned(4, "")
    add(shelf, jpeg(with_bar(bare, "what I said")), "first")
    assert not isinstance(decide(shelf, jpeg(with_bar(bare, "and you heard"))), Repost)
    assert not isinstance(decide(shelf, jpeg(bare)), Repost)
    add(shelf, jpeg(MEME), "with words of its own")
    assert not isinstance(decide(shelf, jpeg(with_bar(MEME, "and more of them"))), Repost)


def test_pictures_that_have_nothing_in_common_are_new(shelf: Collection) -> None:
    assert decide(shelf, picture(1)) == New()
    add(shelf, picture(1), "1")
    assert isinstance(decide(shelf, picture(2)), New)
    assert isinstance(decide(shelf, jpeg(captioned(9, "hello", "there"))), New)


def test_plain_pictures_are_not_one_meme(shelf: Collection) -> None:
    plain = [
        encode(Image.new("RGB", (90, 90), colour), "PNG") for colour in ("red", "navy", "white")
    ]
    assert {type(add(shelf, data, str(i))) for i, data in enumerate(plain)} == {Added}


def test_letters_that_nobody_reads_still_tell_memes_apart(shelf: Collection) -> None:
    # A small change, as a sticker's; but nothing legible says that it is one.
    first = add(shelf, picture(1, caption=1), "first")
    found = decide(shelf, picture(1, caption=2))
    assert isinstance(found, SameTemplate)
    assert found.nearest == first.meme_id


def test_the_same_first_frame_with_other_frames_is_another_meme(shelf: Collection) -> None:
    def moving(*seeds: int) -> bytes:
        frames = [Image.open(io.BytesIO(picture(seed))) for seed in seeds]
        return encode(frames[0], "GIF", save_all=True, append_images=frames[1:])

    add(shelf, moving(1, 2, 3, 4), "first")
    assert isinstance(add(shelf, moving(1, 5, 6, 7), "other frames"), Added)
    assert isinstance(add(shelf, picture(1), "a still"), Added)
    smaller = Image.open(io.BytesIO(moving(1, 2, 3, 4)))
    frames = []
    for i in range(4):
        smaller.seek(i)
        frames.append(smaller.convert("RGB").resize((100, 100)))
    again = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert isinstance(add(shelf, again, "resized"), Reposted)


def test_an_animation_of_one_scene_is_no_still_of_it(shelf: Collection) -> None:
    moving = add(shelf, animation(1), "moving")
    still = add(shelf, picture(1), "still")
    assert [type(moving), type(still)] == [Added, Added]
    assert decide(shelf, animation(1)) != New()


def test_a_picture_that_shows_two_families_to_be_one_joins_them(collection: Collection) -> None:
    near, far = captioned(4, "no words here"), cropped(captioned(4, "none here either"), 0.12)
    assert isinstance(add(collection, jpeg(near), "near"), Added)
    add(collection, jpeg(far), "far")
    assert len(templates(collection)) == 2
    between = jpeg(cropped(captioned(4, "somewhere between"), 0.07))
    add(collection, between, "between")
    assert len(templates(collection)) == 1


def templates(collection: Collection) -> set[int]:
    with collection.database.reading() as session:
        return set(session.scalars(select(Meme.template_id)))


def test_what_was_looked_at_before_is_not_looked_at_again(shelf: Collection) -> None:
    add(shelf, jpeg(MEME), "first")
    again = jpeg(with_sticker(MEME, (0.5, 0.1)), 60)
    taken = fingerprint(again)
    looked = shelf.look(again, taken)
    assert looked.words is not None

    def refuse() -> bytes:
        raise AssertionError("the file was asked for again")

    matcher = Matcher(shelf.media)
    with shelf.database.reading() as session:
        matcher.follow(session)
        assert isinstance(matcher.decide(session, taken, refuse, looked), Repost)


class _Meanwhile(MediaStore):
    """Lets something else happen the first time that a file is read."""

    happens: Callable[[], object] | None = None

    def get(self, sha256: str, format_name: str) -> bytes:
        if (happens := self.happens) is not None:
            self.happens = None
            happens()
        return super().get(sha256, format_name)


def test_what_is_added_during_a_look_is_seen_when_it_is_used(settings: Settings) -> None:
    media = _Meanwhile(str(settings.data_dir / "media"))
    collection = Collection(Database.open(settings), media)
    add(collection, jpeg(MEME), "first")
    twin = captioned(4, "when the tests pass", "on the first cry")
    taken = fingerprint(jpeg(twin, 60))
    # To tell the twin from the first meme its words are read; another thread adds the twin then.
    media.happens = lambda: add(collection, jpeg(twin), "meanwhile")
    looked = collection.look(jpeg(twin, 60), taken)
    assert media.happens is None
    with collection.adding() as adder:
        outcome = adder.add(jpeg(twin, 60), taken, place("twin again"), looked)
    assert isinstance(outcome, Reposted)
    with collection.database.reading() as session:
        assert len(session.scalars(select(Meme.id)).all()) == 2


def test_words_are_read_once_and_kept(shelf: Collection) -> None:
    add(shelf, jpeg(MEME), "first")
    add(shelf, jpeg(with_sticker(MEME, (0.5, 0.1)), 60), "again")
    with shelf.database.reading() as session:
        (of_meme,) = session.scalars(select(Meme.words))
        (of_copy,) = session.scalars(select(Copy.words))
    assert of_meme is not None
    assert of_copy is not None
    assert "FIRST" in " ".join(line["text"] for line in of_meme).upper()


def test_the_matcher_finds_signatures_of_before_in_the_files(shelf: Collection) -> None:
    first = add(shelf, jpeg(MEME), "first")
    with shelf.database.writing() as session:
        session.execute(update(Meme).values(signature=None))
    found = decide(shelf, jpeg(MEME, 50))
    assert isinstance(found, Repost)
    assert found.of == first.meme_id
