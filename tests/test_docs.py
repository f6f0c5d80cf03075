"""The documents tell the truth: commands, files and links that they name are there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from core.genres import GENRES
from memeEraML import main
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# What else runs the same.
PROGRAMS = {
    "python -m crawler": "memeera crawl",
    "python -m db": "memeera db",
    "python -m labeling": "memeera label",
    "python -m training": "memeera train",
    "python memeEraML.py": "memeera",
}


def children(command: click.Command) -> dict[str, click.Command]:
    """The commands below one, by their names."""
    if not isinstance(command, click.Group):
        return {}
    context = click.Context(command)
    below = {name: command.get_command(context, name) for name in command.list_commands(context)}
    return {name: child for name, child in below.items() if child is not None}


def leaves(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Every command of a program, by what is typed to run it."""
    if isinstance(command, click.Group):
        for word, child in children(command).items():
            yield from leaves(f"{name} {word}", child)
        if command.invoke_without_command:
            yield name, command
    else:
        yield name, command


def shown_commands() -> list[str]:
    """The lines of the README's shell blocks that run memeera."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    for other, name in PROGRAMS.items():
        lines = [line.replace(other, name) for line in lines]
    return [line for line in lines if line.split() and line.split()[0] == "memeera"]


def test_every_command_is_in_the_readme() -> None:
    shown = shown_commands()
    missing = [
        typed
        for typed, _ in leaves("memeera", main)
        if not any(line == typed or line.startswith(typed + " ") for line in shown)
    ]
    assert missing == []


@pytest.mark.parametrize("line", shown_commands())
def test_every_command_in_the_readme_exists_with_its_options(line: str) -> None:
    command: click.Command = main
    _, *words = shlex.split(line)
    while words and words[0] in children(command):
        command = children(command)[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known
    if isinstance(command, click.Group):
        assert words == []


def test_every_command_and_option_says_what_it_does() -> None:
    for typed, command in leaves("memeera", main):
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
