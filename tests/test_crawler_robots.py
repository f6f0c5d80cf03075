"""What a robots.txt allows, where there is one, and where there is none."""

import asyncio
from dataclasses import dataclass, field

import pytest

from crawler.robots import Robots, Rules
from crawler.sources import SourceFailed

HOME = "https://memes.example"
AGENT = "memeEra/0.1 (a meme collection for research)"


@dataclass
class Web:
    """Gives every host the same robots.txt."""

    answer: str | bytes | SourceFailed
    asked: list[str] = field(default_factory=list)

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if isinstance(self.answer, SourceFailed):
            raise self.answer
        return self.answer if isinstance(self.answer, bytes) else self.answer.encode()


def rules(answer: str | bytes | SourceFailed, url: str = f"{HOME}/new") -> Rules:
    """The rules of an address's host, whose robots.txt is this."""
    return asyncio.run(Robots(Web(answer).fetch, AGENT).rules(url))


def test_a_path_is_allowed_unless_it_is_forbidden() -> None:
    found = rules("User-agent: *\nDisallow: /img/\nAllow: /img/public/")
    assert found.allow(f"{HOME}/new")
    assert not found.allow(f"{HOME}/img/1.jpg")
    assert found.allow(f"{HOME}/img/public/1.jpg")


def test_a_host_has_no_say_on_others_and_is_known_in_any_case() -> None:
    found = rules("User-agent: *\nDisallow: /")
    assert found.allow("https://cdn.example/1.jpg")
    assert found.allow(f"{HOME}:8443/1.jpg")  # another port has another robots.txt
    assert not found.allow("https://MEMES.example/1.jpg")


def test_rules_for_this_crawler_replace_those_for_all() -> None:
    found = rules("User-agent: *\nDisallow: /\n\nUser-agent: memeera\nDisallow: /secret")
    assert found.allow(f"{HOME}/new")
    assert not found.allow(f"{HOME}/secret")


def test_a_byte_order_mark_hides_no_rule() -> None:
    assert not rules("\ufeffUser-agent: *\nDisallow: /").allow(f"{HOME}/new")


def test_what_lies_beyond_500_kib_is_not_read() -> None:
    first_line = b"User-agent: *\nDisallow: /near\n"
    body = first_line + b"#" * (500 * 1024 - len(first_line) - 1) + b"\nDisallow: /far\n"
    assert not rules(body).allow(f"{HOME}/near")
    assert rules(body).allow(f"{HOME}/far")


@pytest.mark.parametrize("status", [204, 401, 403, 404, 410])
def test_without_a_robots_txt_all_is_allowed(status: int) -> None:
    assert rules(SourceFailed("is missing", status)).allow(f"{HOME}/new")


@pytest.mark.parametrize("status", [None, 408, 429, 500, 503])
def test_a_robots_txt_out_of_reach_is_a_failure_with_its_status(status: int | None) -> None:
    with pytest.raises(SourceFailed, match=r"out of reach.*gave no answer") as failed:
        rules(SourceFailed("gave no answer", status))
    assert failed.value.status == status


@pytest.mark.parametrize("body", [b"", b"<html>no such page</html>", b"\xff\xfe\0", b"Disallow: /"])
def test_a_robots_txt_without_rules_allows_all(body: bytes) -> None:
    assert rules(body).allow(f"{HOME}/new")


@pytest.mark.parametrize(
    ("line", "delay_s"),
    [("", 0.0), ("Crawl-delay: 2.5", 2.5), ("Crawl-delay: 86400", 60.0), ("Crawl-delay: 0", 0.0)],
)
def test_a_delay_is_a_minute_at_most(line: str, delay_s: float) -> None:
    assert rules(f"User-agent: *\n{line}").delay_s == delay_s


def test_each_host_is_asked_once() -> None:
    web = Web("")

    async def ask() -> None:
        robots = Robots(web.fetch, AGENT)
        for url in (f"{HOME}/1", f"{HOME}/2", "https://other.example/1", f"{HOME}/3"):
            await robots.rules(url)

    asyncio.run(ask())
    assert web.asked == [f"{HOME}/robots.txt", "https://other.example/robots.txt"]
