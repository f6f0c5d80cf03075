"""How fast the labeling tool asks a large collection: for the next memes, and for each page.

    python -m bench.label_scale [--memes 1000 --memes 10000 --memes 100000] [--folder DIR]

Makes an SQLite database of so many memes: rows as large as real ones, with random hashes and no
picture files; a sighting and a prediction each, three votes for five memes. It prints the median
time of five runs in milliseconds, and as a multiple of the peer's, of

* the next 32 memes for a person who asks first, so that the order is made; then from that order;
* the same among the memes of one source and some years, with a word in the picture;
* the next 60 of one community, and of one genre that the model says, for the Grid page, those that
  look alike together; and the families that it offers;
* all that the Progress page asks; the Duplicates page's families;
* beside it, as a peer, what one would write first: 32 memes that nobody has judged, ORDER BY
  random().
"""

import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bench.drawn_rows import insert_rows, meme_row
from core.cli import run
from core.genres import GENRES
from core.settings import Settings
from db.models import (
    Community,
    Meme,
    MemeStatus,
    Prediction,
    Sighting,
    Template,
    Verdict,
    Vote,
)
from db.progress import progress
from db.session import Database
from db.templates import families, members, n_families
from db.worklist import Filters, Overlap, open_families
from labeling.worklist import Worklist

_N_RUNS: Final = 5
_N_TAKEN: Final = 32  # what the Label page keeps ready
_N_ON_GRID: Final = 60

_GENRES: Final = [genre.key for genre in GENRES]
_COMMUNITIES: Final = [f"community{number}" for number in range(40)]
_SOURCES: Final = ("reddit", "lemmy", "folder", "site")
_PEOPLE: Final = ("ana", "bo", "cy", "di")
_WORDS: Final = ("cat", "dog", "when", "you", "the", "monday", "boss", "nobody", "me", "again")
_SOME: Final = Filters(source="reddit", year_low=2012, year_high=2020, words="monday")
_SESSION: Final = 200  # votes, before everybody has a break


@click.command()
@click.option(
    "--memes",
    multiple=True,
    default=(1_000, 10_000, 100_000),
    show_default=True,
    type=click.IntRange(min=100),
    help="How many; may be given several times.",
)
@click.option("--folder", type=click.Path(path_type=Path), help="Where the databases are made.")
def main(memes: Sequence[int], folder: Path | None) -> None:
    """Measure the Progress page's queries and the worklist at growing sizes."""
    report = {}
    for n in memes:
        with tempfile.TemporaryDirectory(dir=folder) as data_dir:
            database = Database.open(Settings(data_dir=Path(data_dir)))
            fill(database, n)
            report[n] = _measured(database)
            database.engine.dispose()
    print(json.dumps(report, indent=2))


def fill(database: Database, n: int, seed: int = 0) -> None:
    """Make a collection of n memes, without picture files; the same for the same seed."""
    rng = random.Random(seed)
    now = datetime.now(UTC)
    with database.writing() as session:
        connection = session.connection()
        insert_rows(connection, Community, _communities(rng))
        insert_rows(connection, Template, ({"id": i + 1} for i in range(n // 3 + 1)))
        insert_rows(connection, Meme, (_meme(rng, i + 1, now) for i in range(n)))
        insert_rows(connection, Sighting, (_sighting(rng, i + 1, now) for i in range(n)))
        insert_rows(connection, Prediction, (_prediction(rng, i + 1, now) for i in range(n)))
        insert_rows(connection, Vote, _votes(rng, n, now))


def _communities(rng: random.Random) -> Iterator[dict[str, Any]]:
    for name in _COMMUNITIES[:30]:  # of the others nobody says what they post
        yield {"name": name, "genre": rng.choice(_GENRES), "weight": rng.uniform(0.3, 0.9)}


def _meme(rng: random.Random, number: int, now: datetime) -> dict[str, Any]:
    return meme_row(rng, number, now) | {
        "words": [{"text": word, "score": 0.9, "box": [10, 20, 300, 40]} for word in _some(rng)],
        "template_id": 1 + number // 3,
        "status": MemeStatus.REMOVED if rng.random() < 0.02 else MemeStatus.ACTIVE,
    }


def _some(rng: random.Random) -> list[str]:
    return [f"{rng.choice(_WORDS)} {rng.getrandbits(40):x}" for _ in range(rng.randrange(5))]


def _sighting(rng: random.Random, number: int, now: datetime) -> dict[str, Any]:
    """One for each meme; every tenth is of another meme than its own, a repost."""
    posted_at = now - timedelta(days=rng.uniform(0, 15 * 365))
    return {
        "meme_id": number if number % 10 else 1 + number // 10,
        "source": rng.choice(_SOURCES),
        "post_id": f"post{number}",
        "media_index": 0,
        "community": rng.choice(_COMMUNITIES),
        "image_url": f"https://pictures.example/{number}.jpg",
        "permalink": f"https://posts.example/{number}",
        "title": f"{rng.choice(_WORDS)} {rng.getrandbits(40):x}",
        "posted_at": posted_at if rng.random() < 0.9 else None,
        "crawled_at": now,
        "year_high": posted_at.year if rng.random() < 0.2 else None,
    }


def _prediction(rng: random.Random, number: int, now: datetime) -> dict[str, Any]:
    scores = {genre: rng.random() for genre in _GENRES}
    total = sum(scores.values())
    return {
        "meme_id": number,
        "model_version": "drawn",
        "genre": max(scores, key=scores.__getitem__),
        "scores": {genre: score / total for genre, score in scores.items()},
        "entropy": rng.random(),
        "held_out": True,
        "predicted_at": now,
    }


def _votes(rng: random.Random, n_memes: int, now: datetime) -> Iterator[dict[str, Any]]:
    """Three for five memes: most are judged once, some twice; in sessions over 120 days."""
    n_votes = n_memes * 3 // 5
    memes = rng.sample(range(1, n_memes + 1), n_memes)  # those of one session lie apart
    said_at = now - timedelta(days=120)
    break_ = timedelta(days=110) / (1 + n_votes // _SESSION)
    for number in range(n_votes):
        said_at += timedelta(seconds=rng.lognormvariate(1, 0.5))
        if number % _SESSION == 0:
            said_at += break_
        verdict = rng.choices(
            list(Verdict), weights=[90 if one is Verdict.GENRE else 3 for one in Verdict]
        )[0]
        yield {
            # Every tenth vote is another person's on a meme that was judged before.
            "meme_id": memes[number if number % 10 else number // 2],
            "annotator": rng.choice(_PEOPLE),
            "verdict": verdict,
            "genre": rng.choice(_GENRES) if verdict is Verdict.GENRE else None,
            "idempotency_key": token_hex(16),
            "created_at": said_at,
            "undone_at": said_at if rng.random() < 0.02 else None,
        }


def _measured(database: Database) -> dict[str, dict[str, float]]:
    ms = {
        **_taking(database, "next 32", Filters()),
        **_taking(database, "next 32, filtered", _SOME),
        **_taking(database, "grid, community", Filters(community=_COMMUNITIES[0]), alike=True),
        **_taking(database, "grid, genre", Filters(suggested=_GENRES[0]), alike=True),
        **{
            name: _median_ms([partial(_read, database, asked)] * _N_RUNS)
            for name, asked in _PAGES.items()
        },
    }
    return {
        name: {"ms": round(one, 1), "of peer": round(one / ms[_PEER], 2)}
        for name, one in ms.items()
    }


def _read(database: Database, asked: Callable[[Session], object]) -> None:
    with database.reading() as session:
        asked(session)


def _random(session: Session) -> object:
    judged = select(Vote.meme_id).where(Vote.undone_at.is_(None))
    query = select(Meme.id).where(Meme.status == MemeStatus.ACTIVE, Meme.id.not_in(judged))
    return session.scalars(query.order_by(func.random()).limit(_N_TAKEN)).all()


def _of_templates(session: Session) -> object:
    some = list(families(session, limit=10))
    return n_families(session), [list(members(session, one.id, limit=24)) for one in some]


_PEER: Final = "peer, ORDER BY random()"
_PAGES: Final[dict[str, Callable[[Session], object]]] = {
    "grid's families": lambda session: open_families(session, Overlap(), 500),
    "progress page": lambda session: progress(session, datetime.now(UTC)),
    "duplicates page's families": _of_templates,
    _PEER: _random,
}


def _taking(
    database: Database, name: str, filters: Filters, *, alike: bool = False
) -> dict[str, float]:
    """Each run with an order of its own: for the first who asks, and for that person again."""
    first: list[float] = []
    warm: list[float] = []
    for number in range(_N_RUNS):
        worklist = Worklist(database)
        for times in (first, warm):
            n = _N_ON_GRID if alike else _N_TAKEN
            asked = partial(worklist.take, f"person{number}", filters, n, alike=alike)
            times.append(_ms(asked))
    return {
        f"{name}, first order": statistics.median(first),
        f"{name}, warm order": statistics.median(warm),
    }


def _median_ms(asked: Sequence[Callable[[], object]]) -> float:
    return statistics.median(map(_ms, asked))


def _ms(asked: Callable[[], object]) -> float:
    started = time.perf_counter()
    asked()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    run(main, "python -m bench.label_scale", extra="labeling")
