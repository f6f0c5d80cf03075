"""What is read out of the elements of an HTML page."""

from datetime import UTC, datetime

import pytest
from parsel import Selector

from crawler.markup import Document, first, is_web, text_of, time_of

URL = "https://memes.example/new"


def document(text: str) -> Document:
    """A page of this markup."""
    return Document.parse(text.encode(), URL)


def element(text: str, selector: str = "body > *") -> Selector:
    """The first element of this markup that a selector finds."""
    found = first(document(text).root, selector)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", True),
        ("http://a.example:8080/x", True),
        ("a.example/x", False),
        ("https:///x", False),
        ("ftp://a.example", False),
        ("javascript:more()", False),
        ("http://[x/", False),
        ("", False),
    ],
)
def test_an_address_of_the_web_is_whole(url: str, expected: bool) -> None:
    assert is_web(url) is expected


def test_the_first_of_several_elements_is_found_or_none() -> None:
    page = document("<p>a</p><p>b</p>")
    found = first(page.root, "p")
    assert found is not None
    assert text_of(found) == "a"
    assert first(page.root, "img") is None
    assert first(page.root, None) is None


@pytest.mark.parametrize(
    ("href", "link", "permalink"),
    [
        ("/7", "https://memes.example/7", "https://memes.example/7"),
        (" /7#comments\n", "https://memes.example/7", "https://memes.example/7"),
        ("#p7", URL, f"{URL}#p7"),
        ("#", URL, None),
        ("", None, None),
        ("mailto:a@b.example", None, None),
        ("http://[x/", None, None),
    ],
)
def test_a_link_leads_to_a_page_and_a_permalink_to_a_post(
    href: str, link: str | None, permalink: str | None
) -> None:
    page, anchor = document(""), element(f'<a href="{href}">see</a>')
    assert page.link(anchor) == link
    assert page.permalink(anchor) == permalink


def test_an_element_without_the_attribute_leads_nowhere() -> None:
    page, nothing = document(""), element("<b>x</b>")
    assert (page.link(nothing), page.permalink(nothing), page.image(nothing)) == (None, None, None)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("//cdn.example/x/", "https://cdn.example/x/a.jpg"),
        ("/y/", "https://memes.example/y/a.jpg"),
        ("http://[x/", "https://memes.example/a.jpg"),  # not an address: as if there were none
    ],
)
def test_addresses_are_relative_to_the_base_that_the_page_names(base: str, expected: str) -> None:
    page = document(f'<base href="{base}"><img src="a.jpg">')
    image = first(page.root, "img")
    assert image is not None
    assert page.image(image) == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ('<img src="/s.jpg" srcset="/m.jpg 640w, /l.jpg 1280w, /s.jpg 320w">', "/l.jpg"),
        ('<img srcset="/w_9,h_9/a.jpg 9w, /w_90,h_90/a.jpg 90w">', "/w_90,h_90/a.jpg"),
        ('<img srcset="/a.jpg 1w" data-srcset="/b.jpg 1w">', "/b.jpg"),
        ('<img src="/spinner.gif" data-src="/a.jpg#x">', "/a.jpg"),
        ('<img srcset="data:image/gif;base64,R0 9w" src="/a.jpg">', "/a.jpg"),
        ('<a href="/a.jpg">see</a>', "/a.jpg"),
    ],
)
def test_the_image_is_the_best_that_an_element_names(image: str, expected: str) -> None:
    assert document("").image(element(image)) == f"https://memes.example{expected}"


def test_a_selector_may_lead_to_the_value_itself() -> None:
    page = document("")
    assert page.image(element('<video poster="/a.png">', "video::attr(poster)")) == (
        "https://memes.example/a.png"
    )
    assert text_of(element('<img alt=" x  y ">', "img::attr(alt)")) == "x y"
    day = element('<b data-at="2020-02-03"></b>', "b::attr(data-at)")
    assert time_of(day) == datetime(2020, 2, 3, tzinfo=UTC)


def test_a_text_has_single_spaces() -> None:
    assert text_of(element("<h2> Post <b>7</b>\n\n of 9 </h2>")) == "Post 7 of 9"


@pytest.mark.parametrize(
    ("markup", "date_format", "expected"),
    [
        ('<time datetime="2024-03-05T07:00:00+01:00">', None, datetime(2024, 3, 5, 6, tzinfo=UTC)),
        ('<time datetime="soon">2024-03-05</time>', None, datetime(2024, 3, 5, tzinfo=UTC)),
        ("<b>Tue, 05 Mar 2024 07:00:00 +0100</b>", None, datetime(2024, 3, 5, 6, tzinfo=UTC)),
        ("<b>5.3.2024</b>", "%d.%m.%Y", datetime(2024, 3, 5, tzinfo=UTC)),
        ("<b>5.3.2024</b>", None, None),
        ("<b>5 hours ago</b>", None, None),
        ('<time datetime="0001-01-01T00:00:00+05:00">', None, None),  # before the year 1 in UTC
    ],
)
def test_a_time_is_in_utc_or_none(
    markup: str, date_format: str | None, expected: datetime | None
) -> None:
    assert time_of(element(markup), date_format) == expected


@pytest.mark.parametrize(
    "body",
    [
        "<p>né</p>".encode(),
        "<p>né</p>".encode("utf-16"),  # with a byte order mark
        "<p>né</p>".encode("latin-1"),  # says nothing of it
        b'<meta charset="iso-8859-2">' + "<p>né</p>".encode("iso-8859-2"),
        b'<meta charset="base64">' + "<p>né</p>".encode(),
        b'<meta charset="no such">' + "<p>né</p>".encode(),
    ],
)
def test_a_page_is_read_in_its_own_encoding(body: bytes) -> None:
    found = first(Document.parse(body, URL).root, "p")
    assert found is not None
    assert text_of(found) == "né"
