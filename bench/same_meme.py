"""Tells reposts from other captions on one template, beside what others use for it.

Draws memes on blank templates, passes them on as people do (`bench.drawn_reposts`), adds all of
them to a fresh collection as a crawler would, and counts: distinct memes that were lost, reposts
found, reposts found wrongly. The peers decide on the same files in the same order: a picture whose
hash is near enough to that of one taken in before is its repost.

    python -m bench.same_meme --templates FOLDER [--half chosen|reported] [--seed N]

FOLDER holds captions.json (lists of one or two lines) and blank/*.jpg. Thresholds were chosen on
one half of the templates; the figures to quote are those of the other.
"""

import itertools
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import click
import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image
from sqlalchemy import func, select
from tqdm import tqdm

from bench.drawn_memes import distinct_memes, twins
from bench.drawn_reposts import EASY, HARD, jpeg
from core.cli import run
from core.fingerprint import fingerprint
from core.settings import Settings
from db.memes import Added, Collection, Seen
from db.models import DecidedBy, DecisionRecord, Meme

_N_CAPTIONS: Final = 12  # a template
_N_TWIN_PAIRS: Final = 2  # a template
_TIMES: Final = {"easy": 1, "hard": 2}  # reposts of each kind, a template


@dataclass(frozen=True, slots=True)
class File:
    """One file of the benchmark, and what it is."""

    data: bytes
    meme: int  # number of the meme that it shows
    template: str
    set: str  # distinct, twin; easy, hard
    kind: str  # of repost; empty for a meme's first file


@click.command()
@click.option("--templates", required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--half", type=click.Choice(["chosen", "reported"]), default="reported")
@click.option("--seed", default="1", show_default=True)
@click.option("--peers/--no-peers", default=True, show_default=True)
def main(templates: Path, half: str, seed: str, peers: bool) -> None:
    """Count lost memes, found reposts and wrong ones, ours and the peers'."""
    files = draw(templates, half, seed)
    report: dict[str, Any] = {
        "templates": half,
        "seed": seed,
        "files": dict(Counter(file.set for file in files)),
        "ours": _ours(files),
    }
    if peers:
        report["peers"] = {name: _peer(files, *rule) for name, rule in _peers().items()}
    print(json.dumps(report, indent=2))


def draw(folder: Path, half: str, seed: str) -> list[File]:
    """All files, memes before reposts, each in a random order."""
    read: list[list[str]] = json.loads((folder / "captions.json").read_text(encoding="utf-8"))
    captions = [caption for caption in read if all(line.strip() for line in caption)]
    templates = sorted((folder / "blank").glob("*.jpg"))
    random.Random(7).shuffle(templates)
    middle = len(templates) // 2
    templates = templates[:middle] if half == "chosen" else templates[middle:]
    rng = random.Random(f"{half} {seed}")
    memes: list[File] = []
    reposts: list[File] = []
    for template in tqdm(templates, desc="drawing", disable=None, file=sys.stderr):
        drawn = distinct_memes(template, rng.sample(captions, _N_CAPTIONS), rng)
        drawn += twins(template, captions, _N_TWIN_PAIRS, rng)
        first = len(memes)
        for i, meme in enumerate(drawn):
            kind = "distinct" if i < _N_CAPTIONS else "twin"
            data = jpeg(meme.image, rng.choice([85, 90, 95]))
            memes.append(File(data, first + i, template.stem, kind, ""))
        for name, changes in (("easy", EASY), ("hard", HARD)):
            for (kind, change), _ in itertools.product(changes.items(), range(_TIMES[name])):
                i = rng.randrange(len(drawn))
                data = jpeg(change(drawn[i].image, rng), rng.randint(70, 92))
                reposts.append(File(data, first + i, template.stem, name, kind))
    rng.shuffle(memes)
    rng.shuffle(reposts)
    return memes + reposts


def _ours(files: Sequence[File]) -> dict[str, Any]:
    """Add all files to a collection, and count what became of them."""
    with tempfile.TemporaryDirectory() as folder:
        collection = Collection.open(Settings(data_dir=Path(folder)))
        shows: dict[int, int] = {}  # meme id to the number of the meme
        answers: list[int | None] = []
        took: list[float] = []
        for i, file in enumerate(tqdm(files, desc="ours", disable=None, file=sys.stderr)):
            picture = fingerprint(file.data)
            started = time.perf_counter()
            looked = collection.look(file.data, picture)
            with collection.adding() as adder:
                outcome = adder.add(file.data, picture, Seen("bench", str(i), str(i)), looked)
            took.append(time.perf_counter() - started)
            if isinstance(outcome, Added):
                shows[outcome.meme_id] = file.meme
                answers.append(None)
            else:
                answers.append(shows[outcome.meme_id])
        with collection.database.reading() as session:
            by = dict(
                session.execute(
                    select(DecisionRecord.by, func.count()).group_by(DecisionRecord.by)
                ).all()
            )
            n_read = session.scalar(select(func.count()).where(Meme.words.is_not(None)))
            rows = session.execute(select(Meme.id, Meme.template_id)).all()
        template_of = {file.meme: file.template for file in files}
        families = _families(
            [(template_of[shows[r.id]], r.template_id) for r in rows if r.id in shows]
        )
        collection.database.engine.dispose()
    return {
        **_counted(files, answers),
        "families": families,
        "decided_by": {str(key): n for key, n in by.items()},
        "decisions_by_words": round(by.get(DecidedBy.WORDS, 0) / len(files), 4),
        "memes_read": n_read,
        "ms_a_file": {
            "median": round(float(np.median(took)) * 1e3, 1),
            "p95": round(float(np.quantile(took, 0.95)) * 1e3, 1),
        },
    }


def _families(pairs: Sequence[tuple[str, int]]) -> dict[str, float]:
    """Of pairs of memes: how many of one template are in one family, and the other way round."""
    both = sum(n * (n - 1) for n in Counter(pairs).values())
    of_template = sum(n * (n - 1) for n in Counter(t for t, _ in pairs).values())
    of_family = sum(n * (n - 1) for n in Counter(f for _, f in pairs).values())
    return {"recall": round(both / of_template, 4), "precision": round(both / max(1, of_family), 4)}


def _counted(files: Sequence[File], answers: Sequence[int | None]) -> dict[str, Any]:
    """What the answers are worth: for each file, the meme that it was said to repeat, or none."""
    pairs = list(zip(files, answers, strict=True))
    lost = Counter(f.set for f, answer in pairs if not f.kind and answer is not None)
    n_memes = Counter(f.set for f, _ in pairs if not f.kind)
    report: dict[str, Any] = {
        "memes_lost": {name: {"n": lost[name], "of": n} for name, n in n_memes.items()}
    }
    for name in ("easy", "hard"):
        of_set = [(f, answer) for f, answer in pairs if f.set == name]
        right = Counter(f.kind for f, answer in of_set if answer == f.meme)
        wrong = sum(answer not in (None, f.meme) for f, answer in of_set)
        n_kinds = Counter(f.kind for f, _ in of_set)
        # A distinct meme that was lost is a repost found wrongly. Twins belong to the hard set.
        n_lost = lost["distinct"] + (lost["twin"] if name == "hard" else 0)
        found = sum(right.values())
        report[name] = {
            "recall": round(found / len(of_set), 4),
            "precision": round(found / max(1, found + wrong + n_lost), 4),
            "recall_by_kind": {kind: round(right[kind] / n, 3) for kind, n in n_kinds.items()},
        }
    return report


Hash = Callable[[Image.Image], npt.NDArray[np.bool_]]


def _peers() -> dict[str, tuple[Hash, int]]:
    """Each peer's hash, and its usual threshold in bits."""
    peers: dict[str, tuple[Hash, int]] = {
        f"imagehash phash 64 at {bits}": (_of(imagehash.phash, 8), bits) for bits in (0, 4, 10)
    }
    peers |= {f"imagehash phash 256 at {n}": (_of(imagehash.phash, 16), n) for n in (16, 31)}
    peers["imagehash dhash 1024 at 51"] = (_of(imagehash.dhash, 32), 51)
    try:
        import pdqhash
    except ModuleNotFoundError:
        print("pdqhash is not installed: its row is left out", file=sys.stderr)
    else:
        peers["PDQ 256 at 31"] = (
            lambda image: np.asarray(pdqhash.compute(np.asarray(image))[0], dtype=bool),
            31,
        )
    return peers


def _of(function: Callable[..., Any], hash_size: int) -> Hash:
    return lambda image: np.asarray(function(image, hash_size=hash_size).hash).ravel()


def _peer(files: Sequence[File], hash_of: Hash, bits: int) -> dict[str, Any]:
    hashes = np.stack([hash_of(image) for image in _decoded(files)])
    taken: list[int] = []  # places of the files that were taken in as memes
    answers: list[int | None] = []
    for i in range(len(files)):
        distances = (hashes[taken] != hashes[i]).sum(axis=1)
        if len(taken) and distances.min() <= bits:
            answers.append(files[taken[int(distances.argmin())]].meme)
        else:
            answers.append(None)
            taken.append(i)
    return _counted(files, answers)


def _decoded(files: Sequence[File]) -> Iterator[Image.Image]:
    for file in files:
        with Image.open(BytesIO(file.data)) as image:
            yield image.convert("RGB")


if __name__ == "__main__":
    run(main, "python -m bench.same_meme")
