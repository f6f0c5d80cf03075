"""The label page in a real browser: `python -m labeling` as a program, keys as a person's."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect
from sqlalchemy import select

from bench.label_keys import said_by, type_at_once
from core.fingerprint import fingerprint
from core.genres import GENRES
from core.settings import Settings
from db.labels import cast
from db.memes import Added, Collection, Seen
from db.models import Lease, Meme, Prediction, Verdict, Vote
from tests.conftest import browser_program
from tests.labeling_server import announced_address, end, serve
from tests.pictures import picture

T = TypeVar("T")
HOSTILE = "<img src=x onerror='window.hacked = 1'> **bold** :smile:"
VIEWPORTS = ((1440, 900), (390, 844))


def filled(folder: Path, n: int) -> Collection:
    opened = Collection.open(Settings(data_dir=folder))
    with opened.adding() as adder:
        for number in range(n):
            data = picture(number)
            seen = Seen(
                *("test", f"post-{number}", "drawn"),
                title=HOSTILE,
                posted_at=datetime(2020, 5, 1, tzinfo=UTC),
                year_low=2018,
                year_high=2019,
            )
            assert isinstance(adder.add(data, fingerprint(data), seen), Added)
    return opened


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    opened = filled(tmp_path_factory.mktemp("data"), 400)
    yield opened
    opened.database.engine.dispose()


@pytest.fixture(scope="module")
def address(collection: Collection) -> Iterator[str]:
    with serve(collection) as program:
        yield announced_address(program)
        assert end(program, signal.SIGINT) == (0, "", "")


@pytest.fixture(autouse=True)
def _nothing_is_said_yet(collection: Collection) -> Iterator[None]:
    yield
    with collection.database.writing() as session:
        for table in (Vote, Lease, Prediction):
            session.query(table).delete()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of somebody new, with nothing kept in it."""
    with browser.new_context() as opened:
        opened.set_default_timeout(30_000)
        yield opened


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    """The page of a person, with a picture on it."""
    with context.new_page() as opened:
        opened.goto(f"{address}/?who=ana")
        painted(opened)
        yield opened


def painted(page: Page, *, after: str | None = None) -> str:
    """The SHA-256 of the picture that is on the screen, once it is another than `after`."""
    found = page.wait_for_function(
        """(before) => {
            const at = document.querySelector('[data-painted]')?.dataset.painted;
            return at && at !== before ? at : null;
        }""",
        arg=after,
    )
    return str(found.json_value())


def press(page: Page, *keys: str) -> list[str]:
    """Press keys that answer, each once its picture is painted; gives the pictures."""
    seen: list[str] = []
    for key in keys:
        seen.append(painted(page, after=seen[-1] if seen else None))
        page.keyboard.press(key)
    return seen


def votes(collection: Collection, who: str | None = None) -> list[Vote]:
    """What was said, also what was taken back, in the order given."""
    with collection.database.reading() as session:
        query = select(Vote).order_by(Vote.id)
        return list(session.scalars(query if who is None else query.where(Vote.annotator == who)))


def standing(collection: Collection, n: int) -> list[tuple[str, str, str | None]]:
    """The picture, verdict and genre of the votes that stand, once there are so many."""

    def look() -> list[tuple[str, str, str | None]]:
        with collection.database.reading() as session:
            rows = session.execute(
                select(Meme.sha256, Vote.verdict, Vote.genre)
                .join(Meme, Meme.id == Vote.meme_id)
                .where(Vote.undone_at.is_(None))
                .order_by(Vote.id)
            )
            return [(row.sha256, row.verdict, row.genre) for row in rows]

    return until(look, lambda said: len(said) == n)


def until(look: Callable[[], T], is_so: Callable[[T], bool], timeout_s: float = 30) -> T:
    """What is seen once it is as wanted; at the end of patience, what is seen then."""
    end_at = time.monotonic() + timeout_s
    while not is_so(seen := look()) and time.monotonic() < end_at:
        time.sleep(0.05)
    return seen


# --------------------------------------------------------------------------- answering


def test_a_key_labels_the_picture_on_the_page(page: Page, collection: Collection) -> None:
    seen = press(page, "1", "8", "Numpad3")
    keys = [GENRES[0].key, GENRES[7].key, GENRES[2].key]
    assert standing(collection, 3) == [
        (sha256, Verdict.GENRE, genre) for sha256, genre in zip(seen, keys, strict=True)
    ]


def test_the_other_keys_and_undo(page: Page, collection: Collection) -> None:
    seen = press(page, "u", "x", "s")
    given = [Verdict.UNSURE, Verdict.NOT_A_MEME, Verdict.SKIP]
    assert standing(collection, 3) == [
        (sha256, verdict, None) for sha256, verdict in zip(seen, given, strict=True)
    ]
    painted(page, after=seen[-1])
    for sha256 in reversed(seen):
        page.keyboard.press("Backspace")
        page.wait_for_selector(f"[data-painted='{sha256}']")
    assert standing(collection, 0) == []
    assert len(votes(collection)) == 3  # append-only: an undo is a mark


def test_undo_goes_on_before_a_reload(page: Page, collection: Collection) -> None:
    seen = press(page, "1", "2", "3")
    standing(collection, 3)
    page.reload()
    painted(page, after=seen[-1])
    for sha256 in reversed(seen):
        page.keyboard.press("Backspace")
        page.wait_for_selector(f"[data-painted='{sha256}']")
    page.keyboard.press("Backspace")
    expect(page.get_by_text("There is nothing to take back.")).to_be_visible()
    page.keyboard.press("7")
    assert standing(collection, 1) == [(seen[0], Verdict.GENRE, GENRES[6].key)]


def test_a_second_genre_and_what_is_not_safe_for_work(page: Page, collection: Collection) -> None:
    painted(page)
    for key in ("Shift+Digit5", "Shift+Digit3", "n"):
        page.keyboard.press(key)
    expect(page.get_by_text("NSFW", exact=True).first).to_be_visible()
    press(page, "2", "2")
    standing(collection, 2)
    first, other = votes(collection)
    assert (first.genre, first.second_genre, first.nsfw) == (GENRES[1].key, GENRES[2].key, True)
    assert (other.second_genre, other.nsfw) == (None, None)  # marks are of one picture


def year_dialog(page: Page) -> tuple[Locator, Locator]:
    """What Y opens, and the field in it."""
    page.keyboard.press("y")
    dialog = page.get_by_role("dialog", name="When was it made?")
    field = dialog.get_by_role("textbox")
    expect(field).to_be_focused()
    return dialog, field


def said_years(collection: Collection, n: int) -> list[tuple[int | None, int | None]]:
    """The years of the votes that stand, once there are so many."""
    standing(collection, n)
    return [(v.year_low, v.year_high) for v in votes(collection) if v.undone_at is None]


def test_a_year_goes_with_the_answer_and_with_no_other(page: Page, collection: Collection) -> None:
    first = painted(page)
    for typed, shown in (("2016", "made 2016"), (" 2015 \N{EN DASH} 2016 ", "made 2015-2016")):
        dialog, _ = year_dialog(page)
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        expect(dialog).to_have_count(0)
        expect(page.get_by_text(shown, exact=True)).to_be_visible()
    assert votes(collection) == []
    page.keyboard.press("3")
    second = painted(page, after=first)
    expect(page.get_by_text("made 2015-2016")).to_have_count(0)
    page.keyboard.press("4")
    painted(page, after=second)
    assert said_years(collection, 2) == [(2015, 2016), (None, None)]
    assert [genre for *_, genre in standing(collection, 2)] == [GENRES[2].key, GENRES[3].key]


def test_a_skip_may_bring_a_year(page: Page, collection: Collection) -> None:
    painted(page)
    page.get_by_role("button", name="Year").click()
    page.get_by_role("textbox", name="Year").fill("2014")
    page.get_by_role("button", name="Keep").click()
    page.keyboard.press("s")
    assert said_years(collection, 1) == [(2014, 2014)]


def test_years_that_cannot_be_are_told_and_escape_leaves(
    page: Page, collection: Collection
) -> None:
    painted(page)
    dialog, field = year_dialog(page)
    now = datetime.now(UTC).year
    for typed, why in (
        ("last year", "Write a year, as 2016, or the first and the last, as 2015-2016."),
        ("20165", "Write a year, as 2016, or the first and the last, as 2015-2016."),
        ("1989", f"A meme was made in a year from 1990 to {now}."),
        (f"{now + 1}", f"A meme was made in a year from 1990 to {now}."),
        ("2016-2015", "The first year comes before the last."),
    ):
        field.fill(typed)
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("alert")).to_have_text(why)
    field.fill("2016")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("1")
    assert said_years(collection, 1) == [(None, None)]


def test_what_is_typed_into_the_years_field_answers_nothing(
    page: Page, collection: Collection
) -> None:
    first = painted(page)
    dialog, field = year_dialog(page)
    page.keyboard.type("8rcusxn?z y")
    expect(field).to_have_value("8rcusxn?z y")
    page.wait_for_timeout(300)
    expect(page.get_by_role("dialog")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert painted(page) == first
    assert votes(collection) == []


def test_an_empty_field_takes_the_years_off(page: Page, collection: Collection) -> None:
    painted(page)
    year_dialog(page)
    page.keyboard.type("2016")
    page.keyboard.press("Enter")
    _, field = year_dialog(page)
    expect(field).to_have_value("2016")
    page.keyboard.press("Delete")  # what was said is marked, and typed over
    page.keyboard.press("Enter")
    expect(page.get_by_text("made 2016")).to_have_count(0)
    page.keyboard.press("1")
    assert said_years(collection, 1) == [(None, None)]


@pytest.mark.parametrize("is_reloaded", [False, True])
def test_an_answer_that_is_taken_back_shows_its_years_and_gives_them_again(
    page: Page, collection: Collection, is_reloaded: bool
) -> None:
    first = painted(page)
    year_dialog(page)
    page.keyboard.type("2015-2016")
    page.keyboard.press("Enter")
    page.keyboard.press("1")
    second = painted(page, after=first)
    assert said_years(collection, 1) == [(2015, 2016)]
    if is_reloaded:
        page.reload()
        assert painted(page) == second
    page.keyboard.press("Backspace")
    page.wait_for_selector(f"[data-painted='{first}']")
    expect(page.get_by_text("made 2015-2016, as you said before")).to_be_visible()
    assert said_years(collection, 0) == []  # the year went with the vote
    page.keyboard.press("2")
    painted(page, after=first)
    assert said_years(collection, 1) == [(2015, 2016)]
    assert [genre for *_, genre in standing(collection, 1)] == [GENRES[1].key]


def test_what_is_known_of_a_memes_years_is_shown_beside_the_field(
    context: BrowserContext, address: str, collection: Collection
) -> None:
    with collection.database.writing() as session:
        for meme in session.scalars(select(Meme.id)).all():
            cast(session, meme, "ben", verdict=Verdict.SKIP, years=(2017, 2017))
    with context.new_page() as page:
        page.goto(f"{address}/?who=ana")
        painted(page)
        dialog, _ = year_dialog(page)
        expect(dialog.get_by_text("Seen first in 2020.")).to_be_visible()
        expect(dialog.get_by_text("A source says 2018 to 2019.")).to_be_visible()
        expect(dialog.get_by_text("People say 2017.")).to_be_visible()


def test_a_held_key_labels_one_picture(page: Page, collection: Collection) -> None:
    first = painted(page)
    for _ in range(8):
        page.keyboard.down("1")  # all but the first are marked as repeated
        page.wait_for_timeout(50)
    page.keyboard.up("1")
    painted(page, after=first)
    assert [sha256 for sha256, *_ in standing(collection, 1)] == [first]


def test_buttons_answer_and_a_double_click_labels_one_picture(
    page: Page, collection: Collection
) -> None:
    first = painted(page)
    page.get_by_role("button", name=GENRES[3].name).dblclick()
    second = painted(page, after=first)
    page.get_by_role("button", name="Not a meme").click()
    painted(page, after=second)
    assert standing(collection, 2) == [
        (first, Verdict.GENRE, GENRES[3].key),
        (second, Verdict.NOT_A_MEME, None),
    ]


@pytest.mark.parametrize("slow_down", [1, 6])
def test_a_key_counts_for_the_picture_that_is_shown_when_it_falls_or_for_nothing(
    browser: Browser, address: str, collection: Collection, slow_down: int
) -> None:
    people = ("ana", "ben")
    typing = type_at_once(browser_program(), address, people, slow_down, n_keys=40)
    with ThreadPoolExecutor() as threads:  # this one has an event loop: the other browser's
        fell = threads.submit(asyncio.run, typing).result()
    said = said_by(collection.database)
    for who in people:
        counted = [key.meant for key in fell[who] if not key.is_told_early]
        # What is not called too early is a vote for what was shown; there is no other vote.
        assert said[who] == counted
        assert len(fell[who]) == 40
    assert not {sha256 for sha256, _ in said["ana"]} & {sha256 for sha256, _ in said["ben"]}


def test_200_keys_each_as_soon_as_its_picture_is_painted_label_200_pictures(
    page: Page, collection: Collection
) -> None:
    seen = page.evaluate(
        """async () => {
            const at = () => document.querySelector('[data-painted]').dataset.painted;
            const seen = [];
            for (let i = 0; i < 200; i++) {
                const key = String(1 + i % 8);
                const painted = at();
                seen.push(painted);
                const told = { key, code: `Digit${key}`, bubbles: true, cancelable: true };
                document.body.dispatchEvent(new KeyboardEvent('keydown', told));
                while (at() === painted) await new Promise((done) => setTimeout(done, 1));
            }
            return seen;
        }"""
    )
    said = standing(collection, 200)
    assert said == [(sha256, Verdict.GENRE, GENRES[i % 8].key) for i, sha256 in enumerate(seen)]
    assert len(set(seen)) == 200


def test_a_held_enter_presses_a_button_once(page: Page, collection: Collection) -> None:
    first = painted(page)
    page.get_by_role("button", name=GENRES[3].name).focus()
    for _ in range(6):
        page.keyboard.down("Enter")
        page.wait_for_timeout(60)
    page.keyboard.up("Enter")
    painted(page, after=first)
    assert [sha256 for sha256, *_ in standing(collection, 1)] == [first]


def test_a_key_for_a_picture_that_is_still_loading_counts_for_nothing(
    context: BrowserContext, address: str, collection: Collection
) -> None:
    with context.new_page() as page:
        page.route("**/labeling/media/*", lambda _: None)  # it never comes
        page.goto(f"{address}/?who=ana", wait_until="domcontentloaded")
        page.get_by_role("button", name=GENRES[0].name).click()
        page.keyboard.press("1")
        page.wait_for_timeout(300)
    assert votes(collection) == []


def test_a_lost_picture_can_be_skipped(page: Page, collection: Collection) -> None:
    first = painted(page)
    page.route("**/labeling/media/*", lambda route: route.fulfill(status=404))
    page.reload()
    page.wait_for_selector(".is-shown.is-broken")
    page.keyboard.press("1")
    expect(page.get_by_text("Nobody can see this picture: skip it.")).to_be_visible()
    page.keyboard.press("s")
    assert standing(collection, 1) == [(first, Verdict.SKIP, None)]


def test_the_models_suggestion_is_hidden_until_asked_and_that_is_recorded(
    page: Page, collection: Collection
) -> None:
    with collection.database.writing() as session:
        for meme in session.scalars(select(Meme.id)):
            session.add(
                Prediction(
                    meme_id=meme,
                    model_version="v1",
                    genre="political",
                    scores={"political": 0.9, "ironic": 0.1},
                    entropy=0.2,
                    held_out=True,
                    predicted_at=datetime.now(UTC),
                )
            )
    page.evaluate("sessionStorage.clear()")
    page.reload()
    painted(page)
    expect(page.get_by_text("90 %")).to_have_count(0)
    press(page, "1")
    painted(page, after=votes_until(collection, 1)[0])
    page.keyboard.press("p")
    expect(page.get_by_text("90 %")).to_be_visible()
    page.keyboard.press("7")
    standing(collection, 2)
    assert [vote.saw_suggestion for vote in votes(collection)] == [False, True]


def votes_until(collection: Collection, n: int) -> list[str]:
    return [sha256 for sha256, *_ in standing(collection, n)]


# --------------------------------------------------------------------------- keys and reading


def test_keys_can_be_switched_off_and_changed_and_stay_so(
    page: Page, collection: Collection
) -> None:
    first = painted(page)
    page.get_by_role("button", name="Keys", exact=True).click()
    page.get_by_role("button", name="Skip: S; press to change").click()
    page.keyboard.press("k")
    page.get_by_role("button", name="Close").click()
    page.reload()
    painted(page)
    page.keyboard.press("s")
    page.keyboard.press("k")
    assert standing(collection, 1) == [(first, Verdict.SKIP, None)]

    page.get_by_role("button", name="Keys", exact=True).click()
    page.get_by_label("Answer by keys").uncheck()
    page.get_by_role("button", name="Close").click()
    page.reload()
    painted(page, after=first)
    page.keyboard.press("1")
    page.wait_for_timeout(200)
    assert len(votes(collection)) == 1


def test_keys_typed_into_a_field_answer_nothing(page: Page, collection: Collection) -> None:
    page.get_by_role("button", name="Which memes").click()
    page.get_by_label("Words in the picture or title").fill("1")
    page.keyboard.type("23 us")
    page.wait_for_timeout(200)
    assert votes(collection) == []


def test_other_memes_come_where_others_are_asked_for(page: Page, collection: Collection) -> None:
    page.get_by_role("button", name="Which memes").click()
    page.get_by_label("Words in the picture or title").fill("nowhere")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is left for you.")).to_be_visible()
    page.get_by_label("Words in the picture or title").fill("bold")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is left for you.")).to_be_hidden()
    painted(page)


def test_the_guidelines_define_every_genre(page: Page, collection: Collection) -> None:
    painted(page)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    for genre in GENRES:
        expect(dialog.get_by_text(genre.definition)).to_be_visible()
    page.keyboard.press("1")  # while they are read, keys answer nothing
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert votes(collection) == []


def test_a_crawled_title_is_text(page: Page) -> None:
    expect(page.get_by_text(HOSTILE, exact=True)).to_be_visible()
    assert page.evaluate("window.hacked") is None


def test_a_name_is_asked_once_and_survives_a_reload(context: BrowserContext, address: str) -> None:
    with context.new_page() as page:
        page.goto(address)
        page.get_by_label("Your name").fill("Ana Lima 2")
        page.keyboard.press("Enter")
        first = painted(page)
        page.reload()
        assert painted(page) == first
        expect(page.get_by_text("Ana Lima 2", exact=True)).to_be_visible()


@pytest.mark.parametrize(("width", "height"), VIEWPORTS)
def test_nothing_is_in_the_way_of_people_who_see_or_hear_it_differently(
    page: Page, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    painted(page)
    for opened in (None, "?", "y"):
        if opened:
            page.keyboard.press("Escape")
            page.keyboard.press(opened)
            expect(page.get_by_role("dialog")).to_be_visible()
        # What axe finds in our part of the page, not in Streamlit's frame around it.
        found = Axe().run(page, context=".stBidiComponent", options={"resultTypes": ["violations"]})
        bad = [v for v in found.response["violations"] if v["impact"] in ("serious", "critical")]
        assert bad == [], [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in bad]


def test_everything_can_be_reached_with_the_keyboard_alone(
    page: Page, collection: Collection
) -> None:
    first = painted(page)
    page.get_by_role("group", name="The meme").focus()
    page.keyboard.press("Tab")
    focused = "document.activeElement.shadowRoot.activeElement"
    assert "/history" in page.evaluate(f"{focused}.href")
    page.keyboard.press("Tab")
    assert page.evaluate(f"{focused}.dataset.action") == GENRES[0].key
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert standing(collection, 1) == [(first, Verdict.GENRE, GENRES[1].key)]


# --------------------------------------------------------------------------- nothing is lost


def test_a_reload_in_the_middle_loses_and_doubles_nothing(
    page: Page, collection: Collection
) -> None:
    page.route("**/answers", lambda route: route.abort())  # nothing gets through
    seen = press(page, *"12345678")
    expect(page.get_by_text("8 answers wait")).to_be_visible()
    assert votes(collection) == []
    page.unroute("**/answers")
    page.reload()
    painted(page, after=seen[-1])
    assert votes_until(collection, 8) == seen
    seen += press(page, "1", "2")
    assert votes_until(collection, 10) == seen


def test_memes_that_were_given_in_a_lost_answer_come_again(
    page: Page, collection: Collection
) -> None:
    lost: list[str] = []

    def lose(route: Route) -> None:
        lost.extend(meme["sha256"] for meme in route.fetch().json()["memes"])
        route.abort()

    page.route("**/next", lose, times=1)
    seen = press(page, *"1" * 10)  # fewer are ready now than the page wants
    page.wait_for_timeout(2500)  # its rest after a failed request
    seen += press(page, *"1" * 40)
    assert lost
    assert set(lost) <= set(votes_until(collection, 50))
    assert len(set(seen)) == 50


def test_a_server_that_is_away_for_10_seconds_loses_and_doubles_nothing(
    context: BrowserContext, tmp_path: Path
) -> None:
    collection = filled(tmp_path / "data", 60)
    with serve(collection) as program, context.new_page() as page:
        address = announced_address(program)
        page.goto(f"{address}/?who=ana")
        seen = press(page, *"1234567812")
        assert votes_until(collection, 10) == seen
        assert end(program, signal.SIGTERM)[0] == 0
        away = time.monotonic()
        painted(page, after=seen[-1])
        for key in "3456781234":
            seen.append(painted(page, after=seen[-1]))
            page.keyboard.press(key)
        expect(page.get_by_text("10 answers wait")).to_be_visible()
        page.wait_for_timeout(max(0.0, 10 - (time.monotonic() - away)) * 1000)
        with serve(collection, "--port", address.rpartition(":")[2]) as again:
            announced_address(again)
            expect(page.get_by_text("All answers are kept.")).to_be_visible()
            for key in "5678":
                seen.append(painted(page, after=seen[-1]))
                page.keyboard.press(key)
            assert votes_until(collection, 24) == seen
            assert len(votes(collection)) == 24
            end(again, signal.SIGTERM)
    collection.database.engine.dispose()


def test_four_people_at_once_label_everything_once(
    browser: Browser, address: str, collection: Collection
) -> None:
    contexts = [browser.new_context() for _ in range(4)]
    pages = [opened.new_page() for opened in contexts]
    for number, page in enumerate(pages):
        page.goto(f"{address}/?who=person%20{number}")
        painted(page)
    type_all = """async () => {
        const at = () => document.querySelector('[data-painted]').dataset.painted;
        const root = document.querySelector('[data-painted]').shadowRoot;
        const isOver = () => !root.querySelector('.nothing').hidden;
        const press = new KeyboardEvent('keydown', { key: '4', code: 'Digit4', bubbles: true });
        while (!isOver()) {
            document.body.dispatchEvent(press);
            await new Promise((done) => setTimeout(done, 50));
        }
    }"""
    for page in pages:
        page.evaluate(f"() => {{ window.typing = ({type_all})(); }}")
    for page in pages:
        page.evaluate("() => window.typing")
    said = until(lambda: votes(collection), lambda seen: len(seen) >= 400)
    for opened in contexts:
        opened.close()
    assert Counter(vote.meme_id for vote in said) == dict.fromkeys(range(1, 401), 1)
    assert len({vote.annotator for vote in said}) == 4


# --------------------------------------------------------------------------- the program


def test_a_taken_port_is_one_clear_line(collection: Collection, address: str) -> None:
    port = address.rpartition(":")[2]
    with serve(collection, "--port", port) as program:
        out, err = program.communicate(timeout=20)
    assert (program.returncode, out) == (1, "")
    assert err == f"port {port} of 127.0.0.1 is taken; choose another with --port\n"


def test_the_server_ends_cleanly_under_an_open_page(
    context: BrowserContext, collection: Collection
) -> None:
    with serve(collection) as program, context.new_page() as page:
        page.goto(f"{announced_address(program)}/?who=last")
        painted(page)
        assert end(program, signal.SIGTERM) == (0, "", "")
