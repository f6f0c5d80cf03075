"""What a message says of an error page, or of an answer that never came."""

import pytest
from scrapy.exceptions import DownloadFailedError
from scrapy.http import Response
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.web.client import ResponseFailed

from crawler.plain import plain, said_in, why

PAGE = "<!DOCTYPE html>\n<html><head><title> 502  Bad\nGateway </title></head><body>…</body></html>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", ""),
        ("no such community", "no such community"),
        ("first\r\n\n  second\tthird", "first second third"),
        ("x" * 300, "x" * 199 + "…"),
        (PAGE, "502 Bad Gateway"),
        ("<h1>Busy</h1>", ""),
        ("  <?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>", ""),
        ("Busy <b>now</b>", ""),
        ("<title><script>alert(1)</script></title>", ""),
        ('{"error":"couldnt_find_community"}', "couldnt_find_community"),
        ('{"error": {"code": 7, "message": "not now"}}', "not now"),
        ('{"message": "Forbidden", "error": 403}', "Forbidden"),
        ('{"title": "Gone", "status": 410}', "Gone"),
        ('{"error": "<html><body>Busy</body></html>"}', ""),
        ('{"error": 7}', ""),
        ('{"error": ', ""),
        ('"busy"', "busy"),
        ("[1]", ""),
        ("[" * 100_000, ""),
        ('{"error":' * 50_000, ""),
        ("1 < 2 > 1", "1 < 2 > 1"),
    ],
)
def test_an_error_page_is_told_in_its_words_without_its_markup(body: str, expected: str) -> None:
    assert said_in(Response("https://a.example", body=body.encode())) == expected


@pytest.mark.parametrize("body", [b"\x89PNG\r\n\x1a\n\xff\xff", b"a\0b", "né".encode("utf-16")])
def test_what_is_no_text_says_nothing(body: bytes) -> None:
    assert said_in(Response("https://a.example", body=body)) == ""


def test_why_there_is_no_answer_is_told_without_the_markup_of_what_came() -> None:
    assert why(ValueError("status: b'HTTP/1.1 <html>'")) == "status: b'HTTP/1.1"
    assert why(ValueError()) == "ValueError"
    assert why(ValueError("<html>")) == "ValueError"
    lost = ResponseFailed([Failure(ConnectionLost("gone away"))])  # type: ignore[no-untyped-call]
    error = DownloadFailedError(str(lost))
    error.__cause__ = lost
    assert why(error).startswith("Connection to the other side was lost")


def test_a_text_ends_where_markup_begins() -> None:
    assert plain("Reddit said <h1>no</h1>") == "Reddit said"
