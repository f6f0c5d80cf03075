"""Reddit's past, from the monthly dumps of Pushshift and Arctic Shift: RS_2024-01.zst.

A dump holds one post a line as JSON, 10 to 100 GB of text, of which a crawl wants a hundredth. Only
the lines that name a wanted subreddit are parsed; the others are passed over by a search for bytes.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from enum import Enum, auto
from pathlib import Path
from typing import ClassVar, Final

from core.errors import BadInput
from crawler.sources import Fetch, Malformed, Page, Post, SourceFailed
from crawler.sources.dump_lines import (
    MAX_LINE_BYTES,
    Block,
    blocks,
    end_of_line,
    first_lines,
    size_of,
    spans,
    unpacking,
)
from crawler.sources.fields import Json, parse
from crawler.sources.reddit_posts import community_of, post_of

__all__ = ["ArcticShift"]

_PAGE_SIZE: Final = 200  # posts
_KEY: Final = b'"subreddit"'
_ANY_NAME: Final = re.compile(_KEY + rb'\s*:\s*"([^"\\]{1,50})"')
# Of the text, in which the names of other subreddits are noted, to tell what was meant by a
# misspelt one: some 30,000 posts.
_NOTED_BYTES: Final = 2**26

Outcome = Post | Malformed
Spans = Callable[[bytes], Iterator[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class ArcticShift:
    """The posts of one dump that are asked for.

    Decompressing takes as much memory as the dump's window, up to 2 GiB; all else takes some MB.

    Args:
        path: a .zst file, or one that is decompressed already.
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

    def check(self) -> None:
        """See that the file is a dump of posts.

        Raises:
            BadInput: it is missing or holds something else; the message says what to do.
        """
        lines = first_lines(self.path, self.read_bytes)
        kinds = {_kind(line) for line in lines}
        if _Kind.POST in kinds or not lines:
            return
        if program := unpacking(self.path):
            raise BadInput(
                f"{self.path}: is packed in another way than by zstd; first {program} it"
            )
        if _Kind.COMMENT in kinds:
            name = self.path.name
            there = f"RS{name[2:]}" if name.startswith("RC_") else "files such as RS_2024-01.zst"
            raise BadInput(f"{self.path}: holds comments; the posts are in {there}")
        raise BadInput(
            f"{self.path}: is no dump of Reddit's posts, which has one on each line, as JSON; name "
            "a file such as RS_2024-01.zst"
        )

    async def pages(self, fetch: Fetch, mark: str | None) -> AsyncIterator[Page]:
        """List the posts in the order of the dump, without fetching anything.

        The mark says how much of the text is done. zstd cannot begin in the middle, so that the
        text before a mark is decompressed again, and not looked at.

        Raises:
            BadInput: as of `check`.
            SourceFailed: the file is damaged.
        """
        # Closed when it is dropped: if this task is cancelled, a thread is still at work in it.
        pages = self._pages(mark)
        while page := await asyncio.to_thread(next, pages, None):
            yield page

    @property
    def _communities(self) -> str:
        return "r/" + ("+".join(sorted(self.subreddits)) or "all")

    def _pages(self, kept: str | None) -> Iterator[Page]:
        mark = _Mark.read(kept, self.path, self.subreddits)
        if mark.is_done:
            return
        if mark.text_bytes == 0:
            self.check()
        posts, n_left, given = list[Outcome](), self.limit, 0
        start = mark.text_bytes
        try:
            for post, done in self._outcomes(mark):
                mark.text_bytes = max(done, start)
                if post is not None:
                    posts.append(post)
                is_enough = len(posts) == n_left
                if is_enough or len(posts) == _PAGE_SIZE or done - given >= self.step_bytes:
                    yield Page(posts, mark.written())
                    if is_enough:
                        return
                    n_left = None if n_left is None else n_left - len(posts)
                    posts, given = [], done
        except SourceFailed:
            if mark.text_bytes > start:
                yield Page(posts, mark.written())
            raise
        mark.is_done = True
        yield Page(posts, mark.written(), self._remark(mark))

    def _outcomes(self, mark: "_Mark") -> Iterator[tuple[Outcome | None, int]]:
        """The posts asked for, each with how much of the text is done; None: only that."""
        find = _spans_naming(self.subreddits) if self.subreddits else spans
        for block in blocks(self.path, mark.text_bytes, self.read_bytes):
            mark.note(block)
            if block.has_skipped:
                what = f"longer than {MAX_LINE_BYTES} bytes"
                yield Malformed(f"a line of {self.path.name} is {what}"), block.at
            for begin, end in find(block.lines):
                post = self._post(block.lines[begin:end], mark)
                if post is not None:
                    yield post, block.at + end
            yield None, block.end

    def _post(self, line: bytes, mark: "_Mark") -> Outcome | None:
        """What a line holds; None: nothing that is asked for."""
        try:
            data = parse(line)
        except ValueError as error:
            return Malformed(f"a line of {self.path.name}: {error}")
        if not isinstance(data, dict):
            return Malformed(f"a line of {self.path.name} is not a post")
        # What was found may be the subreddit of a post that this one shows: a crosspost.
        name = (community_of(data) or "").lower()
        if self.subreddits and name not in self.subreddits:
            return None
        mark.found.add(name)
        post = post_of(data)
        return post if isinstance(post, Malformed) or self._is_asked_for(post) else None

    def _is_asked_for(self, post: Post) -> bool:
        at, score = post.posted_at, post.score
        return not (
            (self.since and at and at < self.since)
            or (self.until and at and at >= self.until)
            or (self.min_score is not None and score is not None and score < self.min_score)
        )

    def _remark(self, mark: "_Mark") -> str | None:
        """Which subreddits the whole dump has nothing of, and what may have been meant."""
        missing = sorted(self.subreddits - mark.found)
        if not missing:
            return None
        near = [name for one in missing for name in get_close_matches(one, mark.others, cutoff=0.7)]
        like = f"; there is {_listed(near)}" if near else ""
        return f"{self.path.name}: has no post of {_listed(missing)}; see how it is spelled{like}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"r/{name}" for name in dict.fromkeys(names))


class _Kind(Enum):
    POST = auto()
    COMMENT = auto()
    OTHER = auto()


def _kind(line: bytes) -> _Kind:
    try:
        data = parse(line)
    except ValueError:
        return _Kind.OTHER
    if not isinstance(data, dict) or community_of(data) is None:
        return _Kind.OTHER
    if "body" in data and "title" not in data:
        return _Kind.COMMENT
    return _Kind.POST if isinstance(post_of(data), Post) else _Kind.OTHER


@dataclass(slots=True)
class _Mark:
    """How far the listing of one file has come, and which names were in it until there."""

    file_bytes: int  # of the whole file: of another size, it is another one, or more of it
    text_bytes: int = 0  # that are done
    is_done: bool = False
    found: set[str] = field(default_factory=set)  # of the subreddits asked for, in lower case
    others: set[str] = field(default_factory=set)  # some that the dump has; not kept

    @classmethod
    def read(cls, kept: str | None, path: Path, asked: frozenset[str]) -> "_Mark":
        """What `written` gave, or the beginning.

        Raises:
            BadInput: there is no such file.
        """
        n_bytes = size_of(path)
        said: Json = {} if kept is None else json.loads(kept)
        if said.get("file_bytes") != n_bytes:
            return cls(n_bytes)
        done = said["text_bytes"]
        # Marks of before tell nothing of the names.
        return cls(n_bytes, done or 0, done is None, set(said.get("found", asked)))

    def written(self) -> str:
        """To be kept with what was listed until there."""
        done = None if self.is_done else self.text_bytes
        return json.dumps(
            {"file_bytes": self.file_bytes, "text_bytes": done, "found": sorted(self.found)}
        )

    def note(self, block: Block) -> None:
        """Which names stand at the beginning of the dump."""
        if block.at < _NOTED_BYTES:
            names = _ANY_NAME.findall(block.lines)
            self.others.update(name.decode(errors="replace").lower() for name in set(names))


def _spans_naming(subreddits: frozenset[str]) -> Spans:
    """Finds the lines in which one of the subreddits stands, as that of the post or otherwise."""
    names = b"|".join(re.escape(name.encode()) for name in sorted(subreddits))
    match = re.compile(_KEY + rb'\s*:\s*"(?i:' + names + rb')"').match

    def find(lines: bytes) -> Iterator[tuple[int, int]]:
        at = lines.find(_KEY)  # takes two thirds of what a search for the expression does
        while at >= 0:
            after = at + len(_KEY)
            if match(lines, at):
                after = end_of_line(lines, at)
                yield lines.rfind(b"\n", 0, at) + 1, after
            at = lines.find(_KEY, after)

    return find
