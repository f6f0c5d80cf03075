"""How often the date of a post, read in a meme, is the year in which the meme was made.

    python -m bench.written_dates

Over the memes of the collection (MEMEERA_DATA_DIR) whose words were read. "Impossible" are dates
after the last year in which the meme can have been made: these were misread, for a bound is firm.
"""

import json
from collections import Counter

import click

from core.cli import run
from core.settings import Settings
from core.written_dates import written_dates
from db.listing import LabelledMeme, UnlabelledMeme, labelled_memes, unlabelled_memes
from db.reading import words_of
from db.session import reading

__all__: list[str] = []


@click.command()
def main() -> None:
    """Count, and print as JSON."""
    with reading(Settings.load()) as session:
        memes: list[LabelledMeme | UnlabelledMeme] = [
            *labelled_memes(session),
            *unlabelled_memes(session),
        ]
        words = words_of(session, [meme.sha256 for meme in memes])
    found: Counter[str] = Counter()
    for meme in memes:
        posts = [date.year for date in written_dates(words.get(meme.sha256, ())) if date.is_of_post]
        low, high = meme.year_low, meme.year_high
        if not posts or high is None:
            continue
        found["with the date of a post"] += 1
        found["impossible"] += max(posts) > high
        if low is not None and low <= high <= low + 1:
            found["known to two years"] += 1
            found["of these within them"] += low <= max(posts) <= high
            found["of these earlier"] += max(posts) < low
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    run(main, "python -m bench.written_dates")
