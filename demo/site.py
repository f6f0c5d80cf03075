"""A small Lemmy-compatible site on loopback, for crawling without a network.

`python -m demo.site --port N` serves it until interrupted.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from urllib.parse import parse_qsl, urlsplit

import click

from demo.collection import DemoPost, posts
from demo.lemmy import Listed, listed, pictureless, post_list

_ROBOTS = b"User-agent: *\nDisallow: /admin\n"
_PAGE = b"<!DOCTYPE html><html><head><title>A page</title></head><body>No picture.</body></html>\n"
# by extension, as a site that trusts its uploaders would say it: so wrong for some
_TYPES: Mapping[str, str] = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
}


@contextmanager
def serve(
    collection: Sequence[DemoPost], hits: Counter[str] | None = None, port: int = 0
) -> Iterator[str]:
    """The site's base URL, while it is being served on 127.0.0.1.

    Args:
        collection: The posts with their files.
        hits: Counts the requests by path, without the query, as they come in; complete once a
            reply has been read.
        port: 0 takes any free one.
    """
    server = _Server(collection, Counter() if hits is None else hits, port)
    # a short poll, because closing waits for one
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.base_url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # the usual 5 refuses a crawler that opens its connections at once

    def __init__(self, collection: Sequence[DemoPost], hits: Counter[str], port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.base_url = f"http://127.0.0.1:{self.server_address[1]}"
        pictured = [listed(post) for post in collection]
        self.listing: Sequence[Listed] = [*pictured, *pictureless(pictured)]
        self.files: Mapping[str, bytes] = {post.file_name: post.data for post in collection}
        self._hits, self._lock = hits, Lock()

    def count(self, path: str) -> None:
        with self._lock:
            self._hits[path] += 1


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # unbuffered, head and body leave as two packets, and a kept-alive client waits 40 ms for the
    # second one
    wbufsize = -1

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.server.count(parts.path)
        match parts.path.split("/")[1:]:
            case ["api", "v3", "post", "list"]:
                self._list(dict(parse_qsl(parts.query)))
            case ["pictrs", "image", name] if name in self.server.files:
                kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
                self._send(HTTPStatus.OK, kind, self.server.files[name])
            case ["robots.txt"]:
                self._send(HTTPStatus.OK, "text/plain; charset=utf-8", _ROBOTS)
            case ["page.html"]:
                self._send(HTTPStatus.OK, "text/html; charset=utf-8", _PAGE)
            case [""]:
                self._send(HTTPStatus.OK, "text/html; charset=utf-8", self._front_page())
            case _:
                self._send(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"not found\n")

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: the hits are counted instead."""

    def _list(self, query: Mapping[str, str]) -> None:
        reply = post_list(self.server.listing, query, self.server.base_url)
        self._send(reply.status, "application/json", json.dumps(reply.body).encode())

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _front_page(self) -> bytes:
        names = sorted({post.community for post in self.server.listing})
        href = "/api/v3/post/list?sort=New&amp;community_name="
        items = "".join(f'<li><a href="{href}{name}">{name}</a></li>' for name in names)
        head = "<!DOCTYPE html><html><head><title>memeEra demo site</title></head>"
        return f"{head}<body><h1>Communities</h1><ul>{items}</ul></body></html>\n".encode()


@click.command()
@click.option("--port", default=8536, show_default=True, help="0 takes any free one.")
@click.option("--seed", default=1, show_default=True, help="Which memes are drawn.")
@click.option("--per-genre", default=20, show_default=True, help="Memes drawn for each genre.")
def main(port: int, seed: int, per_genre: int) -> None:
    """Serve the demo's memes on loopback until interrupted."""
    with serve(posts(seed, per_genre), port=port) as base_url:
        click.echo(f"{base_url}/ (Ctrl+C ends it)")
        try:
            Event().wait()
        except KeyboardInterrupt:
            click.echo("ended")


if __name__ == "__main__":
    main()
