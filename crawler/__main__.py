"""python -m crawler: bring memes into the collection."""

from pathlib import Path

import click

from core.cli import json_option, print_json, run, warn
from core.errors import BadInput
from core.settings import Settings
from crawler.sources.lemmy import Lemmy, Sort
from db.runs import Counts, last_runs
from db.session import reading


@click.group()
def main() -> None:
    """Bring memes into the collection: from the web, or from a folder."""


@main.group("run")
def run_source() -> None:
    """Crawl a source once."""


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
@json_option
def lemmy(communities: tuple[str, ...], sort: str, limit: int, as_json: bool) -> None:
    """Crawl communities of the Lemmy sites that MEMEERA_LEMMY_URLS names."""
    from crawler.crawl import crawl  # Scrapy takes half a second to load

    settings = Settings.load()
    sources = [
        Lemmy(url, community, Sort[sort], limit)
        for url in settings.lemmy_urls
        for community in communities
    ]
    _report(crawl(settings, sources), as_json)


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
@json_option
def status(limit: int, as_json: bool) -> None:
    """Show the last runs, newest first, with their counts by outcome and reason."""
    with reading(Settings.load()) as session:
        runs = last_runs(session, limit)
    if as_json:
        print_json(runs)
        return
    if not runs:
        click.echo("nothing was crawled yet; try: python -m crawler run lemmy --community memes")
    for row in runs:
        ended = "" if row["finished_at"] else "  (going on, or stopped before its end)"
        click.echo(f"{row['started_at'][:19]}  {row['source']}  {row['target']}{ended}")
        click.echo(f"    {Counts.from_dict(row)}")


def _report(counts: Counts, as_json: bool) -> None:
    if as_json:
        print_json(counts.as_dict())
    else:
        click.echo(str(counts))


if __name__ == "__main__":
    run(main, "python -m crawler", extra="crawler")
