"""Where a run of a listing ends, and what mark it leaves."""

from datetime import UTC, datetime, timedelta

import pytest

from crawler.sources import Malformed, Page, Post
from crawler.sources.newest import Progress


def at(day: int) -> str:
    """A day in March, as the mark says it."""
    return datetime(2024, 3, day, tzinfo=UTC).isoformat()


def post(day: int | None) -> Post:
    """One of that day, or without a time; one a day."""
    time = None if day is None else datetime(2024, 3, day, tzinfo=UTC)
    return Post(source="here", post_id=str(day), media=(), posted_at=time)


def posts(*days: int) -> list[Post | Malformed]:
    """One of each day."""
    return [post(day) for day in days]


def ids(page: Page) -> list[str]:
    """The posts of a page."""
    return [post.post_id for post in page.posts if isinstance(post, Post)]


def run(mark: int | None = None, limit: int | None = None) -> Progress:
    """One through a listing that is newest first, after one to that day."""
    return Progress(None if mark is None else at(mark), limit, newest_first=True)


def test_the_last_page_carries_the_mark_of_the_newest_post() -> None:
    progress = run()
    assert progress.page(posts(9, 8), is_last=False).mark is None
    assert progress.page(posts(7), is_last=True).mark == at(9)
    assert not progress.is_done  # it is the source that has no more


def test_a_mark_does_not_move_back() -> None:
    assert run(mark=9).page(posts(5), is_last=True).mark == at(9)


def test_nothing_listed_has_no_mark() -> None:
    assert run().page([], is_last=True).mark is None
    undated: list[Post | Malformed] = [post(None), Malformed("?")]
    page = run().page(undated, is_last=True)
    assert (page.posts, page.mark) == (undated, None)


def test_a_page_of_posts_older_than_a_day_before_the_mark_is_the_last() -> None:
    progress = run(mark=7)
    assert progress.page(posts(9, 6), is_last=False).mark is None
    assert progress.page(posts(6, 5), is_last=False).mark is None  # a day before, and no older
    assert not progress.is_done
    assert progress.page(posts(5, 4), is_last=False).mark == at(9)
    assert progress.is_done


def test_an_old_post_that_is_pinned_above_new_ones_ends_nothing() -> None:
    progress = run(mark=7)
    assert ids(progress.page(posts(1, 9, 8), is_last=False)) == ["1", "9", "8"]
    assert not progress.is_done


def test_posts_without_a_time_do_not_end_a_run() -> None:
    progress = run(mark=7)
    undated: list[Post | Malformed] = [post(None), Malformed("?")]
    progress.page(undated, is_last=False)
    assert not progress.is_done


def test_a_post_is_given_once_and_counts_once_against_the_limit() -> None:
    progress = run(limit=3)
    assert ids(progress.page(posts(9, 8), is_last=False)) == ["9", "8"]
    assert ids(progress.page(posts(8, 7, 6), is_last=False)) == ["7"]
    assert progress.is_done


def test_what_is_malformed_counts_against_the_limit() -> None:
    progress = run(limit=2)
    assert len(progress.page([Malformed("?"), Malformed("?"), post(9)], is_last=False).posts) == 2
    assert progress.is_done


def test_a_limit_completes_the_first_run() -> None:
    progress = run(limit=3)
    assert progress.page(posts(9, 8), is_last=False).mark is None
    assert progress.page(posts(7, 6), is_last=False).mark == at(9)


@pytest.mark.parametrize("is_last", [False, True])
def test_what_a_limit_cuts_off_a_later_run_is_a_gap(is_last: bool) -> None:
    progress = run(mark=1, limit=3)
    assert progress.page(posts(9, 8), is_last=False).mark is None
    page = progress.page(posts(7, 6), is_last=is_last)
    assert (ids(page), page.mark) == (["7"], None)
    assert progress.is_done


def test_a_limit_that_the_last_page_just_reaches_leaves_no_gap() -> None:
    progress = run(mark=1, limit=4)
    progress.page(posts(9, 8), is_last=False)
    assert progress.page(posts(7, 6), is_last=True).mark == at(9)


def test_a_mark_is_of_a_post_that_was_given() -> None:
    page = run(limit=1).page(posts(1, 9), is_last=False)  # the first is pinned
    assert (ids(page), page.mark) == (["1"], at(1))


def test_another_order_has_no_mark_and_is_listed_to_its_end() -> None:
    progress = Progress(at(20), None, newest_first=False)
    assert progress.page(posts(9, 8), is_last=False).mark is None
    assert not progress.is_done
    assert progress.page(posts(7), is_last=True).mark is None


def test_a_post_of_the_future_neither_sets_the_mark_nor_keeps_a_listing_going() -> None:
    wrong = Post(
        source="here", post_id="wrong", media=(), posted_at=datetime(2038, 1, 1, tzinfo=UTC)
    )
    assert run().page([wrong, *posts(7)], is_last=True).mark == at(7)
    progress = run(mark=9)
    progress.page([wrong, *posts(7)], is_last=False)
    assert progress.is_done


def test_a_post_by_a_clock_a_little_ahead_sets_the_mark_to_now() -> None:
    soon = datetime.now(UTC) + timedelta(hours=2)
    mark = (
        run()
        .page([Post(source="here", post_id="soon", media=(), posted_at=soon)], is_last=True)
        .mark
    )
    assert mark is not None
    assert datetime.fromisoformat(mark) <= datetime.now(UTC)


def test_a_mark_of_the_future_heals() -> None:
    progress = Progress("2038-01-01T00:00:00+00:00", None, newest_first=True)
    progress.page(posts(9), is_last=False)
    assert not progress.is_done  # what it kept from being listed is listed now
    assert progress.page(posts(8), is_last=True).mark == at(9)
