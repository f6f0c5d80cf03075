"""Which crawls a user wants, and when, and what sites they know: the tables of crawler.toml."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from apscheduler.triggers.cron import CronTrigger

from core.errors import BadInput
from core.settings import Settings
from crawler.sources.website import Site, from_table

__all__ = ["Crawl", "load_plan", "load_sites"]

_SITES: Final = "site"  # the table that holds no crawl, but the sites' own tables
_COMMANDS: Final = ("sync-deletions",)
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True, slots=True)
class Crawl:
    """One crawl of the plan."""

    name: str
    arguments: tuple[str, ...]  # of `python -m crawler`
    times: CronTrigger | None  # none: only when it is asked for


def load_plan(path: Path, check: Callable[[tuple[str, ...]], None]) -> list[Crawl]:
    """The crawls of a file.

    Each table is one crawl: `source`, `cron` (five fields, in local time; without it, the crawl is
    never due by itself), and the options of `python -m crawler run SOURCE` by their names. Or, with
    `command` in place of `source`, it is that command.

    Args:
        path: the file.
        check: raises BadInput where arguments of `python -m crawler` cannot be used.

    Raises:
        BadInput: it cannot be read, or a table cannot be used; the message names it.
    """
    crawls, tables = [], _tables(path)
    _site_tables(tables, path)
    for name, table in tables.items():
        if name == _SITES:
            continue
        try:
            crawl = _crawl(name, table)
            check(crawl.arguments)
        except BadInput as error:
            raise BadInput(f"{path}: [{name}]: {error}") from error
        crawls.append(crawl)
    if not crawls:
        raise BadInput(f"{path}: it names no crawl; crawler.example.toml shows how")
    return crawls


def load_sites(settings: Settings) -> dict[str, Site]:
    """The sites that crawler.toml has by their names: its tables [site.NAME].

    Raises:
        BadInput: it cannot be read, or a site cannot be used; the message names it.
    """
    path = settings.crawler_file
    tables = _site_tables(_tables(path), path)
    try:
        return {name: from_table(name, table) for name, table in tables.items()}
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error


def _site_tables(tables: dict[str, Any], path: Path) -> dict[str, dict[str, Any]]:
    sites = tables.get(_SITES, {})
    if not isinstance(sites, dict) or not all(isinstance(one, dict) for one in sites.values()):
        raise BadInput(
            f"{path}: [{_SITES}] holds sites alone, each a table [{_SITES}.NAME]; a crawl needs "
            "another name"
        )
    return sites


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(
            f"{path}: there is no such file; crawler.example.toml shows what it holds"
        ) from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: {error}") from error


def _crawl(name: str, table: Any) -> Crawl:
    if not isinstance(table, dict):
        raise BadInput('it needs a line such as source = "lemmy"')
    match table:
        case {"source": str(source)}:
            arguments = ["run", source]
        case {"command": str(command)} if command in _COMMANDS:
            arguments = [command]
        case {"command": command}:
            raise BadInput(f"command = {command!r}: there is {', '.join(_COMMANDS)}")
        case _:
            raise BadInput('it needs a line such as source = "lemmy"')
    other = ("source", "command", "cron")
    options = {key: value for key, value in table.items() if key not in other}
    for key, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            arguments += _option(key, one)
    return Crawl(name, tuple(arguments), _times(table.get("cron")))


def _option(key: str, value: object) -> list[str]:
    option = f"--{key.replace('_', '-')}"
    if isinstance(value, bool):
        return [option] if value else []
    return [option, str(value)]


def _times(cron: object) -> CronTrigger | None:
    if cron is None:
        return None
    try:
        *others, weekday = str(cron).split()
        return CronTrigger.from_crontab(" ".join([*others, _weekdays(weekday)]))
    except ValueError as error:
        raise BadInput(f'cron = "{cron}": {error}; five fields, such as "7 * * * *"') from error


def _weekdays(field: str) -> str:
    """By name: to cron 0 and 7 are Sunday, to APScheduler 0 is Monday and 7 is none."""
    if field in {"*", "?"}:
        return "*"
    days: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        first, _, last = ("0-6" if span == "*" else span).partition("-")
        start = _weekday(first)
        end = _weekday(last) if last else 6 if step else start
        days.update(range(start, end + (8 if end < start else 1), int(step or 1)))
    return ",".join(_WEEKDAYS[day] for day in sorted({day % 7 for day in days}))


def _weekday(said: str) -> int:
    if said in _WEEKDAYS:
        return _WEEKDAYS.index(said)
    if said.isdecimal() and int(said) <= len(_WEEKDAYS):
        return int(said)
    raise ValueError(f"{said!r} is no day of the week: 0 to 7, or {', '.join(_WEEKDAYS)}")
