"""python -m crawler run, backfill: one command a source, and the options that all share."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from core.cli import json_option, print_json, warn
from core.errors import BadInput, MemeEraError
from core.settings import Settings
from crawler.names import LemmyName, lemmy_names, subreddit_names
from crawler.sources import Source
from crawler.sources.newest import Sort
from db.runs import Counts

if TYPE_CHECKING:
    from crawler.plan import Crawl
    from crawler.sources.reddit_client import RedditAccount

__all__ = ["backfill", "plan", "reddit_account", "report", "run_planned", "run_source"]

Named = TypeVar("Named")

# As TimeFilter has them, which comes with PRAW: that takes .7 s to load.
_TIMES: Final = ("hour", "day", "week", "month", "year", "all")


def _each(understood: Callable[[str], tuple[Named, ...]]) -> Callable[..., tuple[Named, ...]]:
    """What people wrote, each once; looked at where the plan is, before anything runs."""

    def read(_: click.Context, option: click.Parameter, written: tuple[str, ...]) -> Any:
        try:
            return tuple(dict.fromkeys(one for text in written for one in understood(text)))
        except BadInput as error:
            raise click.BadParameter(str(error), param=option) from error

    return read


_DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
_since = click.option("--since", type=_DAY, help="Pass over older posts.")
_dry_run = click.option("--dry-run", is_flag=True, help="Only list, and count what there is.")
_subreddits = click.option(
    "--subreddit",
    "subreddits",
    multiple=True,
    required=True,
    callback=_each(subreddit_names),
    help="Its name, r/NAME or its address; several are joined by +. May be repeated.",
)
_min_score = click.option("--min-score", type=int, help="Pass over posts with a lower score.")
_sort = click.option(
    "--sort", type=click.Choice([sort.name for sort in Sort]), default="new", show_default=True
)


def _crawl_options(limit: int | None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """What every crawl can be told; the limit is the default one."""
    at_most = click.option(
        "--limit",
        type=click.IntRange(min=1),
        default=limit,
        show_default=limit is not None,
        help="Posts a place at most.",
    )

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        return at_most(_since(_dry_run(json_option(command))))

    return decorate


@click.group("run", invoke_without_command=True)
@click.pass_context
def run_source(context: click.Context) -> None:
    """Crawl a source once; without one, all that the plan (crawler.toml) names, in turn."""
    if context.invoked_subcommand is None:
        failed = [crawl.name for crawl in plan() if run_planned(crawl) != 0]
        if failed:
            raise MemeEraError(f"failed: {', '.join(failed)}; what they said is above")


@run_source.command()
@click.option(
    "--community",
    "communities",
    multiple=True,
    required=True,
    callback=_each(lemmy_names),
    help="NAME, !NAME@SITE or its address, which is then asked alone. May be repeated.",
)
@_sort
@_crawl_options(limit=1000)
def lemmy(
    communities: tuple[LemmyName, ...],
    sort: str,
    limit: int,
    since: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Crawl communities of the Lemmy sites that MEMEERA_LEMMY_URLS names."""
    from crawler.sources.lemmy import Lemmy

    settings = Settings.load()
    places = dict.fromkeys(place for one in communities for place in one.at(settings.lemmy_urls))
    sources = [Lemmy(url, community, Sort[sort], limit) for url, community in places]
    _crawl(settings, sources, since, dry_run, as_json)


@run_source.command()
@_subreddits
@_sort
@click.option(
    "--time",
    "time_filter",
    type=click.Choice(_TIMES),
    default="all",
    show_default=True,
    help="Of which time, with --sort top.",
)
@click.option("--deep", is_flag=True, help="All orders and times: more than Reddit's 1,000 posts.")
@click.option("--flair", help="Only posts with this flair.")
@_min_score
@click.option("--no-nsfw", is_flag=True, help="Pass over posts that are not safe for work.")
@_crawl_options(limit=None)
def reddit(
    subreddits: tuple[str, ...],
    sort: str,
    time_filter: str,
    deep: bool,
    flair: str | None,
    min_score: int | None,
    no_nsfw: bool,
    limit: int | None,
    since: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Crawl subreddits through Reddit's API, with the key that MEMEERA_REDDIT_* names."""
    from crawler.sources.reddit import Reddit, TimeFilter

    settings = Settings.load()
    account = reddit_account(settings)
    sources = [
        Reddit(
            account=account,
            subreddit=subreddit,
            sort=Sort[sort],
            time_filter=TimeFilter(time_filter),
            limit=limit,
            flair=flair,
            min_score=min_score,
            allow_nsfw=not no_nsfw,
            deep=deep,
        )
        for subreddit in subreddits
    ]
    _crawl(settings, sources, since, dry_run, as_json)


@run_source.command()
@click.option(
    "--channel",
    "channels",
    multiple=True,
    required=True,
    help="Its id, or its address with the id. May be repeated.",
)
@_crawl_options(limit=None)
def youtube(
    channels: tuple[str, ...],
    limit: int | None,
    since: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Crawl the stills of the newest videos of YouTube channels."""
    from crawler.sources.youtube import YouTube

    settings = Settings.load()
    sources = [YouTube(channel, settings.youtube_url, limit) for channel in channels]
    _crawl(settings, sources, since, dry_run, as_json)


@run_source.command()
@click.option(
    "--site",
    "names",
    multiple=True,
    required=True,
    help="As crawler.toml has it: [site.NAME]. May be repeated.",
)
@_crawl_options(limit=None)
def site(
    names: tuple[str, ...],
    limit: int | None,
    since: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Crawl any site by the CSS selectors that crawler.toml has for it."""
    from crawler.plan import load_sites

    settings = Settings.load()
    sites = load_sites(settings)
    if unknown := [name for name in names if name not in sites]:
        known = f"there is {', '.join(sites)}" if sites else "there is none yet"
        raise BadInput(
            f"{settings.crawler_file}: there is no [site.{unknown[0]}]; {known}; "
            "crawler.example.toml shows how one is written"
        )
    sources = [replace(sites[name], limit=limit or sites[name].limit) for name in names]
    _crawl(settings, sources, since, dry_run, as_json)


@click.command()
@click.argument(
    "dumps", metavar="DUMP...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@_subreddits
@click.option("--until", type=_DAY, help="Pass over posts of that moment and later.")
@_min_score
@_crawl_options(limit=None)
def backfill(
    dumps: tuple[Path, ...],
    subreddits: tuple[str, ...],
    until: datetime | None,
    min_score: int | None,
    limit: int | None,
    since: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Collect Reddit's past from monthly dumps: RS_2015-03.zst.

    Stopped half-way, the same command goes on inside the dump where it was.
    """
    from crawler.sources.arctic_shift import ArcticShift

    wanted = frozenset(subreddits)
    since, until = (at and at.replace(tzinfo=UTC) for at in (since, until))
    sources = [
        ArcticShift(dump, wanted, since=since, until=until, min_score=min_score, limit=limit)
        for dump in dumps
    ]
    for source in sources:
        source.check()
    _crawl(Settings.load(), sources, since, dry_run, as_json)


def reddit_account(settings: Settings) -> "RedditAccount":
    """Who asks Reddit.

    Raises:
        BadInput: no key is set.
    """
    from crawler.sources.reddit_client import RedditAccount

    if settings.reddit_client_id is None or settings.reddit_client_secret is None:
        raise BadInput(
            "Reddit wants a key: make an app at https://www.reddit.com/prefs/apps and set "
            "MEMEERA_REDDIT_CLIENT_ID and MEMEERA_REDDIT_CLIENT_SECRET; without one, there are "
            "`run lemmy` and `backfill`"
        )
    return RedditAccount(
        client_id=settings.reddit_client_id,
        client_secret=settings.reddit_client_secret.get_secret_value(),
        user_agent=settings.reddit_user_agent or settings.user_agent,
        base_url=settings.reddit_url,
        timeout_s=settings.request_timeout_s,
        retry_delay_s=settings.retry_delay_s,
    )


def plan() -> "list[Crawl]":
    """The crawls of crawler.toml, each looked at.

    Raises:
        BadInput: there is no such file, or it has a crawl that cannot be run.
    """
    from crawler.plan import load_plan

    return load_plan(Settings.load().crawler_file, _check)


def run_planned(crawl: "Crawl") -> int:
    """Run one crawl of the plan in a process of its own; gives its exit code."""
    warn(f"{crawl.name}: python -m crawler {' '.join(crawl.arguments)}")
    command = [sys.executable, "-m", "crawler", *crawl.arguments]
    return subprocess.run(command, check=False).returncode  # noqa: S603  # ourselves


def report(counts: Counts, as_json: bool) -> None:
    """Print what became of the posts."""
    if as_json:
        print_json(counts.as_dict())
    else:
        click.echo(str(counts))


def _check(arguments: tuple[str, ...]) -> None:
    """Let click look at the arguments of `run` without running it."""
    _, source, *options = arguments
    context = click.Context(run_source, info_name="run")
    command = run_source.get_command(context, source)
    if command is None:
        names = ", ".join(run_source.list_commands(context))
        raise BadInput(f"there is no source {source}; there are {names}")
    try:
        command.make_context(source, options, parent=context)
    except click.UsageError as error:
        raise BadInput(error.format_message()) from error


def _crawl(
    settings: Settings,
    sources: Sequence[Source],
    since: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    from crawler.crawl import crawl  # Scrapy takes half a second to load

    since = since and since.replace(tzinfo=UTC)
    report(crawl(settings, sources, since=since, dry_run=dry_run), as_json)
