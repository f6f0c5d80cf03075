"""python -m db: look after the database."""

import json

import click

from core.cli import json_option, print_json, run
from core.settings import Settings
from db.engine import make_engine
from db.listing import describe_memes, stats
from db.migrations.upgrade import upgrade
from db.session import reading


@click.group()
def main() -> None:
    """Look after the database of memes."""


@main.command()
@json_option
def migrate(as_json: bool) -> None:
    """Bring the tables up to date. Every command does so when it starts."""
    engine = make_engine(Settings.load())
    try:
        revision = upgrade(engine)
    finally:
        engine.dispose()
    place = engine.url.render_as_string(hide_password=True)
    if as_json:
        print_json({"database": place, "revision": revision})
    else:
        click.echo(f"{place} is at revision {revision}, the newest")


@main.command("stats")
@json_option
def show_stats(as_json: bool) -> None:
    """Count what the collection holds."""
    with reading(Settings.load()) as session:
        counts = stats(session)
    if as_json:
        print_json(counts)
        return
    for heading, rows in counts.items():
        click.echo(heading)
        for name, n in rows.items():
            click.echo(f"  {name:<24} {n:>8}")


@main.command()
@json_option
def memes(as_json: bool) -> None:
    """List the memes, oldest first, with their labels and where they were seen."""
    with reading(Settings.load()) as session:
        if as_json:
            lead = "["
            for meme in describe_memes(session):  # streamed: a collection may not fit in memory
                click.echo(lead + json.dumps(meme, ensure_ascii=False))
                lead = ","
            click.echo("]" if lead == "," else "[]")
            return
        for meme in describe_memes(session):
            click.echo(
                f"{meme['id']:>7}  {meme['sha256'][:12]}  {meme['year'] or '-':>4}  "
                f"{meme['label'] or '-':<16}  {len(meme['sightings'])} sightings  "
                f"{meme['sightings'][0]['image_url'] if meme['sightings'] else ''}"
            )


if __name__ == "__main__":
    run(main, "python -m db")
