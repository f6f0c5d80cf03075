"""Which crawls a user wants, and when: the tables of crawler.toml."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apscheduler.triggers.cron import CronTrigger

from core.errors import BadInput

__all__ = ["Crawl", "load_plan"]


@dataclass(frozen=True, slots=True)
class Crawl:
    """One crawl of the plan."""

    name: str
    arguments: tuple[str, ...]  # of `python -m crawler run`
    times: CronTrigger | None  # none: only when it is asked for


def load_plan(path: Path, check: Callable[[tuple[str, ...]], None]) -> list[Crawl]:
    """The crawls of a file.

    Each table is one crawl: `source`, `cron` (five fields, in local time; without it, the crawl is
    never due by itself), and the options of `python -m crawler run SOURCE` by their names.

    Args:
        path: the file.
        check: raises BadInput where arguments of `run` cannot be used.

    Raises:
        BadInput: it cannot be read, or a table cannot be used; the message names it.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(
            f"{path}: there is no such file; crawler.example.toml shows what it holds"
        ) from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: {error}") from error
    crawls = []
    for name, table in tables.items():
        try:
            crawl = _crawl(name, table)
            check(crawl.arguments)
        except BadInput as error:
            raise BadInput(f"{path}: [{name}]: {error}") from error
        crawls.append(crawl)
    if not crawls:
        raise BadInput(f"{path}: it names no crawl; crawler.example.toml shows how")
    return crawls


def _crawl(name: str, table: Any) -> Crawl:
    if not isinstance(table, dict) or not isinstance(table.get("source"), str):
        raise BadInput('it needs a line such as source = "lemmy"')
    options = {key: value for key, value in table.items() if key not in ("source", "cron")}
    arguments = [table["source"]]
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
        return CronTrigger.from_crontab(str(cron))
    except ValueError as error:
        raise BadInput(f'cron = "{cron}": {error}; five fields, such as "7 * * * *"') from error
