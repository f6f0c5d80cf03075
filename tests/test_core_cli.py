"""How commands end: the exit code, and one line on standard error."""

import importlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace

import click
import pytest

from core.cli import Loaded, Program, json_option, print_json, run, telling, warn
from core.errors import BadInput, ImageRejected, MemeEraError, NotReady, Reject
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def _log_handlers_of_this_test_alone() -> Iterator[None]:
    handlers = list(logging.root.handlers)
    yield
    logging.root.handlers[:] = handlers


def ending(command: click.Command, *args: str) -> int:
    """Run a command; gives its exit code."""
    with pytest.raises(SystemExit) as ended:
        run(command, "python -m example", args)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def raising(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


def test_a_command_that_does_its_work_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    @json_option
    def command(as_json: bool) -> None:
        print_json({"as_json": as_json})

    assert ending(command) == 0
    assert json.loads(capsys.readouterr().out) == {"as_json": False}
    assert ending(command, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"as_json": True}


def test_a_command_may_choose_its_exit_code() -> None:
    assert ending(click.Command("example", callback=lambda: 2)) == 2


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (MemeEraError("it failed; try this"), 1),
        (NotReady("it failed; try this"), 1),
        (BadInput("it failed; try this"), 2),
    ],
)
def test_our_errors_end_as_one_line(
    error: MemeEraError, exit_code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ending(raising(error)) == exit_code
    assert capsys.readouterr() == ("", "it failed; try this\n")


def test_a_rejected_image_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(raising(ImageRejected(Reject.EMPTY, "the file is empty"))) == 2
    assert capsys.readouterr().err == "the file is empty (empty)\n"


def test_an_unknown_option_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(click.Command("example"), "--nonsense") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "--nonsense" in captured.err.splitlines()[-1]
    assert "python -m example" in captured.err


def test_help_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(click.Command("example", help="What it does."), "--help") == 0
    assert "What it does." in capsys.readouterr().out


def test_ctrl_c_ends_with_130_and_says_that_nothing_is_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ending(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr() == (
        "",
        "stopped; what was finished is kept\n",
    )


@pytest.fixture
def _signals_as_in_a_terminal() -> Iterator[None]:
    """SIGINT too: who runs the tests in a shell's background has it ignored."""
    term = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, term)
    signal.signal(signal.SIGINT, interrupt)


@pytest.mark.usefixtures("_signals_as_in_a_terminal")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["SIGTERM", "SIGINT"]
)
@pytest.mark.parametrize(
    ("kept", "said"), [(None, "what was finished is kept"), ("3 of 9 are kept", "3 of 9 are kept")]
)
def test_a_signal_ends_a_command_with_a_line_of_what_is_kept(
    number: signal.Signals,
    code: int,
    kept: str | None,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    @click.command()
    def command() -> None:
        with telling(lambda: kept) if kept else nullcontext():
            os.kill(os.getpid(), number)
            time.sleep(5)

    assert ending(command) == code
    assert capsys.readouterr() == ("", f"stopped; {said}\n")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL or number is signal.SIGINT


FORKING = """
import os, signal, time
import click
from core.cli import run

@click.command()
def command():
    is_there, say = os.pipe()
    if (child := os.fork()) == 0:
        os.write(say, b".")
        time.sleep(5)
        os._exit(1)
    os.read(is_there, 1)
    os.kill(child, signal.SIGTERM)
    click.echo(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

run(command, "example")
"""


def test_sigterm_ends_a_forked_process_as_ever() -> None:
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == (f"{-signal.SIGTERM}\n", "")


def test_our_bugs_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run(raising(ZeroDivisionError()), "python -m example", [])


def test_json_keeps_letters_as_they_are_and_times_as_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_json({"title": "¿qué?", "at": datetime(2020, 1, 2, tzinfo=UTC)})
    printed = capsys.readouterr().out
    assert "¿qué?" in printed
    assert json.loads(printed) == {"title": "¿qué?", "at": "2020-01-02 00:00:00+00:00"}


def test_a_warning_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    warn("look here")
    assert capsys.readouterr() == ("", "look here\n")


PROGRAM = """
import logging
import click
from core.cli import run

@click.command()
def command():
    logging.getLogger("library").warning("heard")
    logging.getLogger("library").info("not heard")
    for number in range(100_000):
        click.echo(number)

run(command, "example")
"""


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    read_end, write_end = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=write_end, stderr=subprocess.PIPE, text=True
    ) as program:
        os.close(write_end)
        with os.fdopen(read_end) as reader:
            assert reader.readline() == "0\n"
        _, errors = program.communicate(timeout=30)
    assert program.returncode == 0
    assert errors == "library: heard\n"  # the log is on standard error, from warnings on


def test_a_library_that_is_not_installed_is_told_with_what_brings_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @click.command()
    def command() -> None:
        importlib.import_module("no_such_library")

    with pytest.raises(SystemExit) as ended:
        run(command, "python -m example", [], extra="training")
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "python -m example needs no_such_library, not installed here: "
        "pip install 'memeera[training]'\n"
    )


STAGES = {"store": Loaded("tests.a_stage", extra="crawler")}


@click.group(cls=Program, loaded=STAGES)
def program() -> None:
    """A program."""


@program.command()
def own() -> None:
    """Its own."""


@pytest.fixture
def _stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module with a command, which needs a library that is not installed."""

    @click.group()
    def main() -> None:
        """A stage."""

    @main.command()
    @click.option("--limit", type=int, help="So many.")
    def fetch(limit: int) -> None:
        """Fetch it."""
        importlib.import_module("no_such_library")

    monkeypatch.setitem(sys.modules, "tests.a_stage", SimpleNamespace(main=main))


def test_a_stage_that_is_not_asked_for_is_not_loaded() -> None:
    assert "tests.a_stage" not in sys.modules
    assert ending(program, "own") == 0


@pytest.mark.usefixtures("_stage")
def test_a_stage_is_listed_and_its_usage_told_by_the_name_that_was_typed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ending(program, "--help") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[-2:]] == ["own", "store"]
    assert ending(program, "store", "fetch", "--limit", "many") == 2
    said = capsys.readouterr().err
    assert said.endswith("; see python -m example store fetch --help\n")
    assert ending(program, "stor") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.usefixtures("_stage")
def test_of_a_stage_without_its_libraries_its_own_extra_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ending(program, "store", "fetch") == 1
    assert capsys.readouterr().err.endswith("pip install 'memeera[crawler]'\n")


@pytest.mark.usefixtures("_stage")
@pytest.mark.parametrize(
    ("words", "offered"),
    [("", {"own", "store"}), ("store ", {"fetch"}), ("store fetch --l", {"--limit"})],
)
def test_shells_complete_the_commands_of_stages(
    words: str,
    offered: set[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("_MEMEERA_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"memeera {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(f"memeera {words}x".split()) - 1))
    with pytest.raises(SystemExit) as ended:
        run(program, "memeera", [])
    assert ended.value.code == 0
    assert {line.split(",")[1] for line in capsys.readouterr().out.splitlines()} == offered
