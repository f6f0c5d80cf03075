"""What the crawler may connect to: public addresses, and a proxy for them."""

import asyncio
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from threading import Thread

import pytest
from scrapy import Request
from sqlalchemy import select

from core.settings import Settings
from crawler.addresses import is_allowed, is_public_name
from crawler.guard import GuardMiddleware, RefusedAddress
from db.models import Refused, Sighting
from db.session import Database
from tests.reddit_fixtures import linking
from tests.test_crawler_faults import QUICK
from tests.test_crawler_run import body, command, picture, stub
from tests.test_crawler_sources import dump

# Addresses


@pytest.mark.parametrize(
    "address",
    [
        # What Python's is_global, in one version or another, takes for public
        "192.0.0.192",
        "192.0.0.9",
        "192.88.99.1",
        "168.63.129.16",
        "64:ff9b::7f00:1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::8.8.8.8",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
        "::127.0.0.1",
        "::10.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "fec0::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
        "2001:20::1",
        "3fff::1",
        "5f00::1",
        "100::1",
        "2001:db8::1",
        "fd00:ec2::254",
        "fe80::1%eth0",
        "2606:4700::1111%1",
        "ff02::1",
        "ff0e::1",
        "::",
        "::1",
        # and the well known
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "169.254.169.254",
        "172.31.255.255",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
    ],
)
def test_an_address_that_is_not_of_the_public_web_is_refused(address: str) -> None:
    assert not is_allowed(address, ())


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.0",
        "172.32.0.1",
        "192.0.1.1",
        "198.17.255.255",
        "198.20.0.0",
        "2606:4700::1111",
        "2a00:1450:4001:82a::200e",
        "64:ff9b::8.8.8.8",  # what stands for a public address is one
        "2002:808:808::1",
        "::ffff:8.8.8.8",
    ],
)
def test_an_address_of_the_public_web_is_allowed(address: str) -> None:
    assert is_allowed(address, ())


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3", "10.1.0.0/16"),
        ("::ffff:10.1.2.3", "10.1.0.0/16"),
        ("64:ff9b::10.1.2.3", "10.1.0.0/16"),
        ("64:ff9b::10.1.2.3", "64:ff9b::/96"),
        ("fe80::1%eth0", "fe80::/10"),
        ("fd00::1", "fd00::/8"),
    ],
)
def test_what_the_settings_name_is_allowed_and_nothing_beside_it(
    address: str, network: str
) -> None:
    assert is_allowed(address, (ip_network(network),))
    assert not is_allowed("10.2.0.1", (ip_network(network),))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("i.redd.it", True),
        ("memes.example", True),
        ("xn--e1afmkfd.xn--p1ai", True),
        ("a_b.example.com.", True),
        ("localhost", False),
        ("LOCALHOST.", False),
        ("me.localhost", False),
        ("nas.local", False),
        ("metadata.google.internal", False),
        ("router.home.arpa", False),
        ("intranet", False),
        ("1.2.3", False),  # no names: numbers that a proxy may read as an address
        ("a.0x7f", False),
        ("127.0.0.%31", False),
        ("::1", False),
        ("", False),
    ],
)
def test_a_name_of_the_public_web_has_a_domain_that_is_not_kept_for_homes(
    host: str, expected: bool
) -> None:
    assert is_public_name(host) is expected


# Proxies


@contextmanager
def proxy(asked: list[str], redirects: dict[str, str]) -> Iterator[int]:
    """A proxy that answers itself, with a picture or as told; it opens no tunnel."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            to = redirects.get(self.path)
            answer = body(picture(len(asked))) if to is None else body(b"", 302, Location=to)
            answer(self)

        def do_CONNECT(self) -> None:
            asked.append(self.path)
            self.send_error(403, "Not through here")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def collected(data_dir: Path, urls: Sequence[str], **variables: str) -> dict[str, str]:
    """What becomes of posts that link these addresses, where no network is allowed."""
    posts = [linking(url, id=f"p{i}") for i, url in enumerate(urls)]
    file = dump(data_dir / "RS_2015-03.zst", posts)
    unset = {name: "" for name in os.environ if name.lower().endswith("_proxy")}
    quick = {"MEMEERA_RETRY_DELAY_S": "0.005"}
    variables = unset | quick | {"MEMEERA_ALLOWED_NETWORKS": ""} | variables
    command(data_dir, "backfill", str(file), "--subreddit", "memes", **variables)
    with Database.open(Settings(data_dir=data_dir)).reading() as session:
        had = dict.fromkeys(session.scalars(select(Sighting.image_url)), "taken")
        return had | {row.image_url: str(row.reason) for row in session.scalars(select(Refused))}


def test_no_variable_of_proxies_opens_a_private_address(tmp_path: Path) -> None:
    hits: list[str] = []
    asked: list[str] = []
    secret = {"/secret.png": lambda request: hits.append(request.path)}
    with stub(secret) as inside, proxy(asked, {}) as port:
        urls = [
            f"{inside}/secret.png",
            f"{inside.replace('127.0.0.1', 'localhost')}/secret.png",
            f"{inside.replace('127.0.0.1', 'LOCALHOST.')}/secret.png",
            f"http://127.0.0.1:{port}/secret.png",  # the proxy, taken for a site
        ]
        found = collected(
            tmp_path,
            urls,
            https_proxy=f"http://127.0.0.1:{port}",
            foo_proxy="127.0.0.1",
            NO_PROXY="localhost",
        )
    assert set(found.values()) == {"refused_address"}
    assert (len(found), hits, asked) == (4, [], [])


def test_a_proxy_is_asked_for_nothing_but_the_public_web(tmp_path: Path) -> None:
    asked: list[str] = []
    leading = {
        "http://memes.example/in.png": "http://127.0.0.1:9/secret.png",
        "http://memes.example/on.png": "http://other.example/3.png",
    }
    with proxy(asked, leading) as port:
        right = {
            "http://memes.example/1.png": "taken",
            "http://memes.example/on.png": "taken",
            "http://memes.example/in.png": "refused_address",
            "https://memes.example/4.png": "no_answer",  # no tunnel was opened
            "http://127.0.0.1:9/secret.png": "refused_address",
            "https://127.0.0.1:9/secret.png": "refused_address",
            "http://169.254.169.254/latest.png": "refused_address",
            "http://nas.local/secret.png": "refused_address",
        }
        by_name = f"http://localhost:{port}"
        found = collected(tmp_path, list(right), http_proxy=by_name, https_proxy=by_name)
    assert found == right
    assert set(asked) == {
        "http://memes.example/1.png",
        "http://memes.example/on.png",
        "http://other.example/3.png",
        "http://memes.example/in.png",
        "memes.example:443",
    }


def test_a_proxy_that_opens_no_tunnel_is_one_line(tmp_path: Path) -> None:
    with proxy([], {}) as port:
        by_name = f"http://localhost:{port}"
        run = ("run", "lemmy", "--community", "memes")
        done = command(tmp_path, *run, sites="https://memes.example", https_proxy=by_name, **QUICK)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "gave no answer: Could not open CONNECT tunnel" in done.stderr


def refusal(url: str, *networks: str) -> str:
    """Why a proxy is not asked for an address; empty: it is."""
    guard = GuardMiddleware(tuple(map(ip_network, networks)))
    request = Request(url, meta={"proxy": "http://10.0.0.1:3128"})
    try:
        asyncio.run(guard.process_request(request))
    except RefusedAddress as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "\uff11\uff12\uff17.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LocalHost.",
        "memes.example@127.0.0.1",
        "127.0.0.1@memes.example",
        "intranet",
        "300.300.300.300",
    ],
)
def test_no_spelling_of_a_private_address_is_asked_of_a_proxy(host: str) -> None:
    assert refusal(f"http://{host}/x.png")


def test_what_the_settings_allow_may_be_asked_of_a_proxy() -> None:
    assert "set MEMEERA_ALLOWED_NETWORKS=127.0.0.1/32" in refusal("http://127.0.0.1/x.png")
    assert refusal("http://127.0.0.1/x.png", "127.0.0.0/8") == ""
    assert refusal("http://10.0.0.1/x.png", "127.0.0.0/8")


def test_a_name_with_one_private_address_among_others_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", (address, 0)) for address in ("93.184.215.14", "10.0.0.7")]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert "10.0.0.7" in refusal("http://memes.example/x.png")
