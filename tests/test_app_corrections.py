"""What people send from the window with the right genre, and where it goes."""

import random
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import select

from core.settings import Settings
from db.memes import Collection
from db.models import Meme, Sighting, Vote
from demo.drawing import draw
from tests.app_server import Server, served
from tests.conftest import Trained
from tests.pictures import encode

VISITOR = "visitor-0001"


@pytest.fixture(scope="module")
def server(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Of models alone: there is no collection yet."""
    data_dir = tmp_path_factory.mktemp("corrections")
    copy = trained.copy_to(data_dir / "copy")
    (copy / "models").rename(data_dir / "models")
    with served(data_dir, "--workers", "1") as running:
        yield running


@pytest.fixture
def collection(server: Server) -> Iterator[Collection]:
    """What the server keeps."""
    opened = Collection.open(Settings(data_dir=server.data_dir))
    yield opened
    opened.database.engine.dispose()


def meme(seed: str) -> bytes:
    return encode(draw("rage_comic", random.Random(seed)).convert("RGB"), "PNG")


def correct(server: Server, data: bytes, name: str, **fields: str) -> httpx.Response:
    """Send one correction under a key, as the window does."""
    told = {"genre": "ironic", "visitor": VISITOR, "key": name} | fields
    return server.client.post("/v1/corrections", files={"file": ("a", data)}, data=told)


def test_a_correction_is_kept_as_a_meme_and_one_question(
    server: Server, collection: Collection
) -> None:
    first = correct(server, meme("one"), "key-of-one")
    again = correct(server, meme("one"), "key-of-one")
    assert (first.status_code, again.status_code) == (200, 200), first.text
    assert (first.json()["is_new"], again.json()["is_new"]) == (True, False)
    other = correct(server, meme("one"), "key-of-two", genre="political", visitor="visitor-0002")
    assert other.json()["meme_id"] == first.json()["meme_id"]
    with collection.database.reading() as session:
        row = session.get_one(Meme, first.json()["meme_id"])
        assert collection.media.get(row.sha256, row.format) == meme("one")
        seen = session.scalars(select(Sighting).where(Sighting.meme_id == row.id)).one()
        assert seen.source == "window"
        votes = session.scalars(select(Vote).where(Vote.meme_id == row.id).order_by(Vote.id)).all()
    assert [(v.annotator, v.genre, v.channel, v.saw_suggestion) for v in votes] == [
        ("visitor visitor-0001", "ironic", "correction", True),
        ("visitor visitor-0002", "political", "correction", True),
    ]


def test_a_correction_can_be_taken_back_by_who_sent_it(
    server: Server, collection: Collection
) -> None:
    meme_id = correct(server, meme("two"), "key-taken-back").json()["meme_id"]

    def take_back(visitor: str) -> int:
        path = "/v1/corrections/key-taken-back"
        return server.client.delete(path, params={"visitor": visitor}).status_code

    assert take_back("visitor-9999") == 404
    assert take_back(VISITOR) == 204
    assert take_back(VISITOR) == 404
    with collection.database.reading() as session:
        assert session.scalars(select(Vote).where(Vote.meme_id == meme_id)).all() == []
        assert session.get(Meme, meme_id) is None


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"genre": "no genre"}, 400),
        ({"visitor": "a b"}, 400),
        ({"key": ""}, 400),
        ({"more": "x"}, 400),
    ],
)
def test_what_is_not_as_documented_is_refused(
    server: Server, fields: dict[str, str], status: int
) -> None:
    answer = correct(server, meme("three"), "key-refused", **fields)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, "bad_request")


def test_what_is_no_picture_is_not_kept(server: Server, collection: Collection) -> None:
    answer = correct(server, b"no picture", "key-no-picture")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_an_image")
    with collection.database.reading() as session:
        assert not session.scalars(
            select(Vote).where(Vote.idempotency_key == "key-no-picture")
        ).all()


def test_pictures_of_the_collection_are_served_small_and_nothing_else(server: Server) -> None:
    correct(server, meme("four"), "key-of-four")
    found = server.client.post(
        "/v1/classify", content=meme("four"), params={"words": "0", "include": "known"}
    ).json()["known"]
    assert found["relation"] == "same_file"
    small = server.client.get(f"/v1/memes/{found['meme']['sha256']}/thumbnail")
    assert small.headers["Content-Type"] == "image/jpeg"
    assert "sandbox" in small.headers["Content-Security-Policy"]
    for name in ("0" * 64, "x", "memes.db"):
        assert server.client.get(f"/v1/memes/{name}/thumbnail").status_code == 404
    # Streamlit turns away what looks like a way out of a folder.
    assert server.client.get("/v1/memes/..%2f..%2fmemes.db/thumbnail").status_code == 400


def test_a_server_may_take_no_corrections(trained: Trained) -> None:
    with served(trained.data_dir, "--workers", "1", corrections="false") as server:
        answer = correct(server, meme("five"), "key-of-five")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "corrections_off")
