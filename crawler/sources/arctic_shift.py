"""Reddit's past, from the monthly dumps of Pushshift and Arctic Shift: RS_2024-01.zst.

A dump holds one post a line as JSON, 10 to 100 GB of text, of which a crawl wants a hundredth. Only
the lines that name a wanted subreddit are parsed; the others are passed over by a search for bytes.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final

import zstandard

from crawler.sources import Fetch, Malformed, Page, Post, SourceFailed
from crawler.sources.reddit_posts import post_of

__all__ = ["ArcticShift"]

_PAGE_SIZE: Final = 200  # posts
_MAX_WINDOW: Final = 2**31  # bytes: dumps are made with zstd --long=31
_MAX_LINE: Final = 2**24  # bytes; a post has some thousands
_PLAIN: Final = (".ndjson", ".jsonl")
_KEY: Final = b'"subreddit"'

Outcome = Post | Malformed
Spans = Callable[[bytes], Iterator[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class ArcticShift:
    """The posts of one dump that are asked for.

    Decompressing takes as much memory as the dump's window, up to 2 GiB; all else takes some MB.

    Args:
        path: a .zst file, or one that is decompressed already: .ndjson, .jsonl.
        subreddits: their names, without r/; none: all posts.
        since: older posts are not listed.
        until: posts of that moment and later are not listed.
        min_score: posts with a lower score are not listed.
        limit: posts that one run lists; the next one goes on behind them.
        read_bytes: read from the file at a time.
        step_bytes: of text, after which a page is given even if it is not full.
    """

    name: ClassVar[str] = "reddit"
    newest_first: ClassVar[bool] = False

    path: Path
    subreddits: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    min_score: int | None = None
    limit: int | None = None
    read_bytes: int = 2**15
    step_bytes: int = 2**28  # about a second's work: a crawl that is stopped waits for it

    def __post_init__(self) -> None:
        object.__setattr__(self, "subreddits", frozenset(map(str.lower, self.subreddits)))

    @property
    def target(self) -> str:
        """For people: r/dankmemes+memes in RS_2024-01.zst."""
        return f"{self._communities} in {self.path.name}"

    @property
    def listing(self) -> str:
        """The file, wherever it lies, and what is asked for."""
        since, until = (at.isoformat() if at else "" for at in (self.since, self.until))
        score = "" if self.min_score is None else self.min_score
        return f"{self.name}:{self.path.name}:{self._communities}:{since}/{until}:{score}"

    async def pages(self, fetch: Fetch, mark: str | None) -> AsyncIterator[Page]:
        """List the posts in the order of the dump, without fetching anything.

        The mark says how much of the text is done. zstd cannot begin in the middle, so that the
        text before a mark is decompressed again, and not looked at.

        Raises:
            SourceFailed: the file is missing, damaged or no dump.
        """
        # Closed when it is dropped: if this task is cancelled, a thread is still at work in it.
        pages = self._pages(mark)
        while page := await asyncio.to_thread(next, pages, None):
            yield page

    @property
    def _communities(self) -> str:
        return "r/" + ("+".join(sorted(self.subreddits)) or "all")

    def _pages(self, mark: str | None) -> Iterator[Page]:
        n_bytes = _size(self.path)
        start = _start(mark, n_bytes)
        if start is None:
            return
        posts: list[Outcome] = []
        n_left = self.limit
        done = given = 0  # bytes of text
        try:
            for post, done in self._outcomes(start):
                if post is not None:
                    posts.append(post)
                is_enough = len(posts) == n_left
                if is_enough or len(posts) == _PAGE_SIZE or done - given >= self.step_bytes:
                    yield Page(posts, _mark(n_bytes, max(done, start)))
                    if is_enough:
                        return
                    n_left = None if n_left is None else n_left - len(posts)
                    posts, given = [], done
        except SourceFailed:
            if done > start:
                yield Page(posts, _mark(n_bytes, done))
            raise
        yield Page(posts, _mark(n_bytes, None))

    def _outcomes(self, start: int) -> Iterator[tuple[Outcome | None, int]]:
        """The posts asked for, each with how much of the text is done; None: only that."""
        spans = _spans_naming(self.subreddits) if self.subreddits else _spans
        for at, lines in _blocks(_text(self.path, self.read_bytes), start, self.path):
            for begin, end in spans(lines):
                post = self._post(lines[begin:end])
                if post is not None:
                    yield post, at + end
            yield None, at + len(lines)

    def _post(self, line: bytes) -> Outcome | None:
        """What a line holds; None: nothing that is asked for."""
        try:
            data = json.loads(line)
        except (ValueError, RecursionError) as error:
            return Malformed(f"a line of {self.path.name} is not JSON: {error}")
        if not isinstance(data, dict):
            return Malformed(f"a line of {self.path.name} is not a post")
        # What was found may be the subreddit of a post that this one shows: a crosspost.
        if self.subreddits and str(data.get("subreddit")).lower() not in self.subreddits:
            return None
        post = post_of(data)
        return post if isinstance(post, Malformed) or self._is_asked_for(post) else None

    def _is_asked_for(self, post: Post) -> bool:
        at, score = post.posted_at, post.score
        return not (
            (self.since and at and at < self.since)
            or (self.until and at and at >= self.until)
            or (self.min_score is not None and score is not None and score < self.min_score)
        )


def _spans(lines: bytes) -> Iterator[tuple[int, int]]:
    """Where the lines begin and end, without those that are blank."""
    end = 0
    while (begin := end) < len(lines):
        end = _end(lines, begin)
        if lines[begin:end].strip():
            yield begin, end


def _spans_naming(subreddits: frozenset[str]) -> Spans:
    """Finds the lines in which one of the subreddits stands, as that of the post or otherwise."""
    names = b"|".join(re.escape(name.encode()) for name in sorted(subreddits))
    match = re.compile(_KEY + rb'\s*:\s*"(?i:' + names + rb')"').match

    def spans(lines: bytes) -> Iterator[tuple[int, int]]:
        at = lines.find(_KEY)  # takes two thirds of what a search for the expression does
        while at >= 0:
            after = at + len(_KEY)
            if match(lines, at):
                after = _end(lines, at)
                yield lines.rfind(b"\n", 0, at) + 1, after
            at = lines.find(_KEY, after)

    return spans


def _end(lines: bytes, at: int) -> int:
    """Where the line ends that holds a position, with its line feed."""
    return lines.find(b"\n", at) + 1 or len(lines)


def _blocks(texts: Iterator[bytes], start: int, path: Path) -> Iterator[tuple[int, bytes]]:
    """Whole lines, and where they begin in the text; before the start, nothing, now and then."""
    at = 0  # where a piece begins
    rest = bytearray()  # the beginning of a line that ends in a later piece
    for text in texts:
        begin = min(max(0, start - at), len(text))
        end = text.rfind(b"\n", begin) + 1
        if end:
            lines = b"".join((rest, memoryview(text)[begin:end]))  # copies once, unlike +
            yield at + end - len(lines), lines
            rest, begin = bytearray(), end
        elif at < start:
            yield at, b""
        rest += text[begin:]
        if len(rest) > _MAX_LINE:
            raise SourceFailed(f"{path}: has no post a line; it is no dump of Reddit's posts")
        at += len(text)
    yield at - len(rest), bytes(rest)


def _text(path: Path, read_bytes: int) -> Iterator[bytes]:
    """The text of a file, piece by piece.

    Raises:
        SourceFailed: it cannot be read, or not to its end.
    """
    try:
        with path.open("rb") as file:
            pieces = iter(lambda: file.read(read_bytes), b"")
            yield from pieces if path.suffix.lower() in _PLAIN else _decompressed(pieces)
    except OSError as error:
        raise SourceFailed(f"{path}: cannot be read: {error.strerror}") from error
    except (zstandard.ZstdError, EOFError) as error:
        raise SourceFailed(
            f"{path}: {error}; see that it is a .zst file, and download it again if it is one"
        ) from error


def _decompressed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The text of one zstd frame after another.

    Raises:
        ZstdError: damaged, or not zstd.
        EOFError: the last frame is cut.
    """
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
    frame = decompressor.decompressobj()  # of the readers, the one that says whether a frame is cut
    is_cut = False
    for piece in pieces:
        while piece:
            yield frame.decompress(piece)
            is_cut, piece = not frame.eof, frame.unused_data
            if frame.eof:
                frame = decompressor.decompressobj()
    if is_cut:
        raise EOFError("it ends too early")


def _size(path: Path) -> int:
    """The bytes of a dump of posts.

    Raises:
        SourceFailed: there is no such file, or it is not one.
    """
    try:
        n_bytes = path.stat().st_size
    except OSError as error:
        raise SourceFailed(
            f"{path}: {error.strerror}; name a dump such as RS_2024-01.zst"
        ) from error
    if n_bytes == 0:
        raise SourceFailed(f"{path}: is empty; download it again")
    if path.name.startswith("RC_"):
        raise SourceFailed(f"{path}: holds comments; the posts are in RS{path.name[2:]}")
    return n_bytes


def _mark(n_bytes: int, done: int | None) -> str:
    """Which file was read, and how much of its text; None: all of it."""
    return json.dumps({"file_bytes": n_bytes, "text_bytes": done})


def _start(mark: str | None, n_bytes: int) -> int | None:
    """How much of the text is done; None: all of it."""
    kept = {} if mark is None else json.loads(mark)
    # A file of another size is another one, or was downloaded farther.
    done: int | None = kept["text_bytes"] if kept.get("file_bytes") == n_bytes else 0
    return done
