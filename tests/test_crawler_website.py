"""What the site source makes of pages, of their robots.txt, and of a table that defines a site."""

import asyncio
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import BadInput, Reject
from crawler.robots import Robots, Rules
from crawler.sources import Answer, Malformed, Page, Post, SourceFailed
from crawler.sources.website import Selectors, Site, from_table

HOME = "https://memes.example"
START = f"{HOME}/new"
ROBOTS = f"{HOME}/robots.txt"
AGENT = "memeEra/0.1 (a meme collection for research)"
ALL = Selectors(
    item="article", image="img.meme", title="h2", date="time", link="a.post", next_page="a.next"
)

Answers = Mapping[str, bytes | str | SourceFailed]


@dataclass
class Web:
    """Answers by address, and leads on; what it has none for is missing."""

    answers: Answers
    leads: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None
    asked: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._robots = Robots(self, AGENT)

    async def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        answer = self.answers.get(url, SourceFailed(f"{url} answered 404", 404))
        if isinstance(answer, SourceFailed):
            raise answer
        return answer if isinstance(answer, bytes) else answer.encode()

    async def page(self, url: str) -> Answer:
        await self._robots.check(url)
        if url in self.leads:
            self.asked.append(url)
            return await self.page(self.leads[url])
        return Answer(url, await self(url), self.content_type)

    async def rules(self, url: str) -> Rules:
        return await self._robots.rules(url)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def article(number: int, *, day: int = 1) -> str:
    """One post of a page."""
    return f"""<article>
      <h2> Post   {number} </h2>
      <time datetime="2024-03-{day:02}T10:00:00+01:00">some time ago</time>
      <a class="post" href="/post/{number}#comments">see</a>
      <img class="face" src="/face.png"><img class="meme" src="/img/{number}.jpg">
    </article>"""


def html(*parts: str, following: str | None = None) -> str:
    """A page, with a link to the next one."""
    link = f'<a class="next" href="{following}">older</a>' if following else ""
    return f"<html><head></head><body>{''.join(parts)}{link}</body></html>"


def site(**more: Any) -> Site:
    """The site of these tests."""
    fields = {"site_name": "gallery", "start_url": START, "selectors": ALL}
    return Site(**{**fields, **more})


def listed(web: Web, source: Site | None = None, mark: str | None = None) -> list[Page]:
    """The pages that a source lists."""

    async def collect() -> list[Page]:
        pages = (source or site(sleep=web.sleep)).pages(web, mark)
        return [page async for page in pages]

    return asyncio.run(collect())


def posts(pages: Sequence[Page]) -> list[Post | Malformed]:
    """All posts of these pages."""
    return [post for page in pages for post in page.posts]


def numbers(pages: Sequence[Page]) -> list[int]:
    """Which articles these pages have."""
    found = [post.post_id for post in posts(pages) if isinstance(post, Post)]
    return [int(post_id.rsplit("/", 1)[1]) for post_id in found]


def one(item: str, selectors: Selectors = ALL, page: str | None = None, **more: Any) -> Post:
    """The post that an item gives."""
    web = Web({START: page or html(item)})
    (post,) = posts(listed(web, site(selectors=selectors, **more)))
    assert isinstance(post, Post)
    return post


def media(item: str, image: str = "img") -> tuple[str, ...]:
    """The pictures of an item."""
    return one(f"<article>{item}</article>", Selectors(item="article", image=image)).media


# What a page says


def test_a_post_keeps_what_its_item_says() -> None:
    assert one(article(7)) == Post(
        source="site",
        post_id=f"{HOME}/post/7",
        media=(f"{HOME}/img/7.jpg",),
        community="gallery",
        permalink=f"{HOME}/post/7",
        title="Post 7",
        posted_at=datetime(2024, 3, 1, 9, tzinfo=UTC),
    )


def test_without_a_link_a_post_is_known_by_its_picture() -> None:
    post = one('<article><img src="b.jpg?size=1#x"></article>', Selectors(item="article"))
    assert post.post_id == f"{HOME}/b.jpg?size=1"
    assert post.media == (post.post_id,)
    assert post.permalink is None
    assert post.title is None
    assert post.posted_at is None


def test_an_item_may_be_the_picture_itself() -> None:
    assert one('<img class="m" src="a.jpg">', Selectors(item="img.m")).media == (f"{HOME}/a.jpg",)


def test_links_within_the_page_tell_posts_apart_by_their_fragment() -> None:
    items = [f'<article><a class="post" href="#p{n}"></a></article>' for n in (1, 2)]
    linked = posts(listed(Web({START: html(*items)})))
    assert [post.post_id for post in linked if isinstance(post, Post)] == [
        f"{START}#p1",
        f"{START}#p2",
    ]


@pytest.mark.parametrize("href", ["#", "javascript:open(7)", "mailto:a@b.example", "http://[x/"])
def test_a_link_that_leads_to_no_post_is_none(href: str) -> None:
    item = f'<article><a class="post" href="{href}"></a><img class="meme" src="a.jpg"></article>'
    assert one(item).post_id == f"{HOME}/a.jpg"


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ('<img src="/a.jpg">', ["/a.jpg"]),
        ('<img src="data:image/gif;base64,R0" data-src="/a.jpg">', ["/a.jpg"]),
        ('<img src="/spinner.gif" data-src=" /a.jpg\n">', ["/a.jpg"]),
        ('<img src="/s.jpg" srcset="/m.jpg 640w, /l.jpg 1280w, /s.jpg 320w">', ["/l.jpg"]),
        ('<img src="/s.jpg" srcset="/s.jpg, /l.jpg 1.5x">', ["/l.jpg"]),
        ('<img src="/s.jpg" srcset="/s.jpg 1x,/l.jpg 2x">', ["/l.jpg"]),
        # An address may hold commas.
        ('<img srcset="/w_9,h_9/a.jpg 9w, /w_90,h_90/a.jpg 90w">', ["/w_90,h_90/a.jpg"]),
        ('<img srcset="data:image/gif;base64,R0 9w" data-srcset="/a.jpg 1w">', ["/a.jpg"]),
        ('<img srcset="data:image/gif;base64,R0 9w" src="/a.jpg">', ["/a.jpg"]),
        ('<img src="/a.jpg" srcset=" , ">', ["/a.jpg"]),
        ('<img src="/a.jpg"><img src="/b.jpg"><img data-src="/a.jpg">', ["/a.jpg", "/b.jpg"]),
    ],
)
def test_the_picture_is_the_largest_that_an_image_names(item: str, expected: list[str]) -> None:
    assert media(item) == tuple(HOME + path for path in expected)


def test_the_picture_may_be_where_a_link_leads_or_in_any_attribute() -> None:
    assert media('<a href="/big.png"><img src="/small.png"></a>', "a") == (f"{HOME}/big.png",)
    assert media('<video poster="/still.png">', "video::attr(poster)") == (f"{HOME}/still.png",)


def test_where_a_link_leads_to_a_page_with_one_picture_it_is_that_picture() -> None:
    link = '<a href="https://imgflip.com/i/8abc12"><img src="/small.png"></a>'
    assert media(link, "a") == ("https://i.imgflip.com/8abc12.jpg",)


def test_a_title_and_a_date_may_be_in_any_attribute() -> None:
    selectors = Selectors(
        item="article", title="img::attr(alt)", date="b::attr(data-at)", link="a::attr(data-to)"
    )
    item = '<article><img src="a" alt=" x  y "><b data-at="2020-02-03"></b><a data-to="/7"></a>'
    post = one(item, selectors)
    assert post.title == "x y"
    assert post.posted_at == datetime(2020, 2, 3, tzinfo=UTC)
    assert post.permalink == f"{HOME}/7"


def test_addresses_are_relative_to_the_base_that_a_page_names() -> None:
    page = '<base href="//cdn.example/x/"><article><img class="meme" src="a.jpg"></article>'
    assert one("", page=page).media == ("https://cdn.example/x/a.jpg",)
    page = '<base href="http://[x/"><article><img class="meme" src="a.jpg"></article>'
    assert one("", page=page).media == (f"{HOME}/a.jpg",)


def test_an_item_without_a_picture_has_no_media_and_one_without_anything_is_malformed() -> None:
    words = '<article><a class="post" href="/post/1"></a></article>'
    post, bad = posts(listed(Web({START: html(words, "<article>advertisement</article>")})))
    assert isinstance(post, Post)
    assert (post.media, post.reason) == ((), Reject.NO_PICTURE)
    assert isinstance(bad, Malformed)


@pytest.mark.parametrize(
    ("item", "date_format", "expected"),
    [
        ('<time datetime="2024-03-05T06:07:08Z"></time>', None, (2024, 3, 5, 6, 7, 8)),
        ("<time>2024-03-05</time>", None, (2024, 3, 5)),
        ("<time> Tue, 05 Mar 2024 07:07:08 +0100 </time>", None, (2024, 3, 5, 6, 7, 8)),
        ('<time datetime="soon">2024-03-05</time>', None, (2024, 3, 5)),
        ("<time>5.3.2024</time>", "%d.%m.%Y", (2024, 3, 5)),
        ('<time datetime="2024-03-05">5 hours ago</time>', "%d.%m.%Y", (2024, 3, 5)),
        ("<time>5 hours ago</time>", None, None),
        ("<time></time>", None, None),
        ("", None, None),
        ('<time datetime="0001-01-01T00:00:00+05:00"></time>', None, None),
        (f"<time>1 Jan 2024 00:00:00 {'9' * 30} 10:10</time>", None, None),
    ],
)
def test_a_date_is_read_from_the_attribute_or_the_text(
    item: str, date_format: str | None, expected: tuple[int, ...] | None
) -> None:
    post = one(f'<article>{item}<img class="meme" src="a.jpg"></article>', date_format=date_format)
    at = None if expected is None else datetime(*expected, tzinfo=UTC)  # type: ignore[arg-type, misc]
    assert post.posted_at == at


# Which characters a page is made of

TITLE = '<article><h2>{}</h2><img class="meme" src="a.jpg"></article>'


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (TITLE.format("Кот").encode(), "Кот"),
        (b'<meta charset="windows-1251">' + TITLE.format("Кот").encode("cp1251"), "Кот"),
        (TITLE.format("Кот").encode("utf-16"), "Кот"),  # with a byte order mark
        (TITLE.format("chaton né").encode("latin-1"), "chaton né"),  # says nothing of it
        (b'<meta charset="base64">' + TITLE.format("né").encode(), "né"),
        (b'<meta charset="no such">' + TITLE.format("né").encode(), "né"),
        (b'<meta charset="unicode_escape">' + TITLE.format(r"x\u0041y").encode(), r"x\u0041y"),
        (TITLE.format("a\0b").encode(), "ab"),
    ],
)
def test_a_page_is_read_in_its_own_encoding(body: bytes, title: str) -> None:
    (post,) = posts(listed(Web({START: body})))
    assert isinstance(post, Post)
    assert post.title == title


def test_what_the_server_says_of_a_page_comes_before_what_the_page_says() -> None:
    page = b'<meta charset="utf-8">' + TITLE.format("Кот").encode("cp1251")
    (post,) = posts(listed(Web({START: page}, content_type="text/html; charset=windows-1251")))
    assert isinstance(post, Post)
    assert post.title == "Кот"


# Where a page leads


def test_addresses_are_relative_to_the_page_that_answered() -> None:
    elsewhere = "https://pics.example/archive/new/"
    relative = """<article><a class="post" href="7">see</a><img class="meme" src="7.jpg"></article>
        <a class="next" href="?page=2">older</a>"""
    web = Web({elsewhere: relative, f"{elsewhere}?page=2": ""}, leads={START: elsewhere})
    (post,) = posts(listed(web))
    assert isinstance(post, Post)
    assert (post.post_id, post.media) == (f"{elsewhere}7", (f"{elsewhere}7.jpg",))
    assert web.asked[-1] == f"{elsewhere}?page=2"
    based = f'<base href="../pictures/">{relative}'
    (post,) = posts(listed(Web({elsewhere: based}, leads={START: elsewhere}), site(max_pages=1)))
    assert isinstance(post, Post)
    assert post.media == ("https://pics.example/archive/pictures/7.jpg",)


def test_a_page_that_leads_to_one_that_was_seen_ends_the_listing() -> None:
    web = Web({START: html(article(1), following="/old")}, leads={f"{HOME}/old": START})
    assert numbers(listed(web)) == [1, 1]
    assert web.asked == [ROBOTS, START, f"{HOME}/old", START]


@pytest.mark.parametrize("to", [f"{HOME}/secret", "https://other.example/secret"])
def test_a_redirect_to_what_a_robots_txt_disallows_is_not_followed(to: str) -> None:
    rules = "User-agent: *\nDisallow: /secret"
    host = to.removesuffix("/secret")
    web = Web({to: html(article(1)), f"{host}/robots.txt": rules}, leads={START: to})
    with pytest.raises(SourceFailed, match=f"gallery at .* does not allow {to}"):
        listed(web)
    assert to not in web.asked


def test_pictures_obey_the_robots_txt_of_the_host_that_answered() -> None:
    other = "https://pics.example"
    web = Web(
        {f"{other}/new": html(article(1)), f"{other}/robots.txt": "User-agent: *\nDisallow: /img/"},
        leads={START: f"{other}/new"},
    )
    (post,) = posts(listed(web))
    assert isinstance(post, Post)
    assert (post.media, post.reason) == ((), Reject.REFUSED_ADDRESS)


# From page to page


def chain(*pages: Sequence[int]) -> dict[str, str]:
    """Pages of articles, each with a link to the next."""
    urls = [START, *(f"{START}/{n}" for n in range(2, len(pages) + 1))]
    following = [*(f"/new/{n}" for n in range(2, len(pages) + 1)), None]
    return {
        url: html(*map(article, ids), following=next_path)
        for url, ids, next_path in zip(urls, pages, following, strict=True)
    }


def test_pages_are_followed_to_the_last_whose_mark_names_the_first_posts() -> None:
    web = Web(chain([9, 8], [7, 6], [5]))
    pages = listed(web)
    assert numbers(pages) == [9, 8, 7, 6, 5]
    assert web.asked == [ROBOTS, START, f"{START}/2", f"{START}/3"]
    assert [page.mark for page in pages[:2]] == [None, None]
    assert json.loads(pages[2].mark or "") == [f"{HOME}/post/9", f"{HOME}/post/8"]


def test_a_mark_names_twenty_posts_at_most() -> None:
    (page,) = listed(Web(chain(range(30, 0, -1))))
    assert json.loads(page.mark or "") == [f"{HOME}/post/{n}" for n in range(30, 10, -1)]


def test_a_link_to_a_page_that_was_seen_ends_the_listing() -> None:
    web = Web(
        {
            START: html(article(2), following="/new?page=2"),
            f"{START}?page=2": html(article(1), following="/new#top"),
        }
    )
    pages = listed(web, site(start_url=f"{START}#posts"))
    assert numbers(pages) == [2, 1]
    assert pages[-1].mark is not None


@pytest.mark.parametrize("href", ["javascript:more()", "http://[x/", ""])
def test_a_link_that_leads_nowhere_ends_the_listing(href: str) -> None:
    assert numbers(listed(Web({START: html(article(1), following=href)}))) == [1]


def test_a_later_page_without_items_is_the_end() -> None:
    web = Web({START: html(article(1), following="/2"), f"{HOME}/2": html(following="/3")})
    pages = listed(web)
    assert numbers(pages) == [1]
    assert web.asked[-1] == f"{HOME}/2"
    assert pages[-1].mark is not None


def test_a_first_page_without_items_is_a_failure_that_names_the_selector() -> None:
    for body in (html("<p>hello</p>"), "", "{}"):
        with pytest.raises(SourceFailed, match=r"gallery at memes\.example: item = 'article'"):
            listed(Web({START: body}))


def test_limits_count_posts_and_pages() -> None:
    answers = chain([9, 8], [7, 6], [5, 4])
    web = Web(answers)
    assert numbers(listed(web, site(limit=3))) == [9, 8, 7]
    assert web.asked == [ROBOTS, START, f"{START}/2"]
    assert numbers(listed(Web(answers), site(limit=2))) == [9, 8]
    web = Web(answers)
    assert numbers(listed(web, site(max_pages=2))) == [9, 8, 7, 6]
    assert web.asked == [ROBOTS, START, f"{START}/2"]


def test_a_page_that_cannot_be_fetched_is_a_failure_after_what_was_given() -> None:
    web = Web({START: html(article(1), following="/2")})
    given: list[Page] = []

    async def collect() -> None:
        async for page in site().pages(web, None):
            given.append(page)  # noqa: PERF401 # a comprehension would lose what came first

    with pytest.raises(SourceFailed, match="/2 answered 404"):
        asyncio.run(collect())
    assert numbers(given) == [1]
    assert given[0].mark is None


# What is new since the last listing


def mark(*ids: int) -> str:
    """The mark after a listing that began with these."""
    return json.dumps([f"{HOME}/post/{n}" for n in ids])


def test_the_listing_ends_behind_the_page_with_which_half_of_the_mark_was_passed() -> None:
    web = Web(chain([9, 8], [7, 6], [5, 4], [3, 2]))
    pages = listed(web, mark=mark(6, 5, 4))  # 6 alone is less than half, 6 and 5 are more
    assert numbers(pages) == [9, 8, 7, 6, 5, 4]
    assert json.loads(pages[-1].mark or "") == [f"{HOME}/post/9", f"{HOME}/post/8"]


def test_where_nothing_is_new_one_page_is_enough() -> None:
    web = Web(chain(range(30, 15, -1), range(15, 0, -1)))
    assert len(listed(web, mark=mark(*range(30, 10, -1)))) == 1


def test_a_pinned_post_does_not_end_the_listing() -> None:
    web = Web(chain([1, 9, 8], [7, 6, 5], [4, 3, 2]))
    assert numbers(listed(web, mark=mark(1, 6, 5, 4))) == [1, 9, 8, 7, 6, 5]


def test_posts_of_the_mark_may_be_deleted_meanwhile() -> None:
    web = Web(chain([9, 8], [7, 4], [3, 2]))
    assert numbers(listed(web, mark=mark(7, 6, 5, 4))) == [9, 8, 7, 4]


def test_a_limit_that_leaves_a_gap_to_the_last_listing_does_not_move_its_mark() -> None:
    answers = chain([9, 8], [7, 6], [5, 4])
    (first,) = listed(Web(answers), site(limit=2))
    assert first.mark is not None
    (cut,) = listed(Web(answers), site(limit=2), mark=mark(5, 4))
    assert cut.mark is None
    *_, last = listed(Web(answers), site(limit=4), mark=mark(7, 6))
    assert last.mark is not None


def test_a_listing_that_is_not_by_time_has_no_mark_and_heeds_none() -> None:
    pages = listed(Web(chain([9, 8], [7])), site(newest_first=False), mark=mark(9, 8))
    assert numbers(pages) == [9, 8, 7]
    assert {page.mark for page in pages} == {None}


# What robots.txt says


def test_a_page_that_robots_txt_disallows_is_not_fetched() -> None:
    web = Web({ROBOTS: "User-agent: *\nDisallow: /new", START: html(article(1))})
    with pytest.raises(
        SourceFailed, match=r"robots\.txt does not allow https://memes\.example/new"
    ):
        listed(web)
    assert web.asked == [ROBOTS]


def test_a_later_page_that_robots_txt_disallows_is_a_failure_after_what_was_given() -> None:
    answers = {**chain([2], [1]), ROBOTS: "User-agent: *\nDisallow: /new/2"}
    web = Web(answers)
    with pytest.raises(SourceFailed, match="/new/2"):
        listed(web)
    assert web.asked == [ROBOTS, START]


def test_rules_for_another_crawler_are_not_ours() -> None:
    rules = "User-agent: otherbot\nDisallow: /\n\nUser-agent: memeera\nDisallow: /secret"
    assert numbers(listed(Web({ROBOTS: rules, START: html(article(1))}))) == [1]
    rules = "\ufeffUser-agent: memeEra\nDisallow: /\n\nUser-agent: *\nAllow: /"
    with pytest.raises(SourceFailed, match="does not allow"):
        listed(Web({ROBOTS: rules, START: html(article(1))}))


@pytest.mark.parametrize("status", [204, 401, 403, 404, 410])
def test_where_there_is_no_robots_txt_all_is_allowed(status: int) -> None:
    missing = SourceFailed(f"answered {status}", status)
    assert numbers(listed(Web({ROBOTS: missing, START: html(article(1))}))) == [1]


@pytest.mark.parametrize("status", [None, 408, 429, 500, 503])
def test_where_robots_txt_is_out_of_reach_nothing_is_fetched(status: int | None) -> None:
    web = Web({ROBOTS: SourceFailed("gave no answer", status), START: html(article(1))})
    with pytest.raises(SourceFailed, match=r"gallery at .*out of reach.*gave no answer") as failed:
        listed(web)
    assert failed.value.status == status
    assert web.asked == [ROBOTS]


@pytest.mark.parametrize("body", [b"", b"<html>no such page</html>", b"\xff\xfe\0", b"Disallow: /"])
def test_a_robots_txt_without_rules_forbids_nothing(body: bytes) -> None:
    assert numbers(listed(Web({ROBOTS: body, START: html(article(1))}))) == [1]


def test_pictures_that_robots_txt_disallows_are_refused() -> None:
    items = [
        '<article><a class="post" href="/post/1"></a><img class="meme" src="/img/1.jpg"></article>',
        '<article><img class="meme" src="/img/2.jpg"><img class="meme" src="/3.jpg"></article>',
        '<article><img class="meme" src="//cdn.example/img/4.jpg"></article>',
    ]
    web = Web({ROBOTS: "User-agent: *\nDisallow: /img/", START: html(*items)})
    first, second, third = posts(listed(web))
    assert isinstance(first, Post)
    assert isinstance(second, Post)
    assert isinstance(third, Post)
    assert (first.media, first.reason) == ((), Reject.REFUSED_ADDRESS)
    assert first.post_id == f"{HOME}/post/1"
    # A post's name does not depend on which of its pictures may be fetched today.
    assert (second.post_id, second.media) == (f"{HOME}/img/2.jpg", (f"{HOME}/3.jpg",))
    assert third.media == ("https://cdn.example/img/4.jpg",)


def test_another_host_has_its_own_robots_txt() -> None:
    other = "https://archive.example"
    web = Web(
        {
            START: html(article(1), following=f"{other}/2"),
            f"{other}/robots.txt": "User-agent: *\nDisallow: /2",
        }
    )
    with pytest.raises(SourceFailed, match="does not allow https://archive"):
        listed(web)
    assert web.asked == [ROBOTS, START, f"{other}/robots.txt"]


@pytest.mark.parametrize(
    ("delay", "slept"), [("2.5", [2.5, 2.5]), ("86400", [60, 60]), ("0", []), ("inf", [])]
)
def test_pages_are_as_far_apart_as_robots_txt_asks_within_bounds(
    delay: str, slept: list[float]
) -> None:
    web = Web({**chain([3], [2], [1]), ROBOTS: f"User-agent: *\nCrawl-delay: {delay}"})
    listed(web)
    assert web.slept == slept


# How a site is defined

TABLE = """
start_url = "https://memes.example/new"
item = "article"
image = "img.meme"
title = "h2"
date = "time"
link = "a.post"
next_page = "a.next"
date_format = "%d.%m.%Y"
newest_first = false
max_pages = 7
limit = 70
"""


def defined(text: str) -> Site:
    """The site that a TOML table defines."""
    return from_table("gallery", tomllib.loads(text))


def test_a_table_defines_a_site() -> None:
    assert defined(TABLE) == site(date_format="%d.%m.%Y", newest_first=False, max_pages=7, limit=70)


def test_a_first_page_and_an_item_are_enough() -> None:
    source = defined(f'start_url = "{START}"\nitem = "article"')
    assert source == site(selectors=Selectors(item="article"))
    assert source.newest_first
    assert source.target == "gallery at memes.example"
    assert source.listing == f"site:gallery:{START}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('items = "article"', "items: there is no such key; there are start_url, item, image"),
        ('user_agent = "x"', "user_agent: there is no such key"),
        ("item = 7", "item: 7 is not text in quotes"),
        ("limit = true", "limit: True is not a whole number"),
        ('max_pages = "7"', "max_pages: '7' is not a whole number"),
        ("newest_first = 1", "newest_first: 1 is not true or false"),
        ("limit = 0", "limit: 0 is less than 1"),
        ("max_pages = -1", "max_pages: -1 is less than 1"),
        ('start_url = "memes.example"', "start_url: 'memes.example' is no address"),
        ('start_url = "file:///etc/hostname"', "start_url: .* is no address"),
        ('start_url = "http://[x/"', "start_url: .* is no address"),
        ('item = "article["', "item: .* is no CSS selector"),
        ('image = ""', "image: '' is no CSS selector"),
        ('title = "h2::content"', "title: .* is no CSS selector"),
        ('link = "svg|a"', "link: .* is no CSS selector"),
        ('next_page = "> a"', "next_page: .* is no CSS selector"),
        ('item = "article::text"', "item: .* is not an element"),
        ('date_format = "%Q"', "date_format: '%Q'"),
        ('date_format = "%d %B"', "date_format: '%d %B' has no year"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_by_the_key_that_is_wrong(
    line: str, message: str
) -> None:
    key = line.partition(" =")[0]
    rest = [kept for kept in TABLE.splitlines() if not kept.startswith(f"{key} =")]
    with pytest.raises(BadInput, match=r"^\[site\.gallery\]: " + message):
        defined("\n".join([*rest, line]))


@pytest.mark.parametrize("key", ["start_url", "item"])
def test_what_a_table_lacks_is_named(key: str) -> None:
    rest = [kept for kept in TABLE.splitlines() if not kept.startswith(f"{key} =")]
    with pytest.raises(BadInput, match=f"{key}: it is missing"):
        defined("\n".join(rest))
