"""python -m crawler: bring memes into the collection."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.cli import json_option, print_json, run, warn
from core.errors import BadInput, MemeEraError
from core.settings import Settings
from crawler.sources import Source
from crawler.sources.lemmy import Lemmy, Sort
from db.frontier import pending_counts, refused_counts
from db.runs import Counts, last_runs
from db.session import Database, reading

if TYPE_CHECKING:
    from crawler.plan import Crawl


def crawl_options(command: Callable[..., None]) -> Callable[..., None]:
    """What every crawl can be told."""
    since = click.option(
        "--since",
        type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
        help="Pass over older posts.",
    )
    dry_run = click.option("--dry-run", is_flag=True, help="Only list, and count what there is.")
    return since(dry_run(json_option(command)))


@click.group()
def main() -> None:
    """Bring memes into the collection: from the web, or from a folder."""


@main.group("run", invoke_without_command=True)
@click.pass_context
def run_source(context: click.Context) -> None:
    """Crawl a source once; without one, all that the plan (crawler.toml) names, in turn."""
    if context.invoked_subcommand is None:
        failed = [crawl.name for crawl in _plan() if _run_planned(crawl) != 0]
        if failed:
            raise MemeEraError(f"failed: {', '.join(failed)}; what they said is above")


@run_source.command()
@click.option("--community", "communities", multiple=True, required=True, help="May be repeated.")
@click.option(
    "--sort", type=click.Choice([sort.name for sort in Sort]), default="new", show_default=True
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="Posts a community and site.",
)
@crawl_options
def lemmy(
    communities: tuple[str, ...],
    sort: str,
    limit: int,
    since: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Crawl communities of the Lemmy sites that MEMEERA_LEMMY_URLS names."""
    settings = Settings.load()
    sources = [
        Lemmy(url, community, Sort[sort], limit)
        for url in settings.lemmy_urls
        for community in communities
    ]
    _crawl(settings, sources, since, dry_run, as_json)


@main.command()
def schedule() -> None:
    """Run the crawls of the plan (crawler.toml) at their times, until stopped."""
    from crawler.schedule import DatabaseMemory, Scheduler, WallClock, crawl_in_process

    crawls = _plan()
    if not any(crawl.times for crawl in crawls):
        raise BadInput(
            'no crawl of the plan has a time; give one a line such as cron = "7 * * * *"'
        )
    database = Database.open(Settings.load())
    clock = WallClock()
    clock.end_on_signals()
    Scheduler(
        crawls, lambda crawl: crawl_in_process(crawl, clock), DatabaseMemory(database), clock
    ).run()
    database.engine.dispose()


@main.command("import")
@click.argument("directory", metavar="DIR")
@click.option(
    "--labels",
    "labels_file",
    type=click.Path(path_type=Path),
    help="CSV with the columns file,genre and, where present, year, fold, group, trust, source.",
)
@click.option("--community", help="Where the pictures are from.")
@click.option("--annotator", help="Whose votes the labels are.  [default: the CSV's name]")
@json_option
def import_(
    directory: str,
    labels_file: Path | None,
    community: str | None,
    annotator: str | None,
    as_json: bool,
) -> None:
    """Import a folder of pictures. Stopped half-way, the same command goes on from there."""
    from crawler.communities import load_priors
    from crawler.importing import import_files
    from crawler.sources.folder import files_in, read_labels

    if not directory:
        raise BadInput("DIR is empty; name a folder of pictures")
    folder = Path(directory)
    settings = Settings.load()
    ours = settings.data_dir.resolve()
    files = [file for file in files_in(folder) if not file.is_relative_to(ours / "media")]
    labels = read_labels(labels_file, folder) if labels_file else {}
    if labels_file:
        files = [file for file in files if file != labels_file.resolve()]
        missing = sorted(labels.keys() - set(files))
        if len(missing) == len(labels):
            raise BadInput(
                f"{labels_file}: none of its files is in {folder}; looked for "
                + (str(missing[0]) if missing else "any line")
            )
        if missing:
            warn(f"{len(missing)} labels name files that are not in {folder}, such as {missing[0]}")
        annotator = annotator or f"import:{labels_file.stem}"
    if not files:
        raise BadInput(f"{folder}: holds nothing but the collection's own pictures")
    counts = import_files(
        settings,
        folder,
        files,
        labels,
        community=community,
        annotator=annotator or "import",
        priors=load_priors(settings),
    )
    _report(counts, as_json)
    if counts.n_rejected == counts.listed:
        raise BadInput(f"{folder}: none of its {counts.listed} files is a picture that is taken")


@main.command()
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--frontier", is_flag=True, help="Only what is pending, and what was refused.")
@json_option
def status(limit: int, frontier: bool, as_json: bool) -> None:
    """Show the last runs, newest first, with their counts by outcome and reason."""
    settings = Settings.load()
    with reading(settings) as session:
        runs = last_runs(session, limit)
        waiting = {"pending": pending_counts(session), "refused": refused_counts(session)}
    if as_json:
        print_json(waiting if frontier else runs)
        return
    if not frontier:
        _show_runs(runs)
    _show_frontier(waiting)
    if not frontier and settings.crawler_file.exists():
        _show_schedule(settings)


def _show_runs(runs: Sequence[Mapping[str, Any]]) -> None:
    if not runs:
        click.echo("nothing was crawled yet; try: python -m crawler run lemmy --community memes")
    for row in runs:
        ended = "" if row["finished_at"] else "  (going on, or stopped before its end)"
        click.echo(f"{row['started_at'][:19]}  {row['source']}  {row['target']}{ended}")
        click.echo(f"    {Counts.from_dict(row)}")


def _show_frontier(waiting: Mapping[str, Any]) -> None:
    for name, rows in waiting.items():
        if rows:
            by_reason: Counter[str] = Counter()
            for row in rows:
                by_reason[row["reason"] or "not tried yet"] += row["media"]
            told = ", ".join(f"{n} {reason}" for reason, n in by_reason.most_common())
            click.echo(f"{by_reason.total()} {name}: {told}")
    if waiting["pending"]:
        at = min(row["next_try_at"] for row in waiting["pending"])
        click.echo(f"the next is due at {at[:19]}")


def _show_schedule(settings: Settings) -> None:
    from crawler.schedule import DatabaseMemory, WallClock, next_due

    now, database = WallClock().now(), Database.open(settings)
    if (due := next_due(_plan(), DatabaseMemory(database), now)) is not None:
        at, crawl = due
        when = "now" if at <= now else f"at {at:%Y-%m-%d %H:%M}"
        click.echo(f"the next crawl of the plan is {crawl.name}, {when}")
    database.engine.dispose()


def _plan() -> "list[Crawl]":
    from crawler.plan import load_plan

    return load_plan(Settings.load().crawler_file, _check)


def _check(arguments: tuple[str, ...]) -> None:
    """Let click look at the arguments of `run` without running it."""
    source, *options = arguments
    context = click.Context(run_source, info_name="run")
    command = run_source.get_command(context, source)
    if command is None:
        names = ", ".join(run_source.list_commands(context))
        raise BadInput(f"there is no source {source}; there are {names}")
    try:
        command.make_context(source, options, parent=context)
    except click.UsageError as error:
        raise BadInput(error.format_message()) from error


def _run_planned(crawl: "Crawl") -> int:
    warn(f"{crawl.name}: python -m crawler run {' '.join(crawl.arguments)}")
    command = [sys.executable, "-m", "crawler", "run", *crawl.arguments]
    return subprocess.run(command, check=False).returncode  # noqa: S603  # ourselves


def _crawl(
    settings: Settings,
    sources: Sequence[Source],
    since: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    from crawler.crawl import crawl  # Scrapy takes half a second to load

    since = since and since.replace(tzinfo=UTC)
    _report(crawl(settings, sources, since=since, dry_run=dry_run), as_json)


def _report(counts: Counts, as_json: bool) -> None:
    if as_json:
        print_json(counts.as_dict())
    else:
        click.echo(str(counts))


if __name__ == "__main__":
    run(main, "python -m crawler", extra="crawler")
