"""The documents tell the truth: commands, files and links that they name are there."""

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from core.genres import GENRES
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PROGRAMS = {
    "python -m crawler": "crawler.__main__",
    "python -m db": "db.__main__",
    "python -m labeling": "labeling.__main__",
    "python -m training": "training.__main__",
    "python memeEraML.py": "memeEraML",
}


def program(name: str) -> click.Command:
    """The click command behind a program."""
    command = importlib.import_module(PROGRAMS[name]).main
    assert isinstance(command, click.Command)
    return command


def leaves(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Every command of a program, by what is typed to run it."""
    if isinstance(command, click.Group):
        for word, child in command.commands.items():
            yield from leaves(f"{name} {word}", child)
        if command.invoke_without_command:
            yield name, command
    else:
        yield name, command


def shown_commands() -> list[str]:
    """The lines of the README's shell blocks that run the project's programs."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("python ")]


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_command_is_in_the_readme(name: str) -> None:
    shown = shown_commands()
    missing = [
        typed
        for typed, _ in leaves(name, program(name))
        if not any(line == typed or line.startswith(typed + " ") for line in shown)
    ]
    assert missing == []


@pytest.mark.parametrize("line", shown_commands())
def test_every_command_in_the_readme_exists_with_its_options(line: str) -> None:
    name = next(name for name in PROGRAMS if line.startswith(name))
    command = program(name)
    words = shlex.split(line.removeprefix(name))
    while words and isinstance(command, click.Group) and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known
    if isinstance(command, click.Group):
        assert words == []


def test_every_command_and_option_says_what_it_does() -> None:
    for name in PROGRAMS:
        for typed, command in leaves(name, program(name)):
            assert command.help, typed


def test_the_data_flow_has_nine_steps_of_one_file_each() -> None:
    text = (ROOT / "docs" / "data-flow.md").read_text(encoding="utf-8")
    steps = re.findall(r"^\| (\d)\. [^|]+\| `([^`]+)` \|", text, re.MULTILINE)
    assert [number for number, _ in steps] == [str(n) for n in range(1, 10)]
    assert len({file for _, file in steps}) == 9
    assert all((ROOT / file).is_file() for _, file in steps)


def test_the_readme_lists_the_genres_as_they_are() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d) \|", README, re.MULTILINE)
    assert rows == [(genre.key, str(genre.digit)) for genre in GENRES]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_files_named_in_a_document_are_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [link for link in links if not (document.parent / link).exists()] == []
    named = re.findall(
        r"`((?:core|db|crawler|labeling|training|demo|tests|bench)/[\w./]+\.\w+)`", text
    )
    assert [file for file in named if not (ROOT / file).exists()] == []


def test_every_target_of_the_makefile_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):(.*)$", makefile, re.MULTILINE)
    assert {name for name, _ in targets} >= {"setup", "demo", "test", "check", "help"}
    assert [name for name, rest in targets if "## " not in rest] == []
