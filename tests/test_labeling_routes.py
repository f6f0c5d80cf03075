"""The routes beside the pages: what they give, and whom they refuse."""

import signal
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from core.fingerprint import fingerprint
from core.settings import Settings
from db.memes import Collection, Seen
from db.models import Lease, Meme, MemeStatus, Prediction, Vote
from tests.labeling_server import Person, announced_address, end, request, serve
from tests.pictures import picture

HOSTILE = "<img src=x onerror='window.hacked = 1'>"
N = 12


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    """A dozen memes; the module's, since a server has it open."""
    opened = Collection.open(Settings(data_dir=tmp_path_factory.mktemp("data")))
    with opened.adding() as adder:
        for number in range(N):
            data = picture(number)
            adder.add(data, fingerprint(data), Seen("test", str(number), "url", title=HOSTILE))
    yield opened
    opened.database.engine.dispose()


@pytest.fixture(scope="module")
def address(collection: Collection) -> Iterator[str]:
    with serve(collection) as program:
        yield announced_address(program)
        assert end(program, signal.SIGINT) == (0, "", "")


@pytest.fixture
def ana(address: str, collection: Collection) -> Iterator[Person]:
    """Somebody; what she is given and says is no more in the next test."""
    yield Person.at(address, collection, "ana")
    with collection.database.writing() as session:
        for table in (Vote, Lease, Prediction):
            session.query(table).delete()


def sha256s(collection: Collection) -> list[str]:
    with collection.database.reading() as session:
        return list(session.scalars(select(Meme.sha256).order_by(Meme.id)))


def vote(sha256: str, genre: str | None = "ironic", **more: Any) -> dict[str, Any]:
    verdict = "genre" if genre else "skip"
    said = {"op": "vote", "key": uuid.uuid4().hex, "sha256": sha256, "verdict": verdict}
    return said | {"genre": genre} | more


def said(collection: Collection) -> list[tuple[int, str, str | None]]:
    with collection.database.reading() as session:
        rows = session.scalars(select(Vote).where(Vote.undone_at.is_(None)).order_by(Vote.id))
        return [(one.meme_id, one.annotator, one.genre) for one in rows]


def test_the_next_memes_are_given_with_what_is_known_of_them(ana: Person) -> None:
    status, answer = ana.ask("next", {"n": 5})
    assert status == 200
    assert (len(answer["memes"]), answer["n_left"], answer["n_labelled"]) == (5, N, 0)
    first = answer["memes"][0]
    assert (first["title"], first["source"], first["nsfw"]) == (HOSTILE, "test", False)
    assert first["scores"] is None
    assert ana.ask("next", {"n": 5})[1]["memes"][0]["meme_id"] not in {
        meme["meme_id"] for meme in answer["memes"]
    }


def test_what_was_before_a_person_comes_again_after_a_reload(ana: Person) -> None:
    had = [meme["meme_id"] for meme in ana.ask("next", {"n": 4})[1]["memes"]]
    again = ana.ask("next", {"n": 4, "again": had})[1]["memes"]
    assert [meme["meme_id"] for meme in again] == had


def test_what_was_given_in_a_lost_answer_comes_again(ana: Person) -> None:
    lost, here = ([m["meme_id"] for m in ana.ask("next", {"n": 3})[1]["memes"]] for _ in range(2))
    again = ana.ask("next", {"n": 3, "holding": here, "is_one_lost": True})[1]["memes"]
    assert sorted(meme["meme_id"] for meme in again) == sorted(lost)


def test_an_answer_is_kept_once_however_often_it_is_sent(
    ana: Person, collection: Collection
) -> None:
    one = vote(sha256s(collection)[0], second_genre="political", nsfw=True, saw_suggestion=True)
    for became in ("kept", "known"):
        status, answer = ana.ask("answers", {"operations": [one]})
        assert (status, answer["n_labelled"]) == (200, 1)
        assert [outcome["became"] for outcome in answer["outcomes"]] == [became]
    with collection.database.reading() as session:
        kept = session.scalars(select(Vote)).one()
    assert (kept.annotator, kept.genre, kept.second_genre) == ("ana", "ironic", "political")
    assert (kept.nsfw, kept.saw_suggestion) == (True, True)


def test_an_answer_and_its_undoing_may_come_together(ana: Person, collection: Collection) -> None:
    one, other = map(vote, sha256s(collection)[:2])
    operations = [one, {"op": "undo", "key": one["key"]}, other, {"op": "undo", "key": one["key"]}]
    _, answer = ana.ask("answers", {"operations": operations})
    became = [outcome["became"] for outcome in answer["outcomes"]]
    assert became == ["kept", "kept", "kept", "known"]
    assert [genre for _, _, genre in said(collection)] == ["ironic"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"genre": "dank"},
        {"genre": None},
        {"verdict": "skip"},
        {"second_genre": "ironic"},
        {"sha256": "../../etc/passwd"},
        {"sha256": "0" * 64},
        {"key": "short"},
        {"key": 7},
        {"annotator": "bo"},
        {"op": "drop"},
        {"year_low": 2016},
        {"year_high": 2016},
        {"year_low": "2016", "year_high": "2016"},
        {"year_low": 1989, "year_high": 2016},
        {"year_low": 2016, "year_high": 2015},
    ],
)
def test_an_answer_that_cannot_be_kept_ends_none_of_the_others(
    ana: Person, collection: Collection, wrong: dict[str, Any]
) -> None:
    good, bad = sha256s(collection)[:2]
    _, answer = ana.ask("answers", {"operations": [vote(bad) | wrong, vote(good)]})
    assert [outcome["became"] for outcome in answer["outcomes"]] == ["refused", "kept"]
    assert answer["outcomes"][0]["why"]
    assert len(said(collection)) == 1


def test_the_past_is_told_newest_first_and_in_parts(ana: Person, collection: Collection) -> None:
    ana.ask("answers", {"operations": [vote(sha256) for sha256 in sha256s(collection)[:5]]})
    _, first = ana.ask("history", {"n": 3})
    assert [answer["meme"]["sha256"] for answer in first["answers"]] == sha256s(collection)[4:1:-1]
    _, rest = ana.ask("history", {"n": 3, "before": first["answers"][-1]["vote_id"]})
    assert [answer["meme"]["sha256"] for answer in rest["answers"]] == sha256s(collection)[1::-1]


def test_years_come_with_an_answer_and_are_told_with_what_else_is_known(
    ana: Person, collection: Collection
) -> None:
    one = sha256s(collection)[0]
    answer = vote(one, year_low=2015, year_high=2016)
    assert ana.ask("answers", {"operations": [answer]})[1]["n_refused"] == 0
    (past,) = ana.ask("history", {})[1]["answers"]
    assert (past["year_low"], past["year_high"]) == (2015, 2016)
    assert past["meme"]["year"] == 2016
    nothing = [None, None]
    assert past["meme"]["clues"] == {"seen": None, "sources": nothing, "people": [2015, 2016]}
    bo = Person.at(f"http://{ana.host}", collection, "bo")
    memes = {meme["sha256"]: meme for meme in bo.ask("next", {"n": N})[1]["memes"]}
    assert one not in memes  # one answer is enough
    assert all(
        meme["clues"] == {"seen": None, "sources": nothing, "people": nothing}
        for meme in memes.values()
    )
    ana.ask("answers", {"operations": [{"op": "undo", "key": answer["key"]}]})
    memes = {meme["sha256"]: meme for meme in ana.ask("next", {"n": N})[1]["memes"]}
    assert memes[one]["clues"]["people"] == nothing


def test_examples_are_what_people_agree_on(ana: Person, collection: Collection) -> None:
    one, other, third, _ = some = sha256s(collection)[:4]
    ana.ask("answers", {"operations": [vote(sha256) for sha256 in some[:3]]})
    bo = Person.at(f"http://{ana.host}", collection, "bo")
    bo.ask("answers", {"operations": [vote(other), vote(third, "political")]})
    _, answer = ana.ask("examples", {})
    shown = {genre: [m["sha256"] for m in memes] for genre, memes in answer["examples"].items()}
    assert shown.pop("ironic") == [other, one]
    assert all(memes == [] for memes in shown.values())


def test_four_people_at_once_never_get_the_same_meme(
    address: str, collection: Collection, ana: Person
) -> None:
    people = [Person.at(address, collection, f"person {number}") for number in range(4)]
    given: list[int] = []

    def take(person: Person) -> None:
        while memes := person.ask("next", {"n": 2})[1]["memes"]:
            given.extend(meme["meme_id"] for meme in memes)

    threads = [threading.Thread(target=take, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(given) == list(range(1, N + 1))


# --------------------------------------------------------------------------- whom they refuse


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"Origin": "http://evil.example"}, "another site"),
        ({"Origin": "http://127.0.0.1:1"}, "another site"),
        ({"Origin": "null"}, "another site"),
        ({"Origin": None}, "another site"),
        ({"Cookie": None}, "no session"),
        ({"Cookie": "memeera_1=abc.def"}, "no session"),
        ({"X_Memeera_Token": None}, "token"),
        ({"X_Memeera_Token": "YW5h.00"}, "another session"),
    ],
)
def test_a_post_that_is_not_of_our_page_changes_nothing(
    ana: Person, collection: Collection, changed: dict[str, str | None], says: str
) -> None:
    one = {"operations": [vote(sha256s(collection)[0])]}
    for name, message in (
        ("answers", one),
        ("next", {"n": 3}),
        ("release", {"memes": [1]}),
        ("decisions", {"operations": [{"op": "merge", "meme_id": 2, "into_id": 1}]}),
    ):
        status, answer = ana.ask(name, message, **changed)
        assert status == 403
        assert says in answer["error"]
    assert said(collection) == []
    assert len(sha256s(collection)) == N
    with collection.database.reading() as session:
        assert session.scalar(select(func.count(Lease.id))) == 0


def test_a_token_of_somebody_else_is_refused(ana: Person, collection: Collection) -> None:
    bo = Person.at(f"http://{ana.host}", collection, "bo")
    one = {"operations": [vote(sha256s(collection)[0])]}
    status, _ = ana.ask("answers", one, X_Memeera_Token=bo.token)
    assert status == 403
    assert said(collection) == []


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ({"n": 1000}, 400),
        ({"n": "5"}, 400),
        ({"n": 5, "annotator": "bo"}, 400),
        ({"n": 5, "filters": {"year_low": -(2**70)}}, 400),
        ([], 400),
        ({"n": 5, "filters": {"words": "x" * (1 << 20)}}, 413),
    ],
)
def test_a_message_that_is_none_is_refused(ana: Person, message: object, status: int) -> None:
    assert ana.ask("next", message)[0] == status


def test_words_that_look_like_patterns_are_words(ana: Person) -> None:
    for words in ("%", "_____", "' OR 1=1 --", "\\", "\0", "\ud800"):
        status, answer = ana.ask("next", {"n": 5, "filters": {"words": words}})
        assert (status, answer.get("memes")) in [(200, []), (400, None)]
    assert len(ana.ask("next", {"n": 5, "filters": {"words": "IMG onerror"}})[1]["memes"]) == 5


def test_a_picture_is_served_as_a_picture_for_good(ana: Person, collection: Collection) -> None:
    path = f"/labeling/media/{sha256s(collection)[0]}"
    status, headers, data = request(ana.host, "GET", path, {"Cookie": ana.headers()["Cookie"]})
    assert (status, headers["content-type"]) == (200, "image/png")
    assert fingerprint(data).sha256 == sha256s(collection)[0]
    assert "immutable" in headers["cache-control"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    "name",
    ["..%2f..%2fmemes.db", "../memes.db", "%2e%2e/memes.db", "/etc/passwd", "0" * 64, "", "a'--"],
)
def test_a_path_in_place_of_a_sha256_gives_no_file(ana: Person, name: str) -> None:
    cookie = {"Cookie": ana.headers()["Cookie"]}
    status, headers, data = request(ana.host, "GET", f"/labeling/media/{name}", cookie)
    # What is no route of ours is Streamlit's page, whatever the address.
    assert status in (301, 307, 308, 400, 404) or headers["content-type"].startswith("text/html")
    assert b"SQLite format" not in data
    assert b"root:" not in data


def test_pictures_are_not_for_those_without_a_session_nor_for_other_sites(
    ana: Person, collection: Collection
) -> None:
    path = f"/labeling/media/{sha256s(collection)[0]}"
    cookie = {"Cookie": ana.headers()["Cookie"]}
    assert request(ana.host, "GET", path, {})[0] == 403
    assert request(ana.host, "GET", path, cookie | {"Origin": "http://evil.example"})[0] == 403


def test_a_removed_picture_is_served_no_more(ana: Person, collection: Collection) -> None:
    with collection.database.writing() as session:
        meme = session.get_one(Meme, 3)
        sha256, added_at = meme.sha256, meme.added_at
        meme.removed_at, meme.status = added_at, MemeStatus.REMOVED
    try:
        path = f"/labeling/media/{sha256}"
        assert request(ana.host, "GET", path, {"Cookie": ana.headers()["Cookie"]})[0] == 404
    finally:
        with collection.database.writing() as session:
            meme = session.get_one(Meme, 3)
            meme.removed_at, meme.status = None, MemeStatus.ACTIVE


def test_a_name_that_leads_here_from_elsewhere_is_not_answered(ana: Person) -> None:
    headers = {"Host": "evil.example:8501", "Accept": "text/html"}
    status, told, _ = request(ana.host, "GET", "/", headers)
    assert status == 400
    assert "set-cookie" not in told


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(address: str) -> None:
    _, headers, _ = request(address.removeprefix("http://"), "GET", "/", {"Accept": "text/html"})
    assert "HttpOnly" in headers["set-cookie"]
    assert "SameSite=Lax" in headers["set-cookie"]
