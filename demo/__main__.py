"""make demo: the whole way from the web to an answer, offline, on memes that the project draws."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
from tqdm import tqdm

from core.cli import run
from core.errors import MemeEraError
from core.genres import genre
from core.settings import Settings
from demo.collection import COMMUNITIES, held_out, posts
from demo.site import serve

_ROOT: Final = Path(__file__).parents[1]
_SEED: Final = 1


@click.command()
@click.option("--per-genre", type=click.IntRange(min=8), default=60, show_default=True)
@click.option("--held-out", "n_held_out", type=click.IntRange(min=1), default=10, show_default=True)
def main(per_genre: int, n_held_out: int) -> None:
    """Crawl a small site on loopback, learn from it, and classify memes it never showed."""
    started = time.monotonic()
    shown_home = Settings.load().data_dir / "demo"
    home = (
        shown_home.absolute()
    )  # the commands run where the code is, which may be a wheel's folder
    environment = os.environ | {
        "MEMEERA_DATA_DIR": str(home),
        # Said out loud, so that the user's own database and store are left alone.
        "MEMEERA_DATABASE_URL": Settings(data_dir=home, database_url=None).sqlalchemy_url,
        "MEMEERA_MEDIA_URL": str(home / "media"),
        "MEMEERA_COMMUNITIES_FILE": str(_ROOT / "crawler" / "communities.toml"),
        "MEMEERA_ALLOWED_NETWORKS": "127.0.0.0/8",  # the demo's site is on this machine
        "no_proxy": "127.0.0.1",
    }
    home.mkdir(parents=True, exist_ok=True)
    with _stage("Draw memes of all genres, with reposts, shared templates and broken files"):
        with tqdm(unit=" memes", disable=None, file=sys.stderr) as bar:
            collection = posts(_SEED, per_genre, lambda done, total: _advance(bar, done, total))
        kinds = Counter(post.kind.value for post in collection)
        _say(f"{len(collection)} posts: " + ", ".join(f"{n} {kind}" for kind, n in kinds.items()))
    hits: Counter[str] = Counter()
    with serve(collection, hits) as url:
        environment["MEMEERA_LEMMY_URLS"] = url
        _crawl(environment, hits, url)
    with _stage("Train on what the site's communities say of their memes"):
        card = _command(environment, "-m", "training", "fit", "--epochs", "30", "--json")
        metrics, sides = card["metrics"], card["snapshot"]["splits"]
        low, high = metrics["macro_f1_interval"]
        _say(f"{sides['train']} memes learned, {sides['test']} kept aside for the test")
        _say(f"macro F1 {metrics['macro_f1']:.2f} on those {sides['test']}")
        _say(f"(on others of their kind, {low:.2f} to {high:.2f}: these are few)")
        _say(_who_answers(card["comparison"]))
    with _stage("Classify memes that the site never showed"):
        _classify(environment, home / "held-out", n_held_out)
    _say_where_next(shown_home, card["version"], time.monotonic() - started)


def _crawl(environment: Mapping[str, str], hits: Counter[str], url: str) -> None:
    communities = [name for names in COMMUNITIES.values() for name in names]
    command = ["-m", "crawler", "run", "lemmy", "--json"]
    command += [part for name in communities for part in ("--community", name)]
    with _stage(f"Crawl {len(communities)} communities of the site at {url}"):
        counts = _command(environment, *command)
        _say(_counts_line(counts))
        _say(f"{_n_pictures(hits)} pictures downloaded")
    hits.clear()
    with _stage("Crawl once more: what is known, or was turned away, is not downloaded again"):
        counts = _command(environment, *command)
        _say(_counts_line(counts))
        _say(f"{_n_pictures(hits)} pictures downloaded")
    with _stage("Look at what the collection holds"):
        stats = _command(environment, "-m", "db", "stats", "--json")
        tables = stats["tables"]
        _say(
            f"{tables['meme']} memes on {tables['template']} templates, "
            f"seen in {tables['sighting']} posts of {len(stats['communities'])} communities"
        )


def _classify(environment: Mapping[str, str], folder: Path, n_per_genre: int) -> None:
    folder.mkdir(exist_ok=True)
    truth: dict[str, str] = {}
    for i, (key, data) in enumerate(held_out(_SEED, n_per_genre)):
        path = folder / f"{i:03d}-{key}.jpg"
        path.write_bytes(data)
        truth[str(path)] = key
    answers = _command(environment, "memeEraML.py", "classify", "--json", *truth)
    right = Counter[str]()
    for answer in answers:
        right[truth[answer["file"]]] += answer["genre"][0]["label"] == truth[answer["file"]]
    for key in dict.fromkeys(truth.values()):
        _say(f"{genre(key).name:<24} {right[key]:>3} of {n_per_genre} right")
    ms = sorted(answer["ms"] for answer in answers)[len(answers) // 2]
    _say(f"{'all':<24} {right.total():>3} of {len(truth)} right, {ms:.0f} ms each")


def _who_answers(comparison: Mapping[str, Any]) -> str:
    """Which model answers from now on, and why: the new one or the one that did before."""
    other = comparison["before"]
    if comparison["gain"] is None:
        found = comparison["reason"] or "there was none before"
    else:
        found = (
            f"its macro F1 is {comparison['gain']:+.2f} against {other}'s, "
            f"better in {comparison['certainty']:.0%} of the draws"
        )
    if comparison["promoted"]:
        return f"the new model answers from now on: {found}"
    return f"{comparison['champion']} answers on, not the new model: {found}"


def _say_where_next(home: Path, version: str, seconds: float) -> None:
    where = f"MEMEERA_DATA_DIR={shlex.quote(str(home))}"
    python = Path(sys.executable)
    python = python.relative_to(_ROOT) if python.is_relative_to(_ROOT) else python
    memeera = python.with_name("memeera")
    click.secho(f"\nDone in {seconds:.0f} s. Where to look next:", bold=True)
    for what, how in {
        "the window: drop a meme": f"{where} {memeera}",
        "the labeling tool": f"{where} {memeera} label",
        "the collection": f"{where} {memeera} db memes",
        "what it mixes up": f"{home}/models/{version}/confusion.png",
        "your own pictures": f"{memeera} crawl import DIR --labels FILE.csv",
        "how it works": "docs/data-flow.md",
    }.items():
        click.echo(f"  {what:<25} {how}")


@contextmanager
def _stage(title: str) -> Iterator[None]:
    click.secho(f"\n== {title}", bold=True)
    started = time.monotonic()
    yield
    _say(f"({time.monotonic() - started:.1f} s)")


def _command(environment: Mapping[str, str], *arguments: str) -> Any:
    """Run one of the project's commands as a person would, and read its JSON."""
    shown = [argument for argument in arguments if not argument.startswith("/")]
    _say(f"$ python {_shortened(shown)}")
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=_ROOT, stdout=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        raise MemeEraError(f"python {_shortened(shown)} ended with exit code {done.returncode}")
    return json.loads(done.stdout)


def _shortened(words: Sequence[str], longest: int = 88) -> str:
    text = " ".join(words)
    return text if len(text) <= longest else text[: longest - 4] + " ..."


def _advance(bar: "tqdm[Any]", done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)


def _counts_line(counts: Mapping[str, Any]) -> str:
    rejected = ", ".join(f"{n} {reason}" for reason, n in counts["rejected"].items())
    return (
        f"{counts['listed']} listed: {counts['added']} new memes, {counts['reposts']} reposts, "
        f"{counts['known']} known; turned away: {rejected or 'none'}"
    )


def _n_pictures(hits: Counter[str]) -> int:
    return sum(n for path, n in hits.items() if path.startswith("/pictrs/"))


def _say(line: str) -> None:
    click.echo(f"   {line}")
    sys.stdout.flush()


if __name__ == "__main__":
    run(main, "python -m demo")
