"""python -m db: look after the database."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.cli import echo, json_option, print_as_is, print_json, run, warn
from core.errors import BadInput
from core.printing import json_text
from core.settings import Settings

if TYPE_CHECKING:
    from db.media import MediaStore
    from db.session import Database

_N_MISSING = 10  # pictures that are named
_limit_option = click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Show the first N alone."
)


@click.group()
def main() -> None:
    """Look after the database of memes."""


@main.command()
@json_option
def migrate(as_json: bool) -> None:
    """Bring the tables up to date. Every command does so when it starts."""
    from db.engine import make_engine
    from db.migrations.upgrade import upgrade

    engine = make_engine(Settings.load())
    try:
        revision = upgrade(engine)
    finally:
        engine.dispose()
    place = engine.url.render_as_string(hide_password=True)
    if as_json:
        print_json({"database": place, "revision": revision})
    else:
        echo(f"{place} is at revision {revision}, the newest")


@main.command("stats")
@json_option
def show_stats(as_json: bool) -> None:
    """Count what the collection holds."""
    from db.listing import stats
    from db.session import reading

    with reading(Settings.load()) as session:
        counts = stats(session)
    if as_json:
        print_json(counts)
        return
    for heading, rows in counts.items():
        echo(heading)
        for name, n in rows.items():
            echo(f"  {name:<24} {n:>8}")


@main.command()
@json_option
def memes(as_json: bool) -> None:
    """List the memes, oldest first, with their labels and where they were seen."""
    from db.listing import describe_memes
    from db.session import reading

    with reading(Settings.load()) as session:
        if as_json:
            _print_list(describe_memes(session))
            return
        for meme in describe_memes(session):
            echo(
                f"{meme['id']:>7}  {meme['sha256'][:12]}  {meme['year'] or '-':>4}  "
                f"{meme['label'] or '-':<16}  {len(meme['sightings'])} sightings  "
                f"{meme['sightings'][0]['image_url'] if meme['sightings'] else ''}"
            )


@main.command("templates")
@click.option("--all", "show_all", is_flag=True, help="Show families of one meme as well.")
@_limit_option
@json_option
def show_templates(show_all: bool, limit: int | None, as_json: bool) -> None:
    """List the template families, the largest first."""
    from db.session import reading
    from db.templates import families

    with reading(Settings.load()) as session:
        found = families(session, limit=limit, at_least=1 if show_all else 2)
        if as_json:
            _print_list(map(asdict, found))
            return
        for family in found:
            echo(
                f"{family.id:>7}  {(family.sha256 or '-')[:12]:<12}  {family.n_memes:>6} memes  "
                f"{family.n_sightings:>6} sightings  {family.image_url or ''}"
            )


@main.command("duplicates")
@click.option("--meme", "meme_id", type=int, metavar="ID", help="Show those of one meme alone.")
@click.option("--undo", "undone", type=int, metavar="ID", help="That one is no repost: split it.")
@_limit_option
@json_option
def show_duplicates(
    meme_id: int | None, undone: int | None, limit: int | None, as_json: bool
) -> None:
    """List the reposts, the least sure first, each with its decision and its score.

    With --undo and a decision's number, that file becomes a meme of its own and stays one.
    """
    from db.duplicates import duplicates
    from db.session import reading

    if undone is not None:
        _undo(undone, as_json)
        return
    with reading(Settings.load()) as session:
        found = duplicates(session, limit=limit, meme_id=meme_id)
        if as_json:
            _print_list(map(asdict, found))
            return
        for one in found:
            score = "-" if one.score is None else f"{one.score:.3f}"
            when = f"{one.decided_at:%F}" if one.decided_at else "-"
            echo(
                f"{one.decision_id or '-':>7}  {score:>7} {one.by or '-':<7} {when:<10}  "
                f"meme {one.meme_id}  {one.meme_url or one.meme_sha256[:12]}  <-  "
                f"{one.image_url or one.sha256[:12]}"
            )


@main.command()
@json_option
def rematch(as_json: bool) -> None:
    """Decide the whole collection anew; what was stopped goes on where it was."""
    from db.rematch import Rematcher

    with _database() as (database, media):
        rematcher = Rematcher(database, media)
        if rematcher.resumed:
            warn(f"going on after {rematcher.tally.n_seen} files of a rematch that was stopped")
        tally = rematcher.run()
    if as_json:
        print_json({"resumed": rematcher.resumed, **asdict(tally)})
    else:
        echo(tally)


@main.command("check")
@click.option("--repair", is_flag=True, help="Put right what can be without losing anything.")
@json_option
def show_check(repair: bool, as_json: bool) -> int:
    """Find files without rows, rows without files, and broken references."""
    from tqdm import tqdm

    from db.check import MENDED, check
    from db.media import FOLDERS

    with (
        _database() as (database, media),
        tqdm(total=len(FOLDERS), unit=" folders", disable=None, file=sys.stderr) as bar,
    ):
        report = check(database, media, repair=repair, advance=bar.update)
    if as_json:
        print_json(report.as_dict())
    else:
        for problem, n in report.found.most_common():
            n_mended = report.repaired[problem]
            echo(f"{problem}: {n}" + (f", {n_mended} put right" if n_mended else ""))
            for example in report.examples[problem]:
                echo(f"  {example}")
        young = f"; {report.n_young} files may be on their way in" if report.n_young else ""
        echo(f"{report.n_rows} memes and copies, {report.n_files} files{young}")
    if report.is_clean:
        return 0
    left = {problem for problem, n in report.found.items() if n > report.repaired[problem]}
    if left & MENDED and not repair:
        warn("python -m db check --repair puts right what can be without losing anything")
    elif left:
        warn(f"found and left as it is: {', '.join(sorted(left))}")
    return 1


@main.command("export")
@click.argument("directory", metavar="DIR")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["imagefolder", "csv", "parquet", "tfrecord"]),
    default="imagefolder",
    show_default=True,
    help="imagefolder and parquet for Hugging Face, tfrecord for TensorFlow, csv to import again.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=1,
    show_default=True,
    help="Of the sides; training with the same seed has the same.",
)
@click.option("--test-fold", type=int, help="Test on this fold of the imported labels.")
@click.option(
    "--min-votes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Of people's labels, those that so many give.",
)
@click.option(
    "--weak/--no-weak",
    default=False,
    show_default=True,
    help="Also what only their communities say, marked by_people=false.",
)
@click.option("--licensed", is_flag=True, help="Only memes of which a source states a licence.")
@json_option
def export_(
    directory: str,
    format_name: str,
    seed: int,
    test_fold: int | None,
    min_votes: int,
    weak: bool,
    licensed: bool,
    as_json: bool,
) -> None:
    """Write the memes that have a genre into DIR, a new folder: pictures, facts, a data card.

    Each is in train, validation or test, whole families on one side. Killed half-way, there is no
    DIR yet, and the same command begins anew.
    """
    from db.export import export
    from db.export_choice import Choice

    if not directory:
        raise BadInput("DIR is empty; name a new folder")
    choice = Choice(seed, test_fold, min_votes, weak, licensed)
    with _database() as (database, media), database.reading() as session:
        contents = export(session, media, Path(directory), format_name, choice)
    if as_json:
        print_json({"directory": directory, "format": format_name, **contents.as_dict()})
    else:
        echo(f"{directory}: {contents}")
    if contents.missing:
        warn(f"{len(contents.missing)} memes without a whole file are not in it")


@main.command("backup")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@json_option
def backup_(file: Path, as_json: bool) -> None:
    """Write the whole database into FILE, with the list of its pictures; others may go on.

    The pictures themselves are not in it: copy the folder media/ (or the bucket) after it.
    """
    from db.backup import backup

    with _database() as (database, media):
        made = backup(database, media, file)
    if as_json:
        print_json({"file": str(file), **asdict(made)})
    else:
        echo(f"{file}: {made.n_memes} memes; their {made.n_files} files are in {made.media}")


@main.command("restore")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace what the database holds.")
@json_option
def restore_(file: Path, force: bool, as_json: bool) -> None:
    """Let the database be what FILE holds, a backup; tell which pictures are missing here."""
    from db.backup import restore
    from db.engine import make_engine
    from db.media import MediaStore

    settings = Settings.load()
    engine = make_engine(settings)
    try:
        done = restore(engine, MediaStore.open(settings), file, force=force)
    finally:
        engine.dispose()
    if as_json:
        print_json({"backup": asdict(done.backup), "missing": done.missing})
    else:
        echo(f"{done.backup.n_memes} memes, as of {done.backup.made_at}")
        for name in done.missing[:_N_MISSING]:
            echo(f"  missing: {name}")
    if done.missing:
        warn(
            f"{len(done.missing)} of {done.backup.n_files} pictures are not here: copy them from "
            f"{done.backup.media}"
        )


@main.command("forget")
@click.argument("what", metavar="MEME|AUTHOR|POST")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@json_option
def forget_(what: str, dry_run: bool, as_json: bool) -> None:
    """Remove all that is kept of a meme, of an author's posts, or of one post.

    Names: a meme's number or its file's SHA-256; a post's address, or post:SOURCE:ID;
    author:NAME, as the source writes it. A picture that others posted as well stays theirs.
    What is left keeps it out: of a file its SHA-256, of a post a salted hash.
    """
    from db.forgetting import BEYOND_REACH, forget

    with _database() as (database, media):
        forgotten = forget(database, media, Settings.load(), what, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, **forgotten.as_dict()})
        return
    counts = ", ".join(f"{n} {where.replace('_', ' ')}" for where, n in forgotten.counts().items())
    would = "would be removed" if dry_run else "removed"
    echo(f"{forgotten.what}: {would}: {counts or 'nothing; it was removed before'}")
    if forgotten.models:
        echo(f"models that learned from it: {', '.join(forgotten.models)}")
    echo(f"not reached: {BEYOND_REACH}")
    if not forgotten.is_overwritten:
        warn("others read the database: its log still holds old rows until they are done")


def _undo(decision_id: int, as_json: bool) -> None:
    from db.duplicates import undo

    with _database() as (database, _), database.writing_alone() as session:
        split = undo(session, decision_id, "person")
    if as_json:
        print_json(asdict(split))
    else:
        echo(
            f"decision {decision_id} is undone: {split.sha256[:12]} is meme {split.meme_id} now, "
            f"apart from meme {split.apart_from}"
        )


@contextmanager
def _database() -> "Iterator[tuple[Database, MediaStore]]":
    from db.media import MediaStore
    from db.session import Database

    settings = Settings.load()
    database = Database.open(settings)
    try:
        yield database, MediaStore.open(settings)
    finally:
        database.engine.dispose()


def _print_list(rows: Iterable[dict[str, Any]]) -> None:
    """Print a JSON list row by row: a collection may not fit in memory."""
    lead = "["
    for row in rows:
        print_as_is(lead + json_text(row, default=datetime.isoformat) + "\n")
        lead = ","
    print_as_is("]\n" if lead == "," else "[]\n")


if __name__ == "__main__":
    run(main, "python -m db", extra="export")
