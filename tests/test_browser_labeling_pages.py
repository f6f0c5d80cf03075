"""The Grid and Review pages in a real browser."""

import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from core.fingerprint import fingerprint
from core.genres import GENRES
from core.settings import Settings
from db.labels import cast, consensus
from db.memes import Collection, Seen
from db.models import Lease, Prediction, Vote
from tests.labeling_server import announced_address, end, serve
from tests.pictures import picture

HOSTILE = "<img src=x onerror='window.hacked = 1'> **bold** :smile:"
IRONIC, POLITICAL = "ironic", "political"
N = 30


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    """Thirty memes; a model calls all but the last ten political."""
    opened = Collection.open(Settings(data_dir=tmp_path_factory.mktemp("data")))
    with opened.adding() as adder:
        for number in range(N):
            data = picture(number)
            seen = Seen("test", f"post-{number}", "drawn", community="memes", title=HOSTILE)
            adder.add(data, fingerprint(data), seen)
    with opened.database.writing() as session:
        for meme in range(1, N + 1):
            genre = POLITICAL if meme <= N - 10 else IRONIC
            session.add(
                Prediction(
                    meme_id=meme,
                    model_version="v1",
                    genre=genre,
                    scores={genre: 0.9, "experimental": 0.1},
                    entropy=0.2,
                    held_out=True,
                    predicted_at=datetime.now(UTC),
                )
            )
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
        session.query(Vote).delete()
        session.query(Lease).delete()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context, context.new_page() as opened:
        context.set_default_timeout(30_000)
        yield opened


@pytest.fixture
def grid(page: Page, address: str) -> Page:
    """The Grid page with the memes of one community."""
    page.goto(f"{address}/grid?who=ana")
    page.get_by_text("Community", exact=True).click()
    expect(page.get_by_role("option")).to_have_count(N)
    return page


def said(collection: Collection, n: int) -> list[Vote]:
    """The votes that stand, once there are so many."""
    end_at = time.monotonic() + 30
    while True:
        with collection.database.reading() as session:
            rows = session.scalars(select(Vote).where(Vote.undone_at.is_(None)).order_by(Vote.id))
            votes = list(rows)
        if len(votes) == n or time.monotonic() > end_at:
            return votes
        time.sleep(0.05)


def say(collection: Collection, meme: int, who: str, genre: str) -> None:
    with collection.database.writing() as session:
        cast(session, meme, who, genre=genre)


def test_a_tile_whose_picture_is_not_there_is_not_chosen(
    page: Page, address: str, collection: Collection
) -> None:
    lost: list[Route] = []
    page.route("**/labeling/thumbnail/*", lambda route: lost.append(route))  # none comes, for now
    page.goto(f"{address}/grid?who=ana")
    page.get_by_text("Community", exact=True).click()
    expect(page.get_by_role("option")).to_have_count(N)
    tiles = page.get_by_role("option")
    tiles.nth(0).click(force=True)
    expect(page.get_by_text("1 not chosen: there is no picture to see.")).to_be_visible()
    expect(page.get_by_role("button", name="Choose all")).to_be_disabled()
    page.keyboard.press("4")
    lost[0].abort()
    for route in lost[1:]:
        route.continue_()
    page.get_by_role("button", name="Choose all").click()
    expect(page.get_by_text(f"{N - 1} of {N} chosen")).to_be_visible()
    assert said(collection, 0) == []


def test_a_picture_is_enlarged_by_key_and_leads_to_its_history(grid: Page, address: str) -> None:
    tile = grid.get_by_role("option").nth(2)
    tile.focus()
    grid.keyboard.press("z")
    dialog = grid.get_by_role("dialog")
    expect(dialog.get_by_role("img")).to_have_js_property("complete", True)
    grid.keyboard.press("4")  # while it is looked at, keys answer nothing
    link = dialog.get_by_role("link").get_attribute("href")
    grid.keyboard.press("z")
    expect(dialog).to_have_count(0)
    expect(tile).to_be_focused()
    grid.goto(f"{address}{link}")
    expect(grid.get_by_role("heading", name="Answers")).to_be_visible()
    expect(grid.get_by_text("ana", exact=True)).to_be_visible()


def test_one_key_labels_all_that_are_chosen(grid: Page, collection: Collection) -> None:
    tiles = grid.get_by_role("option")
    tiles.nth(0).click()
    tiles.nth(3).click(modifiers=["Shift"])  # and all between them
    tiles.nth(8).click()
    tiles.nth(1).click()  # not this one after all
    expect(grid.get_by_text("4 of 30 chosen")).to_be_visible()
    grid.keyboard.press("4")
    votes = said(collection, 4)
    assert [vote.genre for vote in votes] == [GENRES[3].key] * 4
    assert len({vote.meme_id for vote in votes}) == 4
    assert {vote.saw_suggestion for vote in votes} == {False}
    expect(grid.get_by_text("0 of 26 chosen")).to_be_visible()


def test_all_can_be_chosen_and_taken_back_together(grid: Page, collection: Collection) -> None:
    grid.get_by_role("button", name="Choose all").click()
    grid.get_by_role("button", name="Not a meme").click()
    said(collection, N)
    grid.keyboard.press("Backspace")
    assert said(collection, 0) == []
    expect(grid.get_by_text("30 of 30 chosen")).to_be_visible()
    grid.keyboard.press("Escape")
    expect(grid.get_by_text("0 of 30 chosen")).to_be_visible()


def test_tiles_can_be_chosen_with_the_keyboard_alone(grid: Page, collection: Collection) -> None:
    grid.get_by_role("option").first.focus()
    for key in ("Space", "ArrowRight", "ArrowRight", "Space", "Shift+ArrowRight", "1"):
        grid.keyboard.press(key)
    assert len(said(collection, 3)) == 3


def test_who_sorts_by_what_the_model_says_has_seen_it(
    page: Page, address: str, collection: Collection
) -> None:
    page.goto(f"{address}/grid?who=ana")
    page.get_by_text("What the model says", exact=True).click()
    page.get_by_role("combobox", name="Genre").click()
    page.get_by_role("option", name="Ironic / surrealist").click()
    expect(page.locator(".tile")).to_have_count(10)
    page.locator(".tile").first.click()
    page.keyboard.press("4")
    (vote,) = said(collection, 1)
    assert vote.saw_suggestion
    assert vote.meme_id > N - 10


def test_nobody_else_is_given_what_is_on_the_grid(
    grid: Page, address: str, collection: Collection
) -> None:
    with grid.context.new_page() as other:
        other.goto(f"{address}/?who=bo")
        expect(other.get_by_text("Nothing is left for you.")).to_be_visible()
    grid.goto("about:blank")  # what was not answered is given back
    with grid.context.new_page() as other:
        other.goto(f"{address}/?who=bo")
        other.wait_for_selector("[data-painted]")


def test_an_answer_on_the_review_page_settles_a_disagreement(
    page: Page, address: str, collection: Collection
) -> None:
    for who, genre in (("ana", IRONIC), ("bo", IRONIC), ("cy", POLITICAL)):
        say(collection, 1, who, genre)
    page.goto(f"{address}/review?who=di")
    row = page.get_by_role("article", name="Meme 1", exact=True)
    expect(row.get_by_text("cy: Political")).to_be_visible()
    row.get_by_role("button", name="Political").click()
    said(collection, 4)
    with collection.database.reading() as session:
        (agreed,) = session.execute(consensus())
    assert (agreed.meme_id, agreed.genre) == (1, POLITICAL)
    row.get_by_role("button", name="Political").click()  # taken back
    assert len(said(collection, 3)) == 3
    row.focus()
    page.keyboard.press("1")
    assert said(collection, 4)[-1].genre == GENRES[0].key


def test_labels_that_look_wrong_are_shown(page: Page, address: str, collection: Collection) -> None:
    for meme in range(1, N + 1):
        say(collection, meme, "ana", POLITICAL if meme <= N - 10 else IRONIC)
    with collection.database.writing() as session:
        session.query(Vote).filter(Vote.meme_id == 7).update({"genre": IRONIC})
    page.goto(f"{address}/review?who=later")
    page.get_by_role("tab", name="Likely wrong (1)").click()
    row = page.get_by_role("article", name="Meme 7", exact=True)
    expect(row.get_by_text("labelled Ironic / surrealist")).to_be_visible()
    expect(row.get_by_text(f"Meme 7: {HOSTILE}", exact=True)).to_be_visible()
    assert page.evaluate("window.hacked") is None


def test_on_a_phone_all_ways_to_choose_together_are_to_be_seen(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/grid?who=ana")
    page.get_by_text("Community", exact=True).click()
    expect(page.locator(".tile")).to_have_count(N)
    expect(page.get_by_text("Family", exact=True)).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("What the model says", exact=True)).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["label", "grid", "review", "duplicates", "history", "progress"])
def test_nothing_is_in_the_way_of_people_who_see_or_hear_it_differently(
    page: Page, address: str, collection: Collection, name: str, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme)
    for who, genre in (("ana", IRONIC), ("bo", POLITICAL)):
        say(collection, 2, who, genre)
    page.goto(f"{address}/{'' if name == 'label' else name}?who=ana&meme=2")
    if name == "grid":
        page.get_by_text("Community", exact=True).click()
        page.locator(".tile").first.click()
    drawn = {"label": "[data-painted]", "grid": ".tile", "review": ".row", "progress": "canvas,svg"}
    page.locator(drawn.get(name, "main p")).first.wait_for()
    if name == "review":
        page.get_by_role("button", name="Political").click()  # it is shown as said
        said(collection, 3)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    bad = [v for v in found.response["violations"] if v["impact"] in ("serious", "critical")]
    assert bad == [], [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in bad]
