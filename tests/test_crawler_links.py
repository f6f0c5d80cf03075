"""Which picture a link leads to, where its address says so."""

import asyncio
import json

import pytest

from crawler.links import picture_at
from crawler.sources import Post
from crawler.sources.lemmy import Lemmy
from crawler.sources.reddit_posts import post_of
from tests.reddit_fixtures import linking

HASH = "0123456789abcdef0123456789abcdef"
WIKI = "https://commons.wikimedia.org/wiki/Special:FilePath/Cat_(1).jpg"


@pytest.mark.parametrize(
    ("url", "picture"),
    [
        (
            "https://pbs.twimg.com/media/X-_1?format=jpg",
            "https://pbs.twimg.com/media/X-_1?format=jpg&name=orig",
        ),
        (
            "https://pbs.twimg.com/media/X?format=png&name=small",
            "https://pbs.twimg.com/media/X?format=png&name=orig",
        ),
        (
            "https://www.reddit.com/media?url=https%3A%2F%2Fi.redd.it%2Fa1b2.jpeg",
            "https://i.redd.it/a1b2.jpeg",
        ),
        (
            "https://old.reddit.com/media?url=https%3A%2F%2Fpreview.redd.it%2Fa-cat-v0-a1b2.png%3Fs%3D9",
            "https://i.redd.it/a1b2.png",
        ),
        ("https://preview.redd.it/a1b2.jpg?auto=webp&s=9", "https://i.redd.it/a1b2.jpg"),
        ("https://imgflip.com/i/8abc12", "https://i.imgflip.com/8abc12.jpg"),
        ("http://www.imgflip.com/i/8abc12/?utm=1", "https://i.imgflip.com/8abc12.jpg"),
        ("https://imgflip.com/gif/8abc12", "https://i.imgflip.com/8abc12.gif"),
        ("https://imgur.com/aBcDe12", "https://i.imgur.com/aBcDe12.jpg"),
        ("https://imgur.io/a-title-aBcDe12", "https://i.imgur.com/aBcDe12.jpg"),
        ("https://m.imgur.com/r/memes/aBcDe12", "https://i.imgur.com/aBcDe12.jpg"),
        ("https://i.imgur.com/aBcDe12.gifv", "https://i.imgur.com/aBcDe12.jpg"),
        (
            "https://9gag.com/gag/aAbBcC1?ref=x",
            "https://img-9gag-fun.9cache.com/photo/aAbBcC1_700b.jpg",
        ),
        (
            "https://makeameme.org/meme/one-does-not",
            "https://media.makeameme.org/created/one-does-not.jpg",
        ),
        (f"https://gyazo.com/{HASH}", f"https://i.gyazo.com/{HASH}.png"),
        (
            "https://giphy.com/gifs/cat-fall-3o7aD2saalBwwftBIY",
            "https://i.giphy.com/3o7aD2saalBwwftBIY.gif",
        ),
        ("https://giphy.com/gifs/3o7aD2saalBwwftBIY", "https://i.giphy.com/3o7aD2saalBwwftBIY.gif"),
        (
            "https://media3.giphy.com/media/3o7aD2saalBwwftBIY/giphy.mp4",
            "https://i.giphy.com/3o7aD2saalBwwftBIY.gif",
        ),
        ("https://commons.wikimedia.org/wiki/File:Cat_(1).jpg", WIKI),
        (
            "https://de.m.wikipedia.org/wiki/Datei:Cat.png",
            "https://de.m.wikipedia.org/wiki/Special:FilePath/Cat.png",
        ),
        (
            "https://en.wikipedia.org/wiki/Cat#/media/File:Cat.jpg",
            "https://en.wikipedia.org/wiki/Special:FilePath/Cat.jpg",
        ),
        (
            "https://upload.wikimedia.org/wikipedia/commons/thumb/a/ab/Cat.jpg/640px-Cat.jpg",
            "https://upload.wikimedia.org/wikipedia/commons/a/ab/Cat.jpg",
        ),
        (
            "https://github.com/a/b/blob/main/c/d.png?raw=true",
            "https://raw.githubusercontent.com/a/b/main/c/d.png",
        ),
        (
            "https://www.dropbox.com/s/abc/cat.jpg?dl=0",
            "https://dl.dropboxusercontent.com/s/abc/cat.jpg",
        ),
        (
            "https://media.discordapp.net/attachments/1/2/cat.png?ex=a&is=b&hm=c&width=3",
            "https://cdn.discordapp.com/attachments/1/2/cat.png?ex=a&is=b&hm=c",
        ),
        (
            "https://www.google.com/imgres?imgurl=https%3A%2F%2Fpics.example%2Fa.jpg&h=1",
            "https://pics.example/a.jpg",
        ),
        (
            "https://external-content.duckduckgo.com/iu/?u=https%3A%2F%2Fpics.example%2Fa.png&f=1",
            "https://pics.example/a.png",
        ),
        (
            "https://lemmy.example/api/v3/image_proxy?url=https%3A%2F%2Fpics.example%2Fa.webp",
            "https://pics.example/a.webp",
        ),
        ("https://images.weserv.nl/?url=pics.example/a.jpg", "https://pics.example/a.jpg"),
    ],
)
def test_a_page_with_one_picture_or_a_smaller_copy_leads_to_the_picture(
    url: str, picture: str
) -> None:
    assert picture_at(url) == picture
    assert picture_at(picture) == picture  # which stays as it is
    post = post_of(linking(url))
    assert isinstance(post, Post)
    assert post.media == (picture,)


@pytest.mark.parametrize(
    "url",
    [
        "https://i.redd.it/a1b2c3",
        "https://pics.example/x/photo.JPG?w=969",
        "https://pbs.twimg.com/media/X.jpg:large",
        "https://64.media.tumblr.com/a/b-1/s1280x1920/c.pnj",
        "https://cdn.discordapp.com/attachments/1/2/cat.png?ex=a&is=b&hm=c",
        "https://cdn.bsky.app/img/feed_fullsize/plain/did:plc:x/y@jpeg",
        "https://static.wikia.nocookie.net/m/images/a/ab/Cat.png/revision/latest?cb=1",
    ],
)
def test_the_address_of_a_picture_stays_as_it_is(url: str) -> None:
    assert picture_at(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://imgur.com/a/aBcDe12",
        "https://imgur.com/gallery/a-title-aBcDe12",
        "https://imgur.com/",
        "https://imgflip.com/memegenerator",
        "https://pbs.twimg.com/profile_images/1?format=html",
        "https://www.reddit.com/gallery/1abc",
        "https://www.reddit.com/media?url=https%3A%2F%2Fnews.example%2Farticle",
        "https://www.google.com/url?q=https://news.example/a",
        "https://giphy.com/explore/cats",
        "https://gyazo.com/captures",
        "https://en.wikipedia.org/wiki/Cat",
        "https://news.example/article",
        "https://v.redd.it/x",
        "https://i.redd.it/a.mp4",
        "ftp://pics.example/a.jpg",
        "//pics.example/a.jpg",
        "http://[x/a.jpg",
        "",
        "https://www.reddit.com/media?url=" + "https://www.reddit.com/media?url=" * 9,
    ],
)
def test_an_address_that_tells_of_no_picture_leads_to_none(url: str) -> None:
    assert picture_at(url) is None


def test_a_link_of_lemmy_leads_to_the_picture_whatever_its_page_is() -> None:
    links = {
        "https://imgflip.com/i/8abc12": "text/html; charset=utf-8",
        "https://imgflip.com/i/9abc12": None,
        "https://news.example/a.jpg": "text/html",
        "https://pics.example/a": "image/png",
    }
    told = {"name": "t", "published": "2024-01-01T00:00:00Z"}
    posts = [
        {**told, "ap_id": f"https://x.example/{i}", "url": url, "url_content_type": kind}
        for i, (url, kind) in enumerate(links.items())
    ]
    views = [{"post": post, "community": {"name": "memes"}} for post in posts]

    async def fetch(url: str) -> bytes:
        return json.dumps({"posts": views}).encode()

    async def listed() -> list[Post]:
        pages = Lemmy("https://lemmy.example", "memes", limit=4).pages(fetch, None)
        found = [post async for page in pages for post in page.posts]
        return [post for post in found if isinstance(post, Post)]

    assert [post.media for post in asyncio.run(listed())] == [
        ("https://i.imgflip.com/8abc12.jpg",),
        ("https://i.imgflip.com/9abc12.jpg",),
        (),
        ("https://pics.example/a",),
    ]
