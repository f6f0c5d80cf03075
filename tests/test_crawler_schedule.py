"""When the crawls of a plan run: by a clock of the test's own, and once for real."""

import codecs
import itertools
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.triggers.cron import CronTrigger
from click.testing import CliRunner, Result

import crawler.schedule
from core.errors import BadInput, MemeEraError
from core.settings import Settings
from crawler.__main__ import main
from crawler.plan import Crawl, load_plan
from crawler.schedule import DatabaseMemory, Scheduler, WallClock, crawl_in_process
from db.advisory_lock import advisory_lock
from db.memes import Collection
from db.models import Meme
from db.session import Database
from tests.test_crawler_run import ROOT, body, command, environment, listing, n_rows, picture, stub

START = datetime(2024, 3, 28, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


class FakeClock:
    """A clock that the test moves; it stops whoever waits beyond a time."""

    def __init__(self, until: datetime) -> None:
        self.time = START
        self.until = until

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> bool:
        self.time += timedelta(seconds=seconds)
        return self.time >= self.until


class FakeMemory(dict[str, datetime]):
    def last(self, name: str) -> datetime | None:
        return self.get(name)

    def keep(self, name: str, began_at: datetime) -> None:
        self[name] = began_at


def crawl(name: str, cron: str | None) -> Crawl:
    times = None if cron is None else CronTrigger.from_crontab(cron, timezone=UTC)
    return Crawl(name, (), times)


class Simulation:
    """Runs a plan against a fake clock; each run takes as long as the test says."""

    def __init__(self, *crawls: Crawl, takes: Callable[[int], timedelta]) -> None:
        self.crawls = crawls
        self.memory = FakeMemory()
        self.runs: list[tuple[str, datetime, datetime]] = []
        self._takes = takes

    def go_on(self, clock: FakeClock) -> None:
        def run(crawl: Crawl) -> None:
            began = clock.time
            clock.time += self._takes(len(self.runs))
            self.runs.append((crawl.name, began, clock.time))

        Scheduler(self.crawls, run, self.memory, clock).run()

    def began(self, name: str) -> list[datetime]:
        return [began for crawl, began, _ in self.runs if crawl == name]


def overlaps(runs: list[tuple[str, datetime, datetime]]) -> bool:
    return any(end > begin for (_, _, end), (_, begin, _) in itertools.pairwise(runs))


def test_a_week_of_hourly_runs_has_no_overlap_no_gap_and_no_drift() -> None:
    simulation = Simulation(crawl("hourly", "7 * * * *"), takes=lambda n: timedelta(minutes=n % 50))
    simulation.go_on(FakeClock(START + timedelta(days=7)))
    first, *others = simulation.began("hourly")
    assert first == START  # it never ran: at once
    due = [START.replace(minute=7) + n * HOUR for n in range(1, 7 * 24 + 1)]
    assert len(others) == 7 * 24
    # Never early, and late by no more than the one before took: nothing adds up.
    assert all(timedelta(0) <= at - on < HOUR / 60 for at, on in zip(others, due, strict=True))
    assert not overlaps(simulation.runs)


def test_runs_that_take_too_long_are_made_up_for_once() -> None:
    simulation = Simulation(crawl("hourly", "0 * * * *"), takes=lambda _: timedelta(minutes=150))
    simulation.go_on(FakeClock(START + timedelta(days=1)))
    began = simulation.began("hourly")
    # Two were missed each time; one is made up for, as soon as there is time.
    assert [later - earlier for earlier, later in itertools.pairwise(began)] == [
        timedelta(minutes=150)
    ] * (len(began) - 1)
    assert not overlaps(simulation.runs)


def test_after_a_pause_each_crawl_that_was_missed_runs_once() -> None:
    simulation = Simulation(
        crawl("hourly", "0 * * * *"),
        crawl("daily", "0 3 * * *"),
        crawl("by hand", None),
        takes=lambda _: timedelta(minutes=5),
    )
    simulation.go_on(FakeClock(START + 2 * HOUR))
    n_before = len(simulation.runs)
    assert {name for name, *_ in simulation.runs} == {"hourly", "daily"}
    clock = FakeClock(START + timedelta(days=3, minutes=20))
    clock.time = START + timedelta(days=3)  # switched off meanwhile
    simulation.go_on(clock)
    assert sorted(name for name, *_ in simulation.runs[n_before:]) == ["daily", "hourly"]


def test_several_crawls_take_turns() -> None:
    simulation = Simulation(
        crawl("a", "0 * * * *"), crawl("b", "0 * * * *"), takes=lambda _: timedelta(minutes=10)
    )
    simulation.go_on(FakeClock(START + timedelta(hours=10)))
    assert len(simulation.began("a")) == len(simulation.began("b")) == 11
    assert not overlaps(simulation.runs)


def test_a_run_that_was_cut_short_is_due_again() -> None:
    simulation = Simulation(crawl("a", "0 0 * * *"), takes=lambda _: HOUR)
    simulation.go_on(FakeClock(START + HOUR / 2))
    assert len(simulation.runs) == 1
    assert simulation.memory == {}


def test_when_a_crawl_ran_is_kept_in_the_database(collection: Collection) -> None:
    memory = DatabaseMemory(collection.database)
    assert memory.last("a") is None
    memory.keep("a", START)
    memory.keep("a", START + HOUR)
    assert (memory.last("a"), memory.last("b")) == (START + HOUR, None)


def accept(_: tuple[str, ...]) -> None:
    pass


def test_a_plan_becomes_arguments(tmp_path: Path) -> None:
    file = tmp_path / "crawler.toml"
    file.write_text(
        '[new]\nsource = "lemmy"\ncron = "7 * * * *"\ncommunity = ["a", "b"]\nlimit = 5\n'
        'dry_run = true\n[old]\nsource = "lemmy"\ncommunity = "c"\ndry_run = false\n'
    )
    new, old = load_plan(file, accept)
    assert new.arguments == (
        *("run", "lemmy", "--community", "a", "--community", "b", "--limit", "5"),
        "--dry-run",
    )
    assert new.times is not None
    assert old == Crawl("old", ("run", "lemmy", "--community", "c"), None)


@pytest.mark.parametrize(
    ("weekdays", "days"),
    [
        ("*", "0123456"),
        ("0", "0"),
        ("7", "0"),
        ("1", "1"),
        ("1-5", "12345"),
        ("5-7", "056"),
        ("6,0", "06"),
        ("*/2", "0246"),
        ("1/3", "14"),
        ("Fri-mon", "0156"),
        ("mon,3", "13"),
    ],
)
def test_weekdays_are_those_of_cron(tmp_path: Path, weekdays: str, days: str) -> None:
    file = tmp_path / "crawler.toml"
    file.write_text(f"[a]\nsource = 'lemmy'\ncron = '0 0 * * {weekdays}'\n")
    (planned,) = load_plan(file, accept)
    assert planned.times is not None
    at, fired = datetime(2026, 11, 21, 12).astimezone(), set()  # a Saturday
    for _ in range(7):
        at = planned.times.get_next_fire_time(at, at + timedelta(seconds=1))
        fired.add(at.isoweekday() % 7)
    assert fired == set(map(int, days))


@pytest.fixture
def one_tick(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Lets a schedule begin one crawl, which does nothing, and end; gives its arguments."""
    began: list[tuple[str, ...]] = []

    def run(crawl: Crawl, clock: WallClock) -> None:
        began.append(crawl.arguments)
        clock._stop.set()

    monkeypatch.setattr(crawler.schedule, "crawl_in_process", run)
    return began


def invoke(data_dir: Path, plan: Path, *arguments: str) -> Result:
    """`python -m crawler` in this process, with a plan."""
    variables = {"MEMEERA_DATA_DIR": str(data_dir), "MEMEERA_CRAWLER_FILE": str(plan)}
    return CliRunner().invoke(main, arguments, env=variables, catch_exceptions=False)


@pytest.mark.parametrize("before", [b"", codecs.BOM_UTF8], ids=["as it is", "from an editor"])
def test_the_example_runs_as_it_is(
    tmp_path: Path, one_tick: list[tuple[str, ...]], before: bytes
) -> None:
    plan = tmp_path / "crawler.toml"
    plan.write_bytes(before + (ROOT / "crawler.example.toml").read_bytes())
    shown = invoke(tmp_path, plan, "status")
    assert shown.exit_code == 0
    assert "the next crawl of the plan is lemmy-new, now" in shown.output
    assert invoke(tmp_path, plan, "schedule").exit_code == 0
    assert [arguments[:2] for arguments in one_tick] == [("run", "lemmy")]


def test_what_the_example_shows_in_comments_is_accepted_too(tmp_path: Path) -> None:
    lines = (ROOT / "crawler.example.toml").read_text(encoding="utf-8").splitlines()
    tables = "\n".join(line.removeprefix("# ") for line in lines)
    plan = tmp_path / "crawler.toml"
    plan.write_text(
        "[reddit-new]"
        + tables.partition("[reddit-new]")[2]
        .replace("The stills", "# The stills")
        .replace("Any site", "# Any")
        .replace("selectors where", "# ")
    )
    assert invoke(tmp_path, plan, "status").exit_code == 0


def test_a_plan_that_is_no_utf_8_is_told_by_its_line(tmp_path: Path) -> None:
    plan = tmp_path / "crawler.toml"
    text = '# Meine Quellen\n[a]\nsource = "lemmy"\ncommunity = "größer"\n'
    for encoding, line in (("utf-16", 1), ("latin-1", 4)):
        plan.write_bytes(text.encode(encoding))
        with pytest.raises(BadInput, match=f"line {line} is no UTF-8; save the file as UTF-8"):
            invoke(tmp_path, plan, "schedule")


def test_a_second_schedule_of_one_collection_says_so_and_ends(
    collection: Collection, database_settings: Settings
) -> None:
    other = Database.open(database_settings)
    with advisory_lock(collection.database.engine, "schedule"):
        with (
            pytest.raises(MemeEraError, match="another process runs the schedule"),
            advisory_lock(other.engine, "schedule"),
        ):
            pass
        with advisory_lock(other.engine, "something else"):
            pass
    with advisory_lock(other.engine, "schedule"):  # the first is over
        pass
    other.engine.dispose()


def test_a_schedule_that_was_killed_leaves_its_place(tmp_path: Path) -> None:
    holding = """
import sys, time
from core.settings import Settings
from db.advisory_lock import advisory_lock
from db.session import Database
with advisory_lock(Database.open(Settings()).engine, "schedule"):
    print("in", flush=True)
    time.sleep(60)
"""
    plan = tmp_path / "crawler.toml"
    plan.write_text('[a]\nsource = "lemmy"\ncommunity = "b"\ncron = "0 0 1 1 *"\n')
    with subprocess.Popen(
        [sys.executable, "-c", holding],
        cwd=ROOT,
        env=environment(tmp_path, "", {}),
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in\n"
        with pytest.raises(MemeEraError, match="another process runs the schedule"):
            invoke(tmp_path, plan, "schedule")
        process.kill()
    with advisory_lock(Database.open(Settings(data_dir=tmp_path)).engine, "schedule"):
        pass


def test_a_run_by_a_clock_that_was_ahead_counts_from_now(
    capsys: pytest.CaptureFixture[str],
) -> None:
    simulation = Simulation(crawl("a", "0 * * * *"), takes=lambda _: timedelta(minutes=1))
    simulation.memory["a"] = START.replace(year=2038)
    simulation.go_on(FakeClock(START + 3 * HOUR))
    assert simulation.began("a") == [START.replace(minute=0) + n * HOUR for n in (1, 2, 3)]
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{START:%Y-%m-%d %H:%M:%S} a: it last ran at 2038-03-28 12:30")


def test_what_a_crawl_says_comes_with_the_time_and_its_name(
    tmp_path: Path,
    planned: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    for name, value in planned.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MEMEERA_RETRY_DELAY_S", "0.01")
    crawl_in_process(Crawl("bad", ("run", "lemmy", "--community", "bad"), None), WallClock())
    crawl_in_process(Crawl("good", ("run", "lemmy", "--community", "memes"), None), WallClock())
    lines = capsys.readouterr().out.splitlines()
    begins = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (bad|good): ")
    assert all(map(begins.match, lines))
    said = [begins.sub("", line) for line in lines]
    assert said[0] == "python -m crawler run lemmy --community bad"
    assert "ended with code 1" in said
    assert any("1 listed: 1 added" in line for line in said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no such file"),
        ("", "names no crawl"),
        ("x = [", "Invalid"),
        ("[a]\ncommunity = 'b'", '[a]: it needs a line such as source = "lemmy"'),
        ("a = 1", "[a]: it needs a line"),
        ("[a]\nsource = 'nowhere'", "[a]: there is no source nowhere; there are lemmy"),
        ("[a]\nsource = 'lemmy'", "[a]: Missing option '--community'"),
        ("[a]\nsource = 'lemmy'\ncommunity = 'b'\ncolour = 'red'", "No such option"),
        ("[a]\nsource = 'lemmy'\ncommunity = 'b'\nlimit = 0", "0 is not in the range"),
        ("[a]\nsource = 'lemmy'\ncommunity = 'b'\ncron = 'soon'", "five fields"),
        ("[a]\nsource = 'lemmy'\ncommunity = 'b'\ncron = '0 0 * * 8'", "no day of the week"),
        ("[a]\nsource = 'lemmy'\ncommunity = 'b'\ncron = '0 0 * * 1/0'", "five fields"),
    ],
)
def test_a_plan_that_cannot_be_used_says_why(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "crawler.toml").write_text(text)
    for what in ("run", "schedule"):
        done = command(tmp_path, what, MEMEERA_CRAWLER_FILE=str(tmp_path / "crawler.toml"))
        assert done.returncode == 2
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def planned(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a plan with two crawls, one of which fails."""
    with stub(answers := {"/1.png": body(picture(1))}) as site:

        def list_one(request: object) -> None:
            known = "community_name=memes" in request.path  # type: ignore[attr-defined]
            (listing(f"{site}/1.png") if known else body(b"", 403))(request)

        answers["/api/v3/post/list"] = list_one
        file = tmp_path / "crawler.toml"
        file.write_text(
            '[bad]\nsource = "lemmy"\ncommunity = "bad"\n'
            '[good]\nsource = "lemmy"\ncommunity = "memes"\ncron = "0 0 1 1 *"\n'
        )
        yield environment(tmp_path, site, {"MEMEERA_CRAWLER_FILE": str(file)})


def test_run_without_a_source_runs_the_plan(tmp_path: Path, planned: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "crawler", "run"],
        cwd=ROOT,
        env=planned,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert n_rows(tmp_path, Meme) == 1
    assert done.returncode == 1
    assert "failed: bad; what they said is above" in done.stderr
    assert "answered 403" in done.stderr


def test_a_schedule_runs_and_ends_when_it_is_told_to(
    tmp_path: Path, planned: dict[str, str]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "crawler", "schedule"],
        cwd=ROOT,
        env=planned,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        deadline = time.monotonic() + 60
        memory = DatabaseMemory(Database.open(Settings(data_dir=tmp_path)))
        while memory.last("good") is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert n_rows(tmp_path, Meme) == 1
    assert memory.last("bad") is None  # it has no time
    shown = subprocess.run(
        [sys.executable, "-m", "crawler", "status"],
        cwd=ROOT,
        env=planned,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "the next crawl of the plan is good, at " in shown.stdout


def test_a_plan_without_times_is_no_schedule(tmp_path: Path) -> None:
    (tmp_path / "crawler.toml").write_text('[a]\nsource = "lemmy"\ncommunity = "b"\n')
    done = command(tmp_path, "schedule", MEMEERA_CRAWLER_FILE=str(tmp_path / "crawler.toml"))
    assert done.returncode == 2
    assert "no crawl of the plan has a time" in done.stderr


def test_the_arguments_are_looked_at_before_anything_runs(tmp_path: Path) -> None:
    def refuse(arguments: tuple[str, ...]) -> None:
        raise BadInput(f"{len(arguments)} arguments")

    file = tmp_path / "crawler.toml"
    file.write_text('[a]\nsource = "lemmy"\ncommunity = "b"\n')
    with pytest.raises(BadInput, match=r"\[a\]: 4 arguments"):
        load_plan(file, refuse)
