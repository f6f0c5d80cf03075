"""What the source of dumps lists from small ones that are written here."""

import asyncio
import bz2
import gzip
import json
import random
import tracemalloc
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import zstandard

from core.errors import BadInput, MemeEraError
from crawler.sources import Malformed, Page, Post, SourceFailed
from crawler.sources.arctic_shift import ArcticShift
from crawler.sources.dump_lines import MAX_LINE_BYTES

MEMES: Final = frozenset({"memes", "dankmemes"})
WANTED: Final = ("memes", "dankmemes", "Memes", "DankMemes")
OTHERS: Final = ("funny", "memes_of_the_dank", "HistoryMemes", "u_memes", "AskReddit")


def post(number: int, subreddit: str = "memes", **fields: Any) -> dict[str, Any]:
    """One post as a dump has it."""
    return {
        "all_awardings": [],
        "author": "somebody",
        "created_utc": 1_704_067_200 + number,
        "domain": "i.redd.it",
        "id": f"x{number:x}",
        "is_self": False,
        "name": f"t3_x{number:x}",
        "over_18": False,
        "permalink": f"/r/{subreddit}/comments/x{number:x}/a_post/",
        "post_hint": "image",
        "removed_by_category": None,
        "score": number,
        "subreddit": subreddit,
        "subreddit_id": "t5_2qjpg",
        "subreddit_name_prefixed": f"r/{subreddit}",
        "title": f"post {number}",
        "url": f"https://i.redd.it/x{number:x}.jpg",
        **fields,
    }


def line(data: Any, separators: tuple[str, str] = (",", ":")) -> bytes:
    """One line of a dump."""
    return json.dumps(data, separators=separators).encode() + b"\n"


def dump(path: Path, text: bytes, block_bytes: int = 2**30) -> Path:
    """Write a dump, as plain text where its name says so."""
    if path.suffix == ".zst":
        compressor = zstandard.ZstdCompressor(write_checksum=True).compressobj()
        out = b""
        for at in range(0, len(text), block_bytes):
            out += compressor.compress(text[at : at + block_bytes])
            out += compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        text = out + compressor.flush()
    path.write_bytes(text)
    return path


def listed(source: ArcticShift, mark: str | None = None, n: int = -1) -> list[Page]:
    """The pages from a mark on, or the first ones."""
    pages, error = listed_until_failure(source, mark, n)
    if error is not None:
        raise error
    return pages


def listed_until_failure(
    source: ArcticShift, mark: str | None = None, n: int = -1
) -> tuple[list[Page], MemeEraError | None]:
    """The pages, and what ended them."""
    pages: list[Page] = []

    async def fetch(url: str) -> bytes:
        raise AssertionError("a dump is a file")

    async def collect() -> None:
        async for page in source.pages(fetch, mark):
            pages.append(page)
            if len(pages) == n:
                return

    try:
        asyncio.run(collect())
    except (SourceFailed, BadInput) as error:
        return pages, error
    return pages, None


def titles(pages: Iterable[Page]) -> list[str | None]:
    """The titles of the posts, ? for a malformed one."""
    return [one.title if isinstance(one, Post) else "?" for page in pages for one in page.posts]


def some_posts(n: int = 40) -> tuple[bytes, list[str | None]]:
    """A dump's text, and the titles of the posts that are wanted."""
    rng = random.Random(3)
    posts = [post(i, rng.choice((*WANTED, *OTHERS)), x="y" * rng.randrange(30)) for i in range(n)]
    wanted = [one["title"] for one in posts if one["subreddit"] in WANTED]
    assert 0 < len(wanted) < n
    return b"".join(map(line, posts)), wanted


def test_posts_of_the_subreddits_are_listed_and_no_others(tmp_path: Path) -> None:
    text, wanted = some_posts()
    pages = listed(ArcticShift(dump(tmp_path / "RS_2024-01.zst", text), MEMES))
    assert titles(pages) == wanted


def test_a_subreddit_is_the_same_whatever_its_case(tmp_path: Path) -> None:
    text = line(post(1, "MemeEconomy")) + line(post(2, "memeeconomy"))
    source = ArcticShift(dump(tmp_path / "RS.zst", text), frozenset({"MEMEeconomy"}))
    assert titles(listed(source)) == ["post 1", "post 2"]


def test_a_post_keeps_what_the_dump_says(tmp_path: Path) -> None:
    path = dump(tmp_path / "RS.zst", line(post(7, title="é ü 😀")))
    ((one,),) = [page.posts for page in listed(ArcticShift(path, MEMES))]
    assert isinstance(one, Post)
    assert one.source == "reddit"
    assert one.community == "memes"
    assert one.title == "é ü 😀"
    assert one.score == 7
    assert one.posted_at == datetime(2024, 1, 1, 0, 0, 7, tzinfo=UTC)
    assert one.media == ("https://i.redd.it/x7.jpg",)


@pytest.mark.parametrize(
    "fields",
    [
        {"title": '"subreddit":"memes"'},
        {"selftext": '{"subreddit": "memes"}\n'},
        {"link_flair_text": "memes"},
        {"crosspost_parent_list": [post(2, "memes")]},
        {"crosspost_parent_list": [post(2, "funny"), post(3, "DANKMEMES")]},
        {"secure_media": {"subreddit": "memes"}},
    ],
)
def test_a_wanted_name_elsewhere_in_a_post_does_not_count(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    text = line(post(1, "funny", **fields)) + line(post(9))
    assert titles(listed(ArcticShift(dump(tmp_path / "RS.zst", text), MEMES))) == ["post 9"]


@pytest.mark.parametrize("parent", ["memes", "dankmemes", "funny"])
def test_a_crosspost_is_listed_once(tmp_path: Path, parent: str) -> None:
    before = {"crosspost_parent_list": [post(2, parent), post(3, parent)]}
    after = {"z_parent_list": [post(2, parent)]}
    text = line({**before, **post(1), **after}) + line(post(4))
    path = dump(tmp_path / "RS.zst", text)
    assert titles(listed(ArcticShift(path, MEMES))) == ["post 1", "post 4"]


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" , ", "  :\t")])
@pytest.mark.parametrize("seed", range(3))
def test_neither_order_nor_spaces_matter(
    tmp_path: Path, separators: tuple[str, str], seed: int
) -> None:
    rng = random.Random(seed)
    posts = [post(i, ("memes", "funny")[i % 2]) for i in range(20)]
    shuffled = [{key: one[key] for key in rng.sample(list(one), len(one))} for one in posts]
    text = b"".join(line(one, separators) for one in shuffled)
    path = dump(tmp_path / "RS.zst", text)
    assert titles(listed(ArcticShift(path, MEMES))) == [f"post {i}" for i in range(0, 20, 2)]


def test_lines_may_lie_across_any_border(tmp_path: Path) -> None:
    text, wanted = some_posts(8)
    plain = dump(tmp_path / "RS.ndjson", text)
    for read_bytes in [*range(1, 60), len(text) - 1, len(text), len(text) + 1]:
        assert titles(listed(ArcticShift(plain, MEMES, read_bytes=read_bytes))) == wanted
    for block_bytes in (1, 7, 64, 999):
        path = dump(tmp_path / "RS.zst", text, block_bytes)
        assert titles(listed(ArcticShift(path, MEMES, read_bytes=11))) == wanted


@pytest.mark.parametrize("subreddits", [MEMES, frozenset()])
def test_line_ends_of_all_kinds_are_read(tmp_path: Path, subreddits: frozenset[str]) -> None:
    one, two, three = (line(post(i)).rstrip() for i in range(3))
    text = b"\n\r\n" + one + b"\r\n\n  \n" + two + b"\n\n" + three
    path = dump(tmp_path / "RS.zst", text)
    assert titles(listed(ArcticShift(path, subreddits))) == ["post 0", "post 1", "post 2"]


def test_without_subreddits_all_posts_are_listed(tmp_path: Path) -> None:
    text, _ = some_posts()
    pages = listed(ArcticShift(dump(tmp_path / "RS.zst", text)))
    assert titles(pages) == [f"post {i}" for i in range(40)]


@pytest.mark.parametrize(
    "broken",
    [
        line(post(2))[:-20] + b"\n",
        b'"subreddit":"memes"\n',
        b'[{"subreddit":"memes"}]\n',
        line(post(2)).replace(b'"id"', b'"no"').replace(b'"name"', b'"no"').replace(b"/x2/", b"/"),
        b'{"subreddit":"memes","x":' + b"[" * 100_000 + b"\n",
        b'{"subreddit":"memes","x":' + b"1" * 10_000 + b"}\n",
        b'{"subreddit":"memes","x":"' + b"1" * MAX_LINE_BYTES + b'"}\n',
        b"\0" * (2 * MAX_LINE_BYTES) + b"\n",
        line({"subreddit": "memes"}),
    ],
)
@pytest.mark.parametrize("subreddits", [MEMES, frozenset()])
def test_a_broken_line_is_counted_and_the_listing_goes_on(
    tmp_path: Path, broken: bytes, subreddits: frozenset[str]
) -> None:
    path = dump(tmp_path / "RS.zst", line(post(1)) + broken + line(post(3)))
    (page,) = listed(ArcticShift(path, subreddits))
    assert [type(one) for one in page.posts] == [Post, Malformed, Post]


def test_posts_out_of_the_dates_or_under_the_score_are_not_listed(tmp_path: Path) -> None:
    path = dump(tmp_path / "RS.zst", b"".join(line(post(i)) for i in range(60)))

    def at(second: int) -> datetime:
        return datetime(2024, 1, 1, 0, 0, second, tzinfo=UTC)

    assert titles(listed(ArcticShift(path, MEMES, since=at(58)))) == ["post 58", "post 59"]
    assert titles(listed(ArcticShift(path, MEMES, until=at(2)))) == ["post 0", "post 1"]
    assert titles(listed(ArcticShift(path, MEMES, min_score=59))) == ["post 59"]
    both = ArcticShift(path, MEMES, since=at(10), until=at(20), min_score=18)
    assert titles(listed(both)) == ["post 18", "post 19"]


def test_a_page_has_200_posts_at_most(tmp_path: Path) -> None:
    path = dump(tmp_path / "RS.zst", b"".join(line(post(i)) for i in range(450)))
    pages = listed(ArcticShift(path, MEMES))
    assert [len(page.posts) for page in pages] == [200, 200, 50]


@pytest.mark.parametrize("name", ["RS.zst", "RS.ndjson"])
@pytest.mark.parametrize("subreddits", [MEMES, frozenset()])
def test_each_mark_leads_back_to_what_comes_behind_it(
    tmp_path: Path, name: str, subreddits: frozenset[str]
) -> None:
    text, _ = some_posts(500)
    path = dump(tmp_path / name, text, 1000)
    whole = titles(listed(ArcticShift(path, subreddits)))
    for step_bytes in (1, 5_000, 2**28):
        source = ArcticShift(path, subreddits, read_bytes=300, step_bytes=step_bytes)
        pages = listed(source)
        assert titles(pages) == whole
        for i in range(0, len(pages), 1 + len(pages) // 10):
            behind = listed(source, pages[i].mark)
            assert titles(pages[: i + 1]) + titles(behind) == whole


def test_a_listing_that_is_stopped_again_and_again_lists_each_post_once(tmp_path: Path) -> None:
    text, wanted = some_posts(300)
    source = ArcticShift(
        dump(tmp_path / "RS.zst", text, 1000), MEMES, read_bytes=100, step_bytes=6_000
    )
    mark, found, n_stops = None, [], 0
    while pages := listed(source, mark, n=n_stops + 2):  # some of them lead back to the mark
        found += titles(pages)
        assert pages[-1].mark is not None
        mark = pages[-1].mark
        n_stops += 1
    assert found == wanted
    assert n_stops > 5


def test_a_limit_divides_a_dump_into_portions(tmp_path: Path) -> None:
    text, expected = some_posts()
    path = dump(tmp_path / "RS.zst", text)
    source = ArcticShift(path, MEMES, limit=7)
    found, mark = list[str | None](), None
    while pages := listed(source, mark):  # of a file that is done, there are none
        assert len(titles(pages)) <= 7
        found += titles(pages)
        mark = pages[-1].mark
    assert found == expected


def test_what_lies_before_a_mark_is_not_looked_at(tmp_path: Path) -> None:
    text = b"".join(line(post(i)) for i in range(300))
    path = dump(tmp_path / "RS.ndjson", text)
    first, second = listed(ArcticShift(path, MEMES))
    done = text.index(line(post(200)))
    path.write_bytes(text[:done].replace(b"{", b"?") + text[done:])
    assert titles(listed(ArcticShift(path, MEMES), first.mark)) == titles([second])
    assert titles(listed(ArcticShift(path, MEMES)))[:200] == ["?"] * 200


def test_marks_come_where_nothing_is_found(tmp_path: Path) -> None:
    text = b"".join(line(post(i, "funny")) for i in range(100))
    path = dump(tmp_path / "RS.zst", text, 1000)
    pages = listed(ArcticShift(path, MEMES, read_bytes=10, step_bytes=len(text) // 5))
    assert titles(pages) == []
    assert len(pages) == 5  # four steps of a fifth and some, and the end
    assert len({page.mark for page in pages}) == 5


def test_going_back_to_a_mark_is_a_work_of_steps(tmp_path: Path) -> None:
    text = b"".join(line(post(i)) for i in range(100))
    path = dump(tmp_path / "RS.zst", text, 1000)
    source = ArcticShift(path, MEMES, read_bytes=10, step_bytes=len(text) // 5)
    mark = listed(source)[3].mark
    pages = listed(source, mark)
    assert [page.mark for page in pages[:3]] == [mark] * 3  # it can be stopped there
    assert titles(pages[:3]) == []


def test_a_dump_that_was_read_to_its_end_lists_nothing(tmp_path: Path) -> None:
    text, _ = some_posts()
    path = dump(tmp_path / "RS.zst", text)
    mark = listed(ArcticShift(path, MEMES))[-1].mark
    path.write_bytes(b"?" * path.stat().st_size)
    assert listed(ArcticShift(path, MEMES), mark) == []


def test_a_file_of_another_size_is_listed_from_its_start(tmp_path: Path) -> None:
    text, wanted = some_posts(300)
    path = dump(tmp_path / "RS.zst", text)
    pages = listed(ArcticShift(path, MEMES, step_bytes=1))
    dump(path, text + line(post(300)))
    for page in (pages[0], pages[-1]):
        assert titles(listed(ArcticShift(path, MEMES), page.mark)) == [*wanted, "post 300"]


def test_a_cut_file_gives_what_it_has_and_says_so(tmp_path: Path) -> None:
    text, _ = some_posts(200)
    path = dump(tmp_path / "RS.zst", text, 2000)
    data = path.read_bytes()
    for cut in (5, len(data) // 3, len(data) // 2, len(data) - 5, len(data) - 1):
        path.write_bytes(data[:cut])
        source = ArcticShift(path, MEMES, step_bytes=10_000)
        pages, error = listed_until_failure(source)
        assert "RS.zst: it ends too early; download it again" in str(error)
        left = zstandard.ZstdDecompressor().decompressobj().decompress(data[:cut])
        good = map(json.loads, left.split(b"\n")[:-1])
        assert titles(pages) == [one["title"] for one in good if one["subreddit"] in WANTED]
        if pages:
            again, error = listed_until_failure(source, pages[-1].mark)
            assert titles(again) == []
            assert error is not None


def test_a_damaged_file_gives_what_is_good_before(tmp_path: Path) -> None:
    text, wanted = some_posts(50)
    path = dump(tmp_path / "RS.zst", text)
    good = path.read_bytes()
    for damage in (b"\0" * 100, b"\x28\xb5\x2f\xfd" + b"\xff" * 100, b"RS"):
        path.write_bytes(good + damage)
        pages, error = listed_until_failure(ArcticShift(path, MEMES, read_bytes=len(good)))
        assert titles(pages) == wanted
        assert "download it again" in str(error)


def test_frames_of_a_file_are_read_as_one_text(tmp_path: Path) -> None:
    text, wanted = some_posts(50)
    frames = [
        dump(tmp_path / "part.zst", text[at : at + 700]).read_bytes()
        for at in range(0, len(text), 700)
    ]
    skippable = b"\x50\x2a\x4d\x18" + b"\x05\0\0\0" + b"12345"  # as pzstd writes them
    path = tmp_path / "RS.zst"
    path.write_bytes(skippable + skippable.join(frames))
    for read_bytes in (1, 100, 2**15):
        assert titles(listed(ArcticShift(path, MEMES, read_bytes=read_bytes))) == wanted


def test_a_window_of_2_gib_is_taken(tmp_path: Path) -> None:
    text = line(post(1))
    block = ((len(text) << 3) | 1).to_bytes(3, "little") + text  # the last, raw
    frame = b"\x28\xb5\x2f\xfd" + b"\0" + bytes([(31 - 10) << 3])  # RFC 8878, 3.1.1.1
    path = tmp_path / "RS.zst"
    path.write_bytes(frame + block)
    assert zstandard.get_frame_parameters(path.read_bytes()).window_size == 2**31
    assert titles(listed(ArcticShift(path, MEMES))) == ["post 1"]


def bomb(text: bytes, n_bytes: int) -> bytes:
    """A text between so many bytes of one letter, which zstd packs 30,000 times smaller."""
    compressor = zstandard.ZstdCompressor(level=19).compressobj()
    parts = [compressor.compress(b"x" * 2**20) for _ in range(n_bytes // 2**20)]
    parts.append(compressor.compress(b"\n" + text))
    parts += [compressor.compress(b"y" * 2**20) for _ in range(n_bytes // 2**20)]
    return b"".join([*parts, compressor.flush()])


@pytest.mark.parametrize("subreddits", [frozenset({"memes"}), frozenset()])
def test_a_line_of_any_length_is_counted_and_takes_no_memory(
    tmp_path: Path, subreddits: frozenset[str]
) -> None:
    path = tmp_path / "RS.zst"
    path.write_bytes(bomb(line(post(1)) + line(post(2)), 64 * 2**20))
    assert path.stat().st_size < 2**16
    tracemalloc.start()
    try:
        (page,) = listed(ArcticShift(path, subreddits))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [type(one) for one in page.posts] == [Malformed, Post, Post, Malformed]
    assert most < 24 * 2**20
    source = ArcticShift(path, subreddits, step_bytes=2**22)
    assert len(listed(source)) > 10  # it can be stopped within the line


def test_what_can_be_stopped_within_a_long_line_goes_on_there(tmp_path: Path) -> None:
    path = tmp_path / "RS.ndjson"
    path.write_bytes(line(post(0)) + b"x" * (3 * MAX_LINE_BYTES) + b"\n" + line(post(1)))
    source = ArcticShift(path, frozenset({"memes"}), step_bytes=2**20)
    pages = listed(source)
    for i in range(len(pages)):
        found = titles(pages[: i + 1]) + titles(listed(source, pages[i].mark))
        assert [title for title in found if title != "?"] == ["post 0", "post 1"]


COMMENT: Final = {"id": "abc", "body": "a word", "subreddit": "memes", "link_id": "t3_x"}


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("RS.zst", gzip.compress(line(post(1))), "first gunzip it"),
        ("RS.gz", gzip.compress(line(post(1))), "first gunzip it"),
        ("RS.bz2", bz2.compress(line(post(1))), "first bunzip2 it"),
        ("RS.zst", b"", "is empty; download it again"),
        ("RC_2024-01.zst", line(COMMENT), "holds comments; the posts are in RS_2024-01.zst"),
        ("RS.ndjson", line(COMMENT) * 50, "holds comments; the posts are in files such as RS_"),
        ("RS.ndjson", json.dumps([post(1), post(2)]).encode(), "is no dump of Reddit's posts"),
        ("RS.json", json.dumps(post(1), indent=1).encode(), "is no dump of Reddit's posts"),
        ("RS.ndjson", b'{"id": 1, "title": "of a shop"}\n' * 9, "is no dump of Reddit's posts"),
        ("cat.png", b"\x89PNG\r\n\x1a\n" + bytes(5000), "is no dump of Reddit's posts"),
        ("RS.zst", zstandard.compress(b"a word\n" * 9), "is no dump of Reddit's posts"),
        (
            "RS.zst",
            zstandard.compress(b"a word\n" * 9)[:-5],
            "it ends too early; download it again",
        ),
    ],
)
def test_a_file_that_is_no_dump_is_refused(
    tmp_path: Path, name: str, data: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    pages, error = listed_until_failure(ArcticShift(path, MEMES))
    assert pages == []
    assert isinstance(error, BadInput)
    assert says in str(error)
    assert str(path) in str(error)
    assert "\n" not in str(error)


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file or directory; name a dump such as RS_"):
        listed(ArcticShift(tmp_path / "RS.zst", MEMES))
    folder = tmp_path / "RS.ndjson"
    folder.mkdir()
    with pytest.raises(BadInput, match="cannot be read"):
        listed(ArcticShift(folder, MEMES))


@pytest.mark.parametrize("first", [b"?\n", b"[" * 10_000 + b"\n", b"x" * 2**21 + b"\n"])
def test_a_broken_first_line_makes_it_no_other_file(tmp_path: Path, first: bytes) -> None:
    path = dump(tmp_path / "RS.zst", first + line(post(1)))
    assert titles(listed(ArcticShift(path, frozenset({"memes"})))) == ["post 1"]


def test_of_what_the_whole_dump_lacks_the_last_page_tells(tmp_path: Path) -> None:
    text = b"".join(line(post(i, name)) for i, name in enumerate(("memes", "MemeEconomy", "x")))
    path = dump(tmp_path / "RS.zst", text * 100)
    asked = frozenset({"memes", "memeconomy", "nothing_like_it"})
    said = "RS.zst: has no post of r/memeconomy, r/nothing_like_it; see how it is spelled; there is"
    for source in (ArcticShift(path, asked), ArcticShift(path, asked, step_bytes=2000)):
        pages = listed(source)
        assert [page.remark for page in pages[:-1]] == [None] * (len(pages) - 1)
        assert pages[-1].remark == f"{said} r/memeeconomy"
    found = listed(source, pages[-2].mark)[-1].remark
    assert found is not None  # r/memes is not among what is missing, found before the mark
    assert "r/memes" not in found
    assert listed(ArcticShift(path, frozenset({"memes"}), min_score=999))[-1].remark is None


def test_other_tasks_go_on_while_a_dump_is_read(tmp_path: Path) -> None:
    text, _ = some_posts(300)
    source = ArcticShift(dump(tmp_path / "RS.zst", text), MEMES)

    async def fetch(url: str) -> bytes:
        raise AssertionError("a dump is a file")

    async def count() -> int:
        n_ticks = 0

        async def tick() -> None:
            nonlocal n_ticks
            while True:
                n_ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        _ = [page async for page in source.pages(fetch, None)]
        ticking.cancel()
        return n_ticks

    assert asyncio.run(count()) > 0


def test_a_listing_is_the_file_and_what_is_asked_for() -> None:
    one = ArcticShift(Path("here/RS_2024-01.zst"), frozenset({"memes", "DankMemes"}))
    same = ArcticShift(Path("there/RS_2024-01.zst"), frozenset({"dankmemes", "Memes"}))
    assert one.listing == same.listing
    assert one.target == "r/dankmemes+memes in RS_2024-01.zst"
    day = datetime(2024, 1, 2, tzinfo=UTC)
    others = [
        ArcticShift(Path("RS_2024-02.zst"), MEMES),
        ArcticShift(Path("RS_2024-01.zst"), frozenset({"memes"})),
        ArcticShift(Path("RS_2024-01.zst")),
        ArcticShift(Path("RS_2024-01.zst"), MEMES, since=day),
        ArcticShift(Path("RS_2024-01.zst"), MEMES, until=day),
        ArcticShift(Path("RS_2024-01.zst"), MEMES, min_score=0),
    ]
    assert len({one.listing, *(other.listing for other in others)}) == 7
