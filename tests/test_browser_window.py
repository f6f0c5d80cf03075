"""The window in a real browser, as people meet it."""

import base64
import csv
import io
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from core.genres import GENRES, genre
from core.settings import Settings
from db.memes import Collection
from db.models import Vote
from demo.drawing import draw
from tests.app_server import Server, served
from tests.conftest import ROOT, Trained
from tests.pictures import encode

LOOKING_MS = 60_000  # reading words on a busy machine
expect.set_options(timeout=LOOKING_MS)

# Drops or pastes files as a person does: what an event brings cannot be set from outside.
BRING = """([kind, files]) => {
  const brought = new DataTransfer();
  for (const [name, data] of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    brought.items.add(new File([bytes], name));
  }
  const told = { bubbles: true, cancelable: true };
  document.body.dispatchEvent(kind === "paste"
    ? new ClipboardEvent("paste", { ...told, clipboardData: brought })
    : new DragEvent(kind, { ...told, dataTransfer: brought }));
}"""


def meme(kind: str, seed: str = "window") -> bytes:
    """A drawn meme that the model was not taught."""
    return encode(draw(kind, random.Random(seed)).convert("RGB"), "JPEG")


def bring(page: Page, how: str, files: dict[str, bytes]) -> None:
    """Drop files on the page, or paste them."""
    told = [[name, base64.b64encode(data).decode()] for name, data in files.items()]
    page.evaluate(BRING, [how, told])


def open_window(page: Page, server: Server) -> None:
    """Go there, and wait until it takes what is brought."""
    page.goto(server.address)
    expect(page.get_by_text("Nothing that you drop is kept")).to_be_visible()


@pytest.fixture(scope="module")
def server(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With a collection of which the model has seen each meme."""
    data_dir = trained.copy_to(tmp_path_factory.mktemp("window") / "copy")
    subprocess.run(
        [sys.executable, "-m", "training", "predict"],
        cwd=ROOT,
        env=os.environ | {"MEMEERA_DATA_DIR": str(data_dir)},
        check=True,
        capture_output=True,
    )
    with served(data_dir, "--workers", "2") as running:
        yield running


@pytest.fixture
def page(server: Server, browser: Browser) -> Iterator[Page]:
    """The window, open in a browser; nothing of ours may fail in it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(LOOKING_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    open_window(page, server)
    yield page
    assert errors == []
    context.close()


def bars(page: Page) -> list[str]:
    """The genres that are shown, the likeliest first."""
    expect(page.locator(".bars li").first).to_be_visible(timeout=LOOKING_MS)
    return page.locator(".bars li > span:first-child").all_inner_texts()


def test_a_dropped_meme_is_told_in_whole(page: Page, trained: Trained) -> None:
    bring(page, "drop", {"meme.jpg": meme("text_post")})
    names = bars(page)
    assert set(names) == {genre(key).name for key in trained.genres}
    heading = page.locator(".detail h2").inner_text()
    assert heading in (names[0], f"Not sure; perhaps {names[0]}")
    # Drawn memes have no year: a flat curve would look as if it said something.
    expect(page.get_by_text(re.compile("^Made .*, no closer$"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("how likely each year is"))).to_have_count(0)
    heat = page.locator(".heat")
    expect(heat).to_be_hidden()
    page.get_by_role("button", name="Where it looked").click()
    expect(heat).to_be_visible()
    shades = heat.evaluate("""canvas => {
      const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return [...pixels.data].filter((_, i) => i % 4 === 3);
    }""")
    assert max(shades) > 100  # of 255; .65 is the most
    assert max(shades) - min(shades) > 40
    expect(page.locator(".box").first).to_be_hidden()
    page.get_by_role("button", name="Words it read").click()
    expect(page.locator(".box").first).to_be_visible()
    expect(page.get_by_text("This meme was not seen before.")).to_be_visible()
    expect(page.locator(".similar li")).to_have_count(8)
    expect(page.locator(".similar li").first).to_contain_text("a folder that was imported")
    image = page.locator(".similar img").first
    image.scroll_into_view_if_needed()
    page.wait_for_function(
        "image => image.complete && image.naturalWidth > 0", arg=image.element_handle()
    )


def test_a_pasted_meme_is_told_and_the_next_takes_its_place(page: Page) -> None:
    page.get_by_label(re.compile("Read the words")).uncheck()
    bring(page, "paste", {"image.png": meme("rage_comic")})
    bars(page)
    expect(page.locator(".frame img")).to_have_attribute("alt", "image.png")
    bring(page, "paste", {"other.png": meme("political")})
    expect(page.locator(".frame img")).to_have_attribute("alt", "other.png")
    expect(page.get_by_role("button", name="Words it read")).to_have_count(0)  # none were read


def test_who_has_no_meme_at_hand_may_try_an_example(page: Page) -> None:
    expect(page.locator(".examples li")).to_have_count(len(GENRES))
    page.locator(".examples").get_by_role("button", name="Text post").click()
    bars(page)
    expect(page.locator(".frame img")).to_have_attribute("alt", "text_post.jpg")
    expect(page.get_by_text("No meme at hand?")).to_be_hidden()


def test_a_meme_that_the_collection_has_is_known(page: Page, trained: Trained) -> None:
    file = next((trained.data_dir / "drawn").glob("political-*.png"))
    page.locator("input[name=files]").set_input_files(file)
    bars(page)
    expect(page.get_by_text("This very file is known.")).to_be_visible()
    expect(page.get_by_text("People say: Political.")).to_be_visible()


def test_many_come_into_a_table_that_is_sorted_and_saved(page: Page, tmp_path: Path) -> None:
    page.get_by_label(re.compile("Read the words")).uncheck()
    files = {
        f"{i}.jpg": meme(kind, str(i)) for i, kind in enumerate(["rage_comic", "political"] * 4)
    }
    bring(page, "drop", files | {"=no.txt": b"no picture"})
    expect(page.get_by_text("9 of 9 done")).to_be_visible(timeout=LOOKING_MS)
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(9)
    expect(rows.last).to_contain_text("not an image")
    page.get_by_role("button", name="Sure").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Sure")
    shown = [t for t in page.locator("tbody td:nth-child(4)").all_inner_texts() if t]
    shares = [int(text.split()[0]) for text in shown]
    assert shares == sorted(shares)
    page.get_by_role("button", name="Sure").click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Sure")

    with page.expect_download() as json_file:
        page.get_by_role("button", name="Download JSON").click()
    answers = json.loads(json_file.value.path().read_text())
    assert [answer["file"] for answer in answers] == [*files, "=no.txt"]
    assert set(answers[-1]) == {"file", "error"}
    with page.expect_download() as csv_file:
        page.get_by_role("button", name="Download CSV").click()
    table = list(csv.DictReader(io.StringIO(csv_file.value.path().read_text())))
    assert [row["genre"] for row in table[:-1]] == [a["genre"][0]["label"] for a in answers[:-1]]
    assert table[-1]["file"] == "'=no.txt"

    page.get_by_role("button", name="3.jpg").click()
    bars(page)
    expect(page.locator(".frame img")).to_have_attribute("alt", "3.jpg")
    expect(page.get_by_role("button", name="Where it looked")).to_be_visible(timeout=LOOKING_MS)
    page.get_by_role("button", name="All memes").click()
    expect(rows.first).to_be_visible()
    expect(page.get_by_role("button", name="3.jpg")).to_be_focused()
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".many")).to_be_hidden()
    expect(page.get_by_text("Nothing that you drop is kept")).to_be_visible()
    expect(page.get_by_role("button", name="choose files")).to_be_focused()


@pytest.mark.parametrize("how", ["chosen", "dropped"])
def test_a_folder_is_taken_at_once(page: Page, tmp_path: Path, how: str) -> None:
    page.get_by_label(re.compile("Read the words")).uncheck()
    folder = tmp_path / "memes"
    (folder / "more").mkdir(parents=True)
    for name in ("a.jpg", "more/b.jpg", ".hidden"):
        (folder / name).write_bytes(meme("rage_comic", name))
    if how == "chosen":
        page.locator("input[name=folder]").set_input_files(folder)
    else:  # by the browser itself: a script cannot make what stands for a folder
        mouse = page.context.new_cdp_session(page)
        held = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            mouse.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 300, "data": held})
    expect(page.get_by_text("2 of 2 done")).to_be_visible(timeout=LOOKING_MS)
    expect(page.get_by_role("button", name="memes/more/b.jpg")).to_be_visible()


def test_what_was_brought_is_there_after_a_look_at_the_model(page: Page) -> None:
    bring(page, "drop", {"kept.jpg": meme("rage_comic")})
    bars(page)
    page.get_by_label(re.compile("Read the words")).uncheck()
    page.get_by_role("link", name="Model").click()
    expect(page.get_by_text("What it takes for what")).to_be_visible()
    page.get_by_role("link", name="Classify").click()
    expect(page.locator(".frame img")).to_have_attribute("alt", "kept.jpg")
    expect(page.get_by_label(re.compile("Read the words"))).not_to_be_checked()
    bars(page)


def test_a_file_that_is_no_picture_is_told_and_what_may_pass_can_be_tried_again(
    page: Page,
) -> None:
    bring(page, "drop", {"<b>text.jpg": b"no picture"})
    expect(page.get_by_role("heading", name="This file has no answer")).to_be_visible()
    expect(page.get_by_text("Not an image of the formats")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    body = json.dumps({"error": {"code": "too_slow", "message": "it takes too long"}})
    page.route("**/v1/classify*", lambda route: route.fulfill(status=504, body=body))
    bring(page, "drop", {"meme.jpg": meme("rage_comic")})
    page.get_by_role("button", name="Try again").wait_for()
    bring(page, "drop", {"1.jpg": meme("rage_comic", "1"), "text.txt": b"no picture"})
    page.unroute("**/v1/classify*")
    page.get_by_role("button", name="Try failed ones again").click()
    expect(page.get_by_text("Not an image of the formats")).to_be_visible()
    expect(page.get_by_text("3 of 3 done")).to_be_visible()
    expect(page.get_by_role("button", name="Try failed ones again")).to_be_hidden()


def test_memes_like_it_lead_to_where_they_were_seen(page: Page) -> None:
    address = "https://lemmy.example/post/1"
    seen: dict[str, object] = {"sha256": "0" * 64, "label": "ironic", "nsfw": False, "n_seen": 1}
    seen |= {"source": "lemmy"}
    seen |= {"community": "memes", "title": "A title", "posted_at": "2019-05-04T10:00:00Z"}
    led = seen | {"id": 1, "permalink": address}
    not_led = seen | {"id": 2, "permalink": "javascript:alert(1)"}
    told = [{"cosine": 0.9, "meme": led}, {"cosine": 0.8, "meme": not_led}]
    body = json.dumps(json.loads(answer(0.7)) | {"similar": told})
    page.route("**/v1/classify*", lambda route: route.fulfill(body=body))
    bring(page, "drop", {"meme.jpg": meme("rage_comic")})
    tiles = page.locator(".similar li")
    expect(tiles).to_have_text(
        [re.compile("Ironic.*90 % alike.*memes, May 4, 2019"), re.compile("80 % alike.*memes")]
    )
    expect(tiles.first.get_by_role("link")).to_have_attribute("href", address)
    expect(tiles.last.get_by_role("link")).to_have_count(0)


def answer(score: float) -> str:
    """What the API might say of a picture, whole."""
    genres = [{"label": "ironic", "score": score}, {"label": "political", "score": 1 - score}]
    year = {"value": 2015, "low": 2014, "high": 2018, "text": "between 2014 and 2018, about 2015"}
    year |= {"vague": False, "reasons": ["the look: 2014-2018"]}
    words = {"words": None, "abstain": False, "ms": 1.0}
    return json.dumps({"model": "m", "genre": genres, "year": year} | words)


def test_the_years_are_drawn_where_they_say_something_with_the_reasons(page: Page) -> None:
    years = {"first": 2014, "scores": [0.1, 0.5, 0.2, 0.1, 0.1]}
    body = json.dumps(json.loads(answer(0.7)) | {"years": years})
    page.route("**/v1/classify*", lambda route: route.fulfill(body=body))
    bring(page, "drop", {"meme.jpg": meme("rage_comic")})
    expect(
        page.get_by_role("heading", name="Made between 2014 and 2018, about 2015")
    ).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("how likely each year is"))).to_be_visible()
    expect(page.get_by_text("the look: 2014-2018")).to_be_visible()


def test_the_table_stays_sorted_while_answers_come(page: Page) -> None:
    scores = {"a.jpg": 0.7, "b.jpg": 0.9, "c.jpg": 0.6, "d.jpg": 0.8}
    held: list[Route] = []

    def one(route: Route) -> None:
        name = (route.request.post_data_buffer or b"").decode()
        if name == "c.jpg" and not held:
            held.append(route)
        else:
            route.fulfill(body=answer(scores[name]), content_type="application/json")

    page.route("**/v1/classify*", one)
    bring(page, "drop", {name: name.encode() for name in scores})
    expect(page.get_by_text("3 of 4 done")).to_be_visible()
    names = page.locator("tbody th")
    page.get_by_role("button", name="Sure").click()
    expect(names).to_have_text(["a.jpg", "d.jpg", "b.jpg", "c.jpg"])
    held[0].fulfill(body=answer(scores["c.jpg"]), content_type="application/json")
    expect(names).to_have_text(["c.jpg", "a.jpg", "d.jpg", "b.jpg"])
    page.get_by_role("button", name="Sure").click()
    expect(names).to_have_text(["b.jpg", "d.jpg", "a.jpg", "c.jpg"])


def test_a_row_opened_while_it_is_asked_about_is_told_in_whole(page: Page) -> None:
    page.get_by_label(re.compile("Read the words")).uncheck()
    held: list[Route] = []

    def one(route: Route) -> None:
        if "include" in route.request.url or len(held) == 2:
            route.continue_()
        else:
            held.append(route)

    page.route("**/v1/classify*", one)
    bring(page, "drop", {"a.jpg": meme("rage_comic", "a"), "b.jpg": meme("political", "b")})
    page.get_by_role("button", name="b.jpg").click()
    expect(page.get_by_role("heading", name="Looking")).to_be_focused()
    for route in held:
        route.continue_()
    bars(page)
    expect(page.get_by_role("button", name="Where it looked")).to_be_visible()
    # What fails afterwards takes nothing of it away.
    page.get_by_role("button", name="All memes").click()
    page.unroute("**/v1/classify*")
    page.route("**/v1/classify*", lambda route: route.fulfill(status=504, body="{}"))
    page.get_by_role("button", name="a.jpg").click()
    expect(page.get_by_text("The rest could not be told")).to_be_visible()
    bars(page)
    page.unroute("**/v1/classify*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name="Where it looked")).to_be_visible()


def test_a_server_that_goes_away_costs_no_meme_its_answer(page: Page) -> None:
    page.get_by_label(re.compile("Read the words")).uncheck()
    page.route("**/v1/classify*", lambda route: route.fulfill(status=401, body="{}"))
    bring(page, "drop", {f"{i}.jpg": meme("rage_comic", str(i)) for i in range(6)})
    expect(page.get_by_text("This server asks for its token again")).to_be_visible()
    expect(page.get_by_text("0 of 6 done")).to_be_visible()
    page.unroute("**/v1/classify*")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("6 of 6 done")).to_be_visible()
    expect(page.get_by_text("This server asks for its token again")).to_have_count(0)


def test_a_server_that_is_busy_is_asked_again_and_one_that_is_gone_is_told(page: Page) -> None:
    said = iter([429, 429])

    def busy(route: Route) -> None:
        if status := next(said, None):
            route.fulfill(status=status, headers={"Retry-After": "0"}, body="{}")
        else:
            route.continue_()

    page.route("**/v1/classify*", busy)
    bring(page, "drop", {"meme.jpg": meme("rage_comic")})
    bars(page)
    page.unroute("**/v1/classify*")
    page.route("**/v1/classify*", lambda route: route.abort())
    bring(page, "drop", {"meme.jpg": meme("rage_comic")})
    expect(page.get_by_text("The server does not answer; is it still running?")).to_be_visible()
    page.unroute("**/v1/classify*")
    page.get_by_role("button", name="Go on").click()
    bars(page)


def test_a_wrong_answer_is_corrected_by_one_click_and_taken_back(
    page: Page, server: Server
) -> None:
    collection = Collection.open(Settings(data_dir=server.data_dir))

    def votes() -> list[tuple[str | None, bool]]:
        with collection.database.reading() as session:
            query = select(Vote).where(Vote.annotator.like("visitor %"))
            return [(v.genre, v.undone_at is None) for v in session.scalars(query)]

    bring(page, "drop", {"meme.jpg": meme("rage_comic", "wrong")})
    bars(page)
    page.get_by_role("button", name="This is wrong").click()
    expect(page.get_by_text("sends this picture and that genre")).to_be_visible()
    page.locator(".choices").get_by_role("button", name="Post-ironic").click()
    expect(page.get_by_text("Sent as Post-ironic.")).to_be_visible()
    expect(page.get_by_role("button", name="Take back")).to_be_focused()
    assert votes() == [("post_ironic", True)]
    page.route("**/v1/corrections/*", lambda route: route.abort())
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Not done: The server does not answer")).to_be_visible()
    page.unroute("**/v1/corrections/*")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Taken back.")).to_be_visible()
    expect(page.get_by_role("button", name="This is wrong")).to_be_focused()
    assert votes() == []
    collection.database.engine.dispose()


def test_where_corrections_are_off_nobody_is_asked_for_one(
    trained: Trained, browser: Browser
) -> None:
    with served(trained.data_dir, "--workers", "1", corrections="0") as server:
        page = browser.new_page()
        open_window(page, server)
        page.locator("input[name=files]").set_input_files(
            {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": meme("rage_comic")}
        )
        bars(page)
        expect(page.get_by_role("button", name="This is wrong")).to_have_count(0)
        expect(page.get_by_text("There is none to compare it with yet")).to_be_visible()
        page.close()


def test_beyond_this_machine_the_page_is_behind_the_token(
    trained: Trained, browser: Browser
) -> None:
    with served(trained.data_dir, "--workers", "1", "--host", "0.0.0.0") as server:
        bare, token = server.address.split("/?token=")
        page = browser.new_page()
        page.goto(bare)
        page.get_by_label("Access token").fill("wrong")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_text("That is not the token.")).to_be_visible()
        page.get_by_label("Access token").fill(token)
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_text("Drop memes here")).to_be_visible()
        page.close()


def test_the_page_about_the_model_has_its_figures_and_the_eight_genres(
    page: Page, server: Server, trained: Trained
) -> None:
    page.goto(f"{server.address}/model")
    expect(page.get_by_text(f"Version {trained.version}")).to_be_visible()
    expect(page.get_by_text("What it takes for what")).to_be_visible()
    for one in GENRES:
        expect(page.get_by_text(one.definition)).to_be_visible()
    # Of the genres that people labelled, their memes; of the others, drawn ones.
    expect(page.locator(".examples img")).to_have_count(4 * len(trained.genres) + 5)
    broken = page.locator(".examples img").evaluate_all(
        "images => Promise.all(images.map(async (i) => (await fetch(i.src)).ok))"
    )
    assert all(broken)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_nothing_is_in_the_way_of_people_who_see_or_hear_it_differently(
    server: Server, browser: Browser, width: int, height: int, scheme: str
) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]  # one of the two that it knows
    )
    page.set_default_timeout(LOOKING_MS)
    open_window(page, server)

    def check(part: str = ".stBidiComponent") -> None:
        found = Axe().run(page, context=part, options={"resultTypes": ["violations"]})
        bad = [v for v in found.response["violations"] if v["impact"] in ("serious", "critical")]
        assert bad == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    check()
    page.get_by_label(re.compile("Read the words")).uncheck()
    bring(page, "drop", {"one.jpg": meme("rage_comic")})
    bars(page)
    page.get_by_role("button", name="Where it looked").click()
    page.get_by_role("button", name="This is wrong").click()
    check()
    bring(page, "drop", {"two.jpg": meme("political"), "no.txt": b"no picture"})
    expect(page.get_by_text("3 of 3 done")).to_be_visible()
    check()
    page.goto(f"{server.address}/model")
    expect(page.locator(".examples img").first).to_be_visible()
    check("[data-testid=stMain]")
    page.close()
