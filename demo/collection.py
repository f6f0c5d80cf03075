"""What the demo's site holds: memes, reposts, one template many times, and broken files."""

import random
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count

from demo.broken import broken_files
from demo.drawing import DRAWERS, caption, draw, draw_captioned
from demo.drawing.wording import say
from demo.encoding import encode, jpeg, re_encoded

COMMUNITIES: Mapping[str, Sequence[str]] = {
    "rage_comic": ("f7u12",),
    "top_bottom_text": ("adviceanimals",),
    "text_post": ("whitepeopletwitter", "tumblr"),
    "ironic": ("deepfriedmemes", "surrealmemes"),
    "post_ironic": ("postirony",),
    "viral_video": ("youtubehaiku",),
    "political": ("politicalhumor",),
    "experimental": ("art", "mildlyinteresting"),
}
# the years in which a genre is mostly posted, so that there is a year to learn
_YEARS: Mapping[str, tuple[int, int]] = {
    "rage_comic": (2008, 2013),
    "top_bottom_text": (2009, 2016),
    "text_post": (2012, 2026),
    "ironic": (2015, 2023),
    "post_ironic": (2018, 2026),
    "viral_video": (2008, 2020),
}
_ANY_YEARS = (2008, 2026)
_LATEST = datetime(2026, 6, 30, tzinfo=UTC)
_MEMES_A_REPOST = 8  # one meme in so many is posted again
_CAPTIONS_A_TEMPLATE = 4
_TITLES = (
    "{who} {does}", "found this {place}", "me {place}", "i {done}", "so this happened {place}",
    "am i the only one?", "who else feels {feeling}", "every single time", "oc, be kind",
    "made this {place}", "[oc] {thing}", "no title needed",
)  # fmt: skip


class PostKind(StrEnum):
    """What a post adds to the collection."""

    MEME = "meme"
    REPOST = "repost"
    SAME_TEMPLATE = "same_template"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class DemoPost:
    """One post of the site.

    Attributes:
        id: Larger for later posts, as on a real site.
        community: Its name, one of COMMUNITIES.
        title: What was written over it.
        file_name: Unique; its extension need not fit the data.
        data: The file, which may be broken.
        genre: What was drawn, or what the community is about where the file is broken.
        published: Aware UTC.
        score: Votes up less votes down.
        nsfw: Never in the demo.
        kind: What it adds to the collection.
        original_id: Of a repost: the post that it repeats.
    """

    id: int
    community: str
    title: str
    file_name: str
    data: bytes
    genre: str
    published: datetime
    score: int
    nsfw: bool = False
    kind: PostKind = PostKind.MEME
    original_id: int | None = None


def posts(
    seed: int, n_per_genre: int, on_drawn: Callable[[int, int], None] | None = None
) -> list[DemoPost]:
    """All posts of the site, oldest first.

    Args:
        seed: The same seed and number give the same posts, to the last byte.
        n_per_genre: Memes drawn for each genre; reposts, captions of shared templates and
            broken files come on top.
        on_drawn: Told how many of the genres' memes are drawn, and how many there will be.
    """
    memes: list[DemoPost] = []
    for meme in _memes(seed, n_per_genre):
        memes.append(meme)
        if on_drawn is not None:
            on_drawn(len(memes), n_per_genre * len(DRAWERS))
    further = count(len(memes) + 1)
    n_templates = max(1, n_per_genre // 10)
    return _numbered(
        [
            *memes,
            *_reposts(seed, memes, further),
            *_same_templates(seed, n_templates, further),
            *_broken(seed, further),
        ]
    )


def held_out(seed: int, n_per_genre: int) -> list[tuple[str, bytes]]:
    """Genre and JPEG file of memes that are in no post of the same seed."""
    drawn: list[tuple[str, bytes]] = []
    for genre in DRAWERS:
        for i in range(n_per_genre):
            rng = random.Random(f"{seed}/{genre}/{i}/held-out")
            drawn.append((genre, jpeg(draw(genre, rng), rng.randint(60, 92))))
    return drawn


def _memes(seed: int, n_per_genre: int) -> Iterator[DemoPost]:
    numbers = count(1)
    for genre in DRAWERS:
        for i in range(n_per_genre):
            # a generator of its own, so that one more meme changes none of the others
            rng = random.Random(f"{seed}/{genre}/{i}/post")
            file = encode(draw(genre, rng), rng)
            meme = _post(next(numbers), genre, file.data, file.extension, rng)
            # in turn, so that no community stays empty
            yield replace(meme, community=COMMUNITIES[genre][i % len(COMMUNITIES[genre])])


def _reposts(seed: int, memes: Sequence[DemoPost], numbers: Iterator[int]) -> Iterator[DemoPost]:
    """Byte-identical copies and re-encoded ones in turn, always later than the original."""
    for i, original in enumerate(memes[::_MEMES_A_REPOST]):
        rng = random.Random(f"{seed}/{i}/repost")
        if i % 2 == 0:
            data, extension = original.data, original.file_name.rpartition(".")[2]
        else:
            again = re_encoded(original.data, rng)
            data, extension = again.data, again.extension
        repost = _post(next(numbers), original.genre, data, extension, rng)
        later = original.published + (_LATEST - original.published) * rng.uniform(0.01, 0.5)
        yield replace(repost, published=later, kind=PostKind.REPOST, original_id=original.id)


def _same_templates(seed: int, n_templates: int, numbers: Iterator[int]) -> Iterator[DemoPost]:
    for i in range(n_templates):
        rng = random.Random(f"{seed}/{i}/template")
        template_seed = rng.getrandbits(48)
        for words in _different_captions(_CAPTIONS_A_TEMPLATE, rng):
            data = jpeg(draw_captioned(template_seed, words, rng), 85)
            post = _post(next(numbers), "top_bottom_text", data, "jpg", rng)
            yield replace(post, kind=PostKind.SAME_TEMPLATE)


def _different_captions(n: int, rng: random.Random) -> list[tuple[str, str]]:
    seen: dict[tuple[str, str], None] = {}  # a set would lose the order, and with it the seed
    while len(seen) < n:
        seen[caption(rng)] = None
    return list(seen)


def _broken(seed: int, numbers: Iterator[int]) -> Iterator[DemoPost]:
    """One of each kind, each in another community."""
    rng = random.Random(f"{seed}/broken")
    genres = tuple(DRAWERS)
    sound = jpeg(draw(genres[0], rng), 80)
    for i, (extension, data) in enumerate(broken_files(sound)):
        post = _post(next(numbers), genres[i % len(genres)], data, extension, rng)
        yield replace(post, kind=PostKind.BROKEN)


def _post(number: int, genre: str, data: bytes, extension: str, rng: random.Random) -> DemoPost:
    return DemoPost(
        id=number,
        community=rng.choice(COMMUNITIES[genre]),
        title=say(_TITLES, rng),
        file_name=f"{uuid.UUID(int=rng.getrandbits(128), version=4)}.{extension}",
        data=data,
        genre=genre,
        published=_published(genre, rng),
        score=round(rng.lognormvariate(4.5, 1.6)),
    )


def _published(genre: str, rng: random.Random) -> datetime:
    first, last = _YEARS.get(genre, _ANY_YEARS)
    start = datetime(first, 1, 1, tzinfo=UTC)
    end = min(datetime(last + 1, 1, 1, tzinfo=UTC), _LATEST)
    return start + timedelta(seconds=rng.randrange(round((end - start).total_seconds())))


def _numbered(drawn: Sequence[DemoPost]) -> list[DemoPost]:
    """The posts in the order of their dates, with ids that say so."""
    by_date = sorted(drawn, key=lambda post: (post.published, post.id))
    ids = {post.id: number for number, post in enumerate(by_date, start=1)}
    return [
        replace(
            post,
            id=ids[post.id],
            original_id=None if post.original_id is None else ids[post.original_id],
        )
        for post in by_date
    ]
