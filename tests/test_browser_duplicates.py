"""The Duplicates, History and Progress pages in a real browser."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from core.settings import Settings
from db.labels import cast
from db.memes import Collection
from tests.collecting import add, state
from tests.labeling_server import announced_address, end, serve
from tests.pictures import picture, repost, sibling

HOSTILE = "<img src=x onerror='window.hacked = 1'> **bold** :smile:"


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """Two families of three and of two memes; the first meme of each was reposted."""
    opened = Collection.open(Settings(data_dir=tmp_path))
    for seed, n in ((1, 3), (2, 2)):
        files = [picture(seed), *(sibling(seed, number) for number in range(1, n))]
        for number, data in enumerate([*files, repost(picture(seed))]):
            add(opened, data, f"{seed}-{number}", title=HOSTILE)
    yield opened
    opened.database.engine.dispose()


@pytest.fixture
def address(collection: Collection) -> Iterator[str]:
    with serve(collection) as program:
        yield announced_address(program)
        assert end(program, signal.SIGINT) == (0, "", "")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context, context.new_page() as opened:
        context.set_default_timeout(30_000)
        yield opened


def families(page: Page, address: str) -> None:
    page.goto(f"{address}/duplicates?who=ana")
    page.get_by_role("tab", name="Families").click()
    expect(page.locator(".family")).to_have_count(2)
    expect(page.locator(".tile[aria-disabled]")).to_have_count(0)  # what is seen can be chosen


def sizes(collection: Collection) -> list[int]:
    """How many memes each family has, the least first."""
    return sorted(len(family) for family in state(collection)["families"])


def test_a_repost_is_split_and_taken_back(page: Page, address: str, collection: Collection) -> None:
    before = state(collection)
    page.goto(f"{address}/duplicates?who=ana")
    expect(page.get_by_role("article")).to_have_count(2)
    expect(page.get_by_text(HOSTILE, exact=True).first).to_be_visible()
    assert page.evaluate("window.hacked") is None
    row = page.get_by_role("article").first
    row.get_by_role("button", name="Two different memes").click()
    expect(page.get_by_role("listitem")).to_contain_text("is a meme of its own")
    assert len(state(collection)["memes"]) == 6
    page.reload()
    expect(page.get_by_role("article")).to_have_count(1)
    page.get_by_role("article").focus()
    page.keyboard.press("d")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Taken back.")).to_be_visible()
    assert len(state(collection)["memes"]) == 6
    assert set(before["memes"]) < set(state(collection)["memes"])


def test_what_was_changed_meanwhile_is_told(
    page: Page, address: str, collection: Collection
) -> None:
    page.goto(f"{address}/duplicates?who=ana")
    button = page.get_by_role("article").first.locator("[data-action=split]")
    expect(button).to_be_enabled()
    with page.context.new_page() as other:
        other.goto(f"{address}/duplicates?who=bo")
        other.get_by_role("article").first.locator("[data-action=split]").click()
        expect(other.get_by_role("listitem")).to_have_count(1)
    after = state(collection)
    button.click()
    expect(page.locator(".note.is-bad")).to_contain_text("was undone already")
    assert state(collection) == after


def test_memes_are_merged_and_the_merge_is_taken_back(
    page: Page, address: str, collection: Collection
) -> None:
    families(page, address)
    tiles = page.get_by_role("option")
    tiles.nth(0).click()
    tiles.nth(2).click(modifiers=["Shift"])
    page.get_by_role("button", name="The same meme").click()
    expect(page.get_by_role("listitem")).to_contain_text("taken for meme 1")
    assert sizes(collection) == [1, 2]
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Taken back.")).to_be_visible()
    assert sizes(collection) == [2, 3]


def test_families_are_left_and_joined_with_keys_alone(
    page: Page, address: str, collection: Collection
) -> None:
    families(page, address)
    page.get_by_role("option").nth(1).focus()
    for key in ("Space", "o"):
        page.keyboard.press(key)
    expect(page.get_by_role("listitem")).to_contain_text("taken out")
    assert sizes(collection) == [1, 2, 2]
    families(page, address)
    for family in range(2):
        page.get_by_role("listbox").nth(family).get_by_role("option").first.focus()
        page.keyboard.press("Space")
    page.keyboard.press("f")
    expect(page.get_by_role("listitem")).to_contain_text("is one with")
    assert sizes(collection) == [1, 4]
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Taken back.")).to_be_visible()
    assert sizes(collection) == [1, 2, 2]


def test_one_family_can_be_asked_for(page: Page, address: str, collection: Collection) -> None:
    families(page, address)
    field = page.get_by_role("spinbutton", name="Only family")
    field.fill("1")
    field.press("Enter")
    expect(page.locator(".family")).to_have_count(1)
    field.fill("99")
    field.press("Enter")
    expect(page.get_by_text("There is no family of this number")).to_be_visible()


def test_a_meme_tells_its_history(page: Page, address: str, collection: Collection) -> None:
    with collection.database.writing() as session:
        cast(session, 1, "<b>bo</b>", genre="political")
    page.goto(f"{address}/history?who=ana&meme=1")
    expect(page.get_by_text(HOSTILE, exact=True)).to_be_visible()
    expect(page.get_by_text("<b>bo</b>").first).to_be_attached()
    field = page.get_by_role("spinbutton", name="Meme")
    field.fill("99")
    field.press("Enter")
    expect(page.get_by_text("There is no meme 99.")).to_be_visible()
    assert page.evaluate("window.hacked") is None


def on_reposts(page: Page, address: str) -> None:
    page.goto(f"{address}/duplicates?who=ana")
    page.get_by_role("article").first.wait_for()


def on_families(page: Page, address: str) -> None:
    families(page, address)
    page.get_by_role("option").first.click()


@pytest.mark.parametrize("opened", [on_reposts, on_families])
def test_nothing_is_in_the_way_of_people_who_see_or_hear_it_differently(
    page: Page, address: str, collection: Collection, opened: Callable[[Page, str], None]
) -> None:
    opened(page, address)
    found = Axe().run(page, context=".stBidiComponent", options={"resultTypes": ["violations"]})
    bad = [v for v in found.response["violations"] if v["impact"] in ("serious", "critical")]
    assert bad == [], [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in bad]
