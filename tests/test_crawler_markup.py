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
        ('<img srcset="/s.jpg, /l.jpg 2x" src="/m.jpg">', "/l.jpg"),
        ('<img srcset="/a.jpg 320w 200h, /b.jpg 640w 400h">', "/b.jpg"),
        ('<img srcset="/a.jpg 9q, /b.jpg 1x">', "/b.jpg"),  # an unknown size: passed over
        ('<img srcset="data:image/svg+xml,%3Csvg%20a=1,2%3E 9w, /a.jpg 1w">', "/a.jpg"),
        ('<img srcset="data:image/svg+xml;utf8,<svg w=1></svg> 9w" data-src="/a.jpg">', "/a.jpg"),
        ('<img srcset="/t.jpg" data-src="/a.jpg" src="/t.jpg">', "/a.jpg"),
        ('<img srcset="/s.jpg 1w, /l.jpg 9w" data-src="/m.jpg">', "/l.jpg"),
    ],
)
def test_the_image_is_the_best_that_an_element_names(image: str, expected: str) -> None:
    assert document("").image(element(image)) == f"https://memes.example{expected}"


SPINNER = 'src="/assets/p.gif"'  # its name does not tell


@pytest.mark.parametrize(
    "image",
    [
        *(
            f'<img {SPINNER} {name}="/a.jpg">'
            for name in (
                *("data-src", "data-lazy-src", "data-original", "data-lazy", "data-echo"),
                *("data-actualsrc", "data-cfsrc", "data-ezsrc", "data-defer-src", "lazysrc"),
                *("data-srcset", "data-lazy-srcset", "srcset", "data-full", "data-large-file"),
                *("data-hi-res-src", "data-image", "data-pagespeed-lazy-src", "data-src-retina"),
                *("data-flickity-lazyload", "data-bg", "data-orig-file", "data-img-url"),
            )
        ),
        f'<img {SPINNER} data-src="/m.jpg" data-original="/a.jpg">',
        f'<img {SPINNER} data-medium-file="/m.jpg" data-large-file="/a.jpg">',
        f'<img {SPINNER} data-thumb-src="/t.jpg" data-src="/a.jpg" data-permalink="/p/a.jpg">',
        f'<img {SPINNER} data-src-loaded="true" data-original-title="a.b c" data-lazy="/a.jpg">',
        f'<img {SPINNER} data-srcset="/s.jpg 1x, /a.jpg 2x" data-src="/s.jpg">',
        f'<picture><source srcset="/a.jpg 9w, /s.jpg 1w"><img {SPINNER}></picture>',
        f'<picture><source data-srcset="/a.jpg"><img {SPINNER} data-src="/s.jpg"></picture>',
        '<picture><source media="(max-width: 9px)" srcset="/s.jpg"><source srcset="/a.jpg">'
        '<img src="/m.jpg"></picture>',
        '<picture><source type="image/svg+xml" srcset="/v.svg 9w, /w.svg 1w">'
        '<img src="/a.jpg"></picture>',
        f'<p><img {SPINNER} class="lazy"><noscript><img src="/a.jpg"></noscript></p>',
        f'<p><img {SPINNER}><!-- x --><noscript><img srcset="/a.jpg 2x, /s.jpg 1x"></noscript></p>',
        f'<p><noscript><img src="/a.jpg"></noscript><img {SPINNER}></p>',
        f'<div><p><img {SPINNER}></p><noscript><img src="/a.jpg"></noscript></div>',
        '<p><img src="/a.jpg"><noscript><img src="/t?1" width="1" height="1"></noscript></p>',
        '<div class="meme" style="color: red; background-image: url(\'/a.jpg\')"></div>',
        '<div class="meme" data-bg="/a.jpg"></div>',
    ],
)
def test_the_picture_is_found_wherever_a_page_keeps_it_until_it_is_looked_at(image: str) -> None:
    page = document(image)
    found = [page.images(page.root.css(selector)) for selector in ("img, .meme", "body > *")]
    assert found == [["https://memes.example/a.jpg"]] * 2


@pytest.mark.parametrize(
    "name", ["spinner.gif", "loading.svg", "ajax-loader.gif", "1x1.png", "img/blank_32.gif?v=3"]
)
def test_what_stands_there_meanwhile_is_no_picture(name: str) -> None:
    page = document(f'<img src="/{name}"><img src="/{name}" srcset="/{name} 2x">')
    assert page.images(page.root.css("img")) == []


@pytest.mark.parametrize("name", ["pixel-art.png", "grey-cat.jpg", "loading-screen-meme.jpg"])
def test_a_picture_may_be_called_something_like_it(name: str) -> None:
    page = document(f'<img src="/{name}">')
    assert page.images(page.root.css("img")) == [f"https://memes.example/{name}"]


def test_images_side_by_side_are_each_found_once() -> None:
    lazy = "".join(
        f'<img {SPINNER} data-srcset="/{n}-l.jpg 9w, /{n}-s.jpg 1w">'
        f'<noscript><img src="/{n}-s.jpg"></noscript>'
        for n in "ab"
    )
    page = document(f"<p>{lazy}</p><p><img src='/c.jpg'></p>")
    names = [url.rpartition("/")[2] for url in page.images(page.root.css("img"))]
    assert names == ["a-l.jpg", "b-l.jpg", "c.jpg"]


def test_no_page_makes_finding_its_pictures_take_long() -> None:
    # Each took minutes, or would have, where time grows with the square of the length.
    many = "/a.jpg 1x," * 20_000
    page = document(f'<img srcset="{many}"><img src="/blank{"1" * 5000}!">')
    assert len(page.images(page.root.css("img"))) == 2


def test_the_value_that_a_selector_leads_to_may_be_a_set() -> None:
    image = element('<img data-set="/s.jpg 1x, /l.jpg 2x">', "img::attr(data-set)")
    assert document("").image(image) == "https://memes.example/l.jpg"


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


META = '<meta charset="{}">'


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<p>né</p>".encode(), None),
        ("<p>né</p>".encode("utf-16"), None),  # with a byte order mark
        ("<p>né</p>".encode("latin-1"), None),  # says nothing of it
        (META.format("iso-8859-2").encode() + "<p>né</p>".encode("iso-8859-2"), None),
        (META.format("utf-8").encode() + "<p>né</p>".encode("cp1252"), "text/html;charset=latin1"),
        # A mark comes before the header, the header before the page, wrong labels nowhere.
        ("\ufeff<p>né</p>".encode(), "text/html; charset=windows-1251"),
        ("<p>né</p>".encode("utf-16-le"), "text/html; charset=utf-16"),
        (META.format("utf-16").encode() + "<p>né</p>".encode(), None),
        *(
            (META.format(label).encode() + "<p>né</p>".encode(), f"text/html; charset={label}")
            for label in ("base64", "no such", "unicode_escape", "idna", "undefined", "cp037", "")
        ),
        (META.format("iso-8859-2").encode() + "<p>né</p>".encode("iso-8859-2"), "a; charset=rot13"),
    ],
)
def test_a_page_is_read_in_its_own_encoding(body: bytes, content_type: str | None) -> None:
    found = first(Document.parse(body, URL, content_type).root, "p")
    assert found is not None
    assert text_of(found) == "né"


@pytest.mark.parametrize(
    ("charset", "encoding", "text"),
    [
        ("windows-1251", "cp1251", "Кот"),
        ('"Windows-1251"', "cp1251", "Кот"),
        ("koi8-r", "koi8-r", "Кот"),
        ("Shift_JIS", "cp932", "猫①"),
        ("EUC-JP", "euc_jp", "猫"),
        ("EUC-KR", "cp949", "똠고양이"),
        ("gb2312", "gb18030", "猫镕"),
        ("Big5", "big5", "貓"),
        ("iso-8859-1", "cp1252", "“né”"),
    ],
)
def test_the_charset_of_the_header_is_that_of_the_page(
    charset: str, encoding: str, text: str
) -> None:
    body = f"<p>{text}</p>".encode(encoding)
    found = first(Document.parse(body, URL, f"text/html; charset={charset}").root, "p")
    assert found is not None
    assert text_of(found) == text
