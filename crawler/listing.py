"""Lists sources into the frontier: each page's media become pending together with its mark."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.errors import Reject
from crawler.sources import Malformed, Page, Post, Source, Visit
from db.frontier import enqueue, mark_of, move_mark, pseudonym, refuse_post, salt
from db.memes import Seen
from db.runs import Counts
from db.session import Database

__all__ = ["Lister"]

logger = logging.getLogger(__name__)

# As UTF-8; no longer one is known to lead anywhere.
_MAX_URL_BYTES: Final = 2000


@dataclass(slots=True)
class _Found:
    """What one page brings."""

    media: list[Seen] = field(default_factory=list)
    # Posts without a picture, to be recorded as such, with the reason and the same for people.
    without: list[tuple[Seen, Reject, str]] = field(default_factory=list)
    # What is only counted: another crawl may want it, or it has no name to be recorded by.
    passed_over: list[tuple[str, Reject, str]] = field(default_factory=list)


class Lister:
    """Lists the posts of sources.

    Args:
        database: keeps what is found.
        counts: are brought up to date.
        since: older posts are passed over.
        dry_run: only count, and keep nothing.
    """

    def __init__(
        self,
        database: Database,
        counts: Counts,
        *,
        since: datetime | None = None,
        dry_run: bool = False,
    ) -> None:
        self.remarks: list[str] = []
        """What people are to be told of the listings."""
        self._database = database
        self._counts = counts
        self._since = since
        self._dry_run = dry_run
        self._salt = b""

    async def list(self, source: Source, fetch: Visit) -> None:
        """List one source to its end.

        Raises:
            SourceFailed: it could not be listed, or not further.
        """
        mark = await asyncio.to_thread(self._begin, source)
        async for page in source.pages(fetch, mark):
            await asyncio.to_thread(self._take, source, page)
            if page.remark:
                self.remarks.append(page.remark)
            if source.newest_first and self._is_past(page):
                return

    def _begin(self, source: Source) -> str | None:
        if self._dry_run:
            return None  # what there is, not what is new
        with self._database.writing_alone() as session:
            self._salt = salt(session)
            return mark_of(session, source.listing)

    def _is_past(self, page: Page) -> bool:
        posts = [post for post in page.posts if isinstance(post, Post)]
        return bool(posts) and all(self._is_old(post) for post in posts)

    def _is_old(self, post: Post) -> bool:
        return bool(self._since and post.posted_at and post.posted_at < self._since)

    def _take(self, source: Source, page: Page) -> None:
        found = self._sorted_out(source, page.posts)
        if not self._dry_run:
            self._keep(source, found, page.mark)
        counts = self._counts
        counts.listed += len(found.media) + len(found.without) + len(found.passed_over)
        if self._dry_run:
            found.passed_over += [
                (seen.image_url, reason, detail) for seen, reason, detail in found.without
            ]
        for where, reason, detail in found.passed_over:
            counts.rejected[reason] += 1
            logger.info("%s: %s (%s)", where, detail, reason)

    def _sorted_out(self, source: Source, posts: Sequence[Post | Malformed]) -> _Found:
        found = _Found()
        for post in posts:
            if isinstance(post, Malformed):
                found.passed_over.append((source.target, Reject.MALFORMED, post.detail))
                continue
            where = post.permalink or post.post_id
            if self._is_old(post):
                found.passed_over.append((where, Reject.FILTERED, "older than asked for"))
            elif not post.media and post.reason is Reject.FILTERED:
                found.passed_over.append((where, Reject.FILTERED, "not asked for"))
            elif not post.media:
                seen = self._seen(post, 0, where)
                found.without.append((seen, post.reason, "a post without a picture"))
            for index, url in enumerate(() if self._is_old(post) else post.media):
                if len(url.encode(errors="replace")) > _MAX_URL_BYTES:
                    seen = self._seen(post, index, url[:100])
                    detail = f"longer than {_MAX_URL_BYTES} bytes"
                    found.without.append((seen, Reject.BAD_ADDRESS, detail))
                else:
                    found.media.append(self._seen(post, index, url))
        return found

    def _keep(self, source: Source, found: _Found, mark: str | None) -> None:
        with self._database.writing_alone() as session:
            n_known = enqueue(session, source.listing, found.media)
            refused = [one for one in found.without if refuse_post(session, source.listing, *one)]
            if mark is not None:
                move_mark(session, source.listing, mark)
        self._counts.known += n_known + len(found.without) - len(refused)
        for seen, reason, detail in refused:
            self._counts.rejected[reason] += 1
            logger.warning("%s: %s (%s)", seen.image_url, detail, reason)

    def _seen(self, post: Post, index: int, url: str) -> Seen:
        return Seen(
            source=post.source,
            post_id=post.post_id,
            media_index=index,
            image_url=url,
            community=post.community,
            permalink=post.permalink,
            title=post.title,
            flair=post.flair,
            score=post.score,
            posted_at=post.posted_at,
            nsfw=post.nsfw,
            author=None if post.author is None else pseudonym(self._salt, post.source, post.author),
            licence=post.licence,
        )
