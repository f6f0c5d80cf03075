"""python -m crawler: bring memes into the collection."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from core.cli import echo, json_option, print_json, run, warn
from core.errors import BadInput, MemeEraError
from core.settings import Settings
from crawler.running import backfill, plan, reddit_account, report, run_source


@click.group()
def main() -> None:
    """Bring memes into the collection: from the web, or from a folder."""


main.add_command(run_source)
main.add_command(backfill)


@main.command()
def schedule() -> None:
    """Run the crawls of the plan (crawler.toml) at their times, until stopped."""
    from crawler.schedule import DatabaseMemory, Scheduler, WallClock, crawl_in_process
    from db.advisory_lock import advisory_lock
    from db.session import Database

    crawls = plan()
    if not any(crawl.times for crawl in crawls):
        raise BadInput(
            'no crawl of the plan has a time; give one a line such as cron = "7 * * * *"'
        )
    database = Database.open(Settings.load())
    clock = WallClock()
    with clock.ended_by_signals(), advisory_lock(database.engine, "schedule"):
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
    help="CSV with the columns file, genre or year, and where present fold, group, trust, source; "
    "or an export of Label Studio, JSON or JSON-MIN, in a file *.json.",
)
@click.option("--folders", is_flag=True, help="Each picture is in a folder named as its genre.")
@click.option("--community", help="Where the pictures are from.")
@click.option(
    "--annotator",
    help="Whose votes the labels are; Label Studio's people are NAME:NUMBER.  "
    "[default: import: and the name of the labels' file, or of DIR]",
)
@json_option
def import_(
    directory: str,
    labels_file: Path | None,
    folders: bool,
    community: str | None,
    annotator: str | None,
    as_json: bool,
) -> None:
    """Import a folder of pictures. Stopped half-way, the same command goes on from there."""
    from crawler.communities import load_priors
    from crawler.importing import import_files
    from crawler.labels import Labelled, by_folders, by_labels_file
    from crawler.sources.folder import listing

    if not directory:
        raise BadInput("DIR is empty; name a folder of pictures")
    if labels_file and folders:
        raise BadInput("--labels and --folders both say what the pictures are; give one of them")
    folder = Path(directory)
    settings = Settings.load()
    ours = settings.data_dir.resolve()
    found = listing(folder)
    files = [file for file in found.files if not file.is_relative_to(ours / "media")]
    if labels_file:
        known = by_labels_file(labels_file, folder, files)
    else:
        known = by_folders(folder, files) if folders else Labelled(files)
    for remark in (*found.remarks, *known.remarks):
        warn(remark)
    if not known.files:
        raise BadInput(f"{folder}: holds nothing but the collection's own pictures")
    counts = import_files(
        settings,
        folder,
        known.files,
        known.labels,
        community=community,
        annotator=annotator or known.annotator,
        priors=load_priors(settings),
    )
    report(counts, as_json)
    if counts.n_rejected == counts.listed:
        raise BadInput(f"{folder}: none of its {counts.listed} files is a picture that is taken")
    if counts.failed:
        raise MemeEraError(
            f"{counts.failed} of {counts.listed} files failed, as told above; the rest is done; "
            "the same command tries them again"
        )


@main.command("sync-deletions")
@click.option("--source", "sources", multiple=True, help="Only this one; may be repeated.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="Posts a source; those that were asked about longest ago come first.",
)
@click.option(
    "--max-share",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Where more of them seem to be gone, nothing is removed: the site may be out of order.",
)
@click.option("--dry-run", is_flag=True, help="Only ask, and change nothing.")
@json_option
def sync_deletions(
    sources: tuple[str, ...], limit: int, max_share: float, dry_run: bool, as_json: bool
) -> None:
    """Remove what is gone at its source: the file is deleted, and never taken in again."""
    from crawler.deletions import SOURCES, ask_sources
    from db.deletions import sources_to_check
    from db.session import reading

    settings = Settings.load()
    if unknown := set(sources) - set(SOURCES):
        raise BadInput(f"{min(unknown)} cannot be asked; there are {', '.join(SOURCES)}")
    with reading(settings) as session:
        known = sources_to_check(session)
    wanted = [name for name in SOURCES if name in (sources or known)]
    account = None
    if "reddit" in wanted:
        try:
            account = reddit_account(settings)
        except BadInput as error:
            if sources:
                raise
            warn(f"Reddit's posts are not asked about: {error}")
            wanted.remove("reddit")
    tallies = ask_sources(
        settings, wanted, account=account, limit=limit, max_share=max_share, dry_run=dry_run
    )
    if as_json:
        print_json({source: tally.as_dict() for source, tally in tallies.items()})
    else:
        for source, tally in tallies.items():
            echo(f"{source}: {tally}")
        if not tallies:
            echo("there is no post that could be asked about")
    if errors := [tally.error for tally in tallies.values() if tally.error]:
        raise MemeEraError("; ".join(errors))


@main.command()
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--frontier", is_flag=True, help="Only what is pending, and what was refused.")
@json_option
def status(limit: int, frontier: bool, as_json: bool) -> None:
    """Show the last runs, newest first, with their counts by outcome and reason."""
    from db.frontier import pending_counts, refused_counts
    from db.runs import last_runs
    from db.session import reading

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
    from db.runs import Counts

    if not runs:
        echo("nothing was crawled yet; try: python -m crawler run lemmy --community memes")
    for row in runs:
        ended = "" if row["finished_at"] else "  (going on, or stopped before its end)"
        echo(f"{row['started_at'][:19]}  {row['source']}  {row['target']}{ended}")
        echo(f"    {Counts.from_dict(row)}")


def _show_frontier(waiting: Mapping[str, Any]) -> None:
    for name, rows in waiting.items():
        if rows:
            by_reason: Counter[str] = Counter()
            for row in rows:
                by_reason[row["reason"] or "not tried yet"] += row["media"]
            told = ", ".join(f"{n} {reason}" for reason, n in by_reason.most_common())
            echo(f"{by_reason.total()} {name}: {told}")
    if waiting["pending"]:
        at = min(row["next_try_at"] for row in waiting["pending"])
        echo(f"the next is due at {at[:19]}")


def _show_schedule(settings: Settings) -> None:
    from crawler.schedule import DatabaseMemory, WallClock, next_due
    from db.session import Database

    now, database = WallClock().now(), Database.open(settings)
    if (due := next_due(plan(), DatabaseMemory(database), now)) is not None:
        at, crawl = due
        when = "now" if at <= now else f"at {at:%Y-%m-%d %H:%M}"
        echo(f"the next crawl of the plan is {crawl.name}, {when}")
    database.engine.dispose()


if __name__ == "__main__":
    run(main, "python -m crawler", extra="crawler")
