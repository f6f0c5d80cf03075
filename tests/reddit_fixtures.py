"""Posts in the shape of Reddit's, made up, and a Reddit on loopback that lists them."""

import base64
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]

NEWEST = 1_770_000_000  # when post number 0 was made; each further one a minute earlier


def submission(post_id: str = "1abcde", **fields: Any) -> Json:
    """A post with one picture, as the API of 2026 shows it; fields that are None are kept."""
    return {
        "id": post_id,
        "name": f"t3_{post_id}",
        "subreddit": "memes",
        "title": "A title",
        "author": "somebody",
        "created_utc": float(NEWEST),
        "score": 7,
        "over_18": False,
        "permalink": f"/r/memes/comments/{post_id}/a_title/",
        "link_flair_text": None,
        "selftext": "",
        "is_self": False,
        "is_video": False,
        "is_created_from_ads_ui": False,
        "removed_by_category": None,
        "stickied": False,
        "thumbnail": "https://preview.redd.it/thumb.jpeg?width=140&s=0",
        "url": f"https://i.redd.it/{post_id}.jpeg",
        "url_overridden_by_dest": f"https://i.redd.it/{post_id}.jpeg",
        "post_hint": "image",
        **fields,
    }


def linking(url: str, **fields: Any) -> Json:
    """A post that links there; without a preview, a thumbnail or a hint if none is given."""
    bare = {"url_overridden_by_dest": url, "thumbnail": "", "post_hint": None}
    return submission(**{"url": url, **bare, **fields})


def preview(url: str = "https://preview.redd.it/still.jpg?auto=webp&s=1") -> Json:
    """The field of that name, with one picture."""
    source = {"url": url, "width": 640, "height": 480}
    return {"images": [{"source": source, "resolutions": [], "variants": {}}], "enabled": True}


def image(name: str, **fields: Any) -> Json:
    """An entry of media_metadata: a picture in three sizes."""
    url = f"https://preview.redd.it/{name}.jpg?width="
    sizes = [{"x": x, "y": x, "u": f"{url}{x}&crop=smart&s=1"} for x in (108, 216)]
    full = {"x": 800, "y": 800, "u": f"{url}800&format=pjpg&s=2"}
    return {"status": "valid", "e": "Image", "m": "image/jpg", "p": sizes, "s": full, **fields}


def gallery(media: Mapping[str, Json], names: Sequence[str] | None = None, **fields: Any) -> Json:
    """A post that shows these, in the order of their names."""
    items = [{"media_id": name, "id": 1} for name in (media if names is None else names)]
    return linking(
        "https://www.reddit.com/gallery/1abcde",
        **{
            "is_gallery": True,
            "gallery_data": {"items": items},
            "media_metadata": dict(media),
            **fields,
        },
    )


def posts(n: int, first: int = 0, **fields: Any) -> list[Json]:
    """Posts by their number from 0, a minute apart, the newest first."""
    return [
        submission(f"p{i}", **{"created_utc": float(NEWEST - 60 * i), **fields})
        for i in range(first, first + n)
    ]


@dataclass
class StubReddit:
    """A Reddit that does what a test tells it to, and remembers what it was asked."""

    client: tuple[str, str] = ("an-id", "a-secret")
    listings: dict[str, list[Any]] = field(default_factory=dict)  # "new", "top-week", …
    known: dict[str, Json] = field(default_factory=dict)  # for /api/info
    trouble: deque[Any] = field(default_factory=deque)  # what comes instead, one a request
    lives_for: int | None = None  # requests that a token is good for
    expires_in: int = 86_400  # seconds, as said with the token
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    n_tokens: int = 0
    url: str = ""
    closing: Event = field(default_factory=Event)
    n_uses: int = 0
    on_request: Callable[[], None] = lambda: None  # behind each answer to GET

    @property
    def paths(self) -> list[str]:
        """What was asked for, without the queries."""
        return [urlsplit(target).path for target in self.asked]

    def answer(self, path: str, query: Mapping[str, str]) -> tuple[int, dict[str, str], Any]:
        """Status, headers and body."""
        if path == "/api/info":
            names = query["id"].split(",")
            found = [self.known[name] for name in names if name in self.known]
            return 200, self.headers, _page(found, None)
        sort = path.rpartition("/")[2]
        listed = self.listings.get(f"{sort}-{query['t']}" if "t" in query else sort, [])
        ids = [post["id"] if isinstance(post, dict) else None for post in listed]
        start = ids.index(query["after"].removeprefix("t3_")) + 1 if "after" in query else 0
        some = listed[start : start + int(query["limit"])]
        is_last = start + len(some) >= len(listed)
        return 200, self.headers, _page(some, None if is_last else f"t3_{some[-1]['id']}")


def _page(listed: list[Any], after: str | None) -> Json:
    children = [{"kind": "t3", "data": post} if isinstance(post, dict) else post for post in listed]
    return {"kind": "Listing", "data": {"after": after, "before": None, "children": children}}


@contextmanager
def serve(reddit: StubReddit) -> Iterator[StubReddit]:
    """The same, while it is served on 127.0.0.1."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(reddit))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    reddit.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield reddit
    finally:
        reddit.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(reddit: StubReddit) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"]))
            if parse_qs(form) != {b"grant_type": [b"client_credentials"]}:
                self.reply(400, {}, {"message": "Bad Request", "error": 400})
                return
            wanted = base64.b64encode(":".join(reddit.client).encode()).decode()
            if self.headers["Authorization"] != f"Basic {wanted}":
                self.reply(401, {}, {"message": "Unauthorized", "error": 401})
                return
            reddit.n_tokens, reddit.n_uses = reddit.n_tokens + 1, 0
            token = {"access_token": f"token-{reddit.n_tokens}", "token_type": "bearer"}
            self.reply(200, {}, {**token, "expires_in": reddit.expires_in, "scope": "*"})

        def do_GET(self) -> None:
            reddit.asked.append(self.path)
            reddit.n_uses += 1
            is_known = self.headers["Authorization"] == f"bearer token-{reddit.n_tokens}"
            if not is_known or (reddit.lives_for and reddit.n_uses > reddit.lives_for):
                says = {"WWW-Authenticate": 'Bearer realm="reddit", error="invalid_token"'}
                self.reply(401, says, {"message": "Unauthorized", "error": 401})
                return
            trouble = reddit.trouble.popleft() if reddit.trouble else None
            if trouble == "hang":
                reddit.closing.wait()
            elif trouble == "hang up":
                self.close_connection = True
            elif trouble is not None:
                self.reply(*trouble)
            else:
                parts = urlsplit(self.path)
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                self.reply(*reddit.answer(parts.path, query))
            reddit.on_request()

        def reply(self, status: int, headers: Mapping[str, str], body: Any) -> None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            # Else PRAW, which wants each token over a connection of its own, would use it again.
            ends = {"Connection": "close"} if self.close_connection else {}
            self.send_response(status)
            for name, value in {**headers, **ends, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            pass

    return Handler
