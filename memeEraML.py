"""Tells the genre and the year of a meme: a window, and a command line.

    python memeEraML.py                          opens the window
    python memeEraML.py serve --port 8502        the window, without opening a browser
    python memeEraML.py classify FILE... --json  answers on standard output

Streamlit runs this same file to draw the window.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from core.cli import EXIT_BAD_INPUT, json_option, run, warn
from core.errors import BadInput, ImageRejected, MemeEraError
from core.genres import genre
from core.images import decode
from core.settings import Settings
from training.classifier import Classifier, Prediction
from training.registry import Registry

_STYLE: Final = """
<style>
  .stMainBlockContainer { padding-top: 2rem; padding-bottom: 1rem; }
  .stImage img { width: auto !important; max-height: 74vh; }
</style>
"""


@click.group(invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Tell the genre and the year of a meme. Without a command, open the window."""
    if context.invoked_subcommand is None:
        context.invoke(serve, open_browser=True)


@main.command()
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--model", "version", help="A model version.  [default: the champion]")
@click.option(
    "--words/--no-words",
    "read",
    default=True,
    help="Whether to read the words in the picture: surer, and half a second slower.",
)
@json_option
def classify(files: tuple[Path, ...], version: str | None, read: bool, as_json: bool) -> int:
    """Classify picture files, in the order given; one that is no picture does not end the rest."""
    classifier = Classifier.load(Settings.load(), version)
    n_failed = 0
    lead = "["
    for answer in _answers(classifier, files, read):
        if "error" in answer:
            n_failed += 1
            warn(f"{answer['file']}: {answer['error']}")
        if as_json:
            click.echo(lead + json.dumps(answer, ensure_ascii=False))
            lead = ","
        elif "error" not in answer:
            click.echo(_line(answer))
    if as_json:
        click.echo("]")
    return EXIT_BAD_INPUT if n_failed else 0


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8502, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--open/--no-open", "open_browser", default=False, help="Open a browser.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Processes that answer; each takes 300 MB.  [default: one a core]",
)
@click.option("--model", "version", help="A model version.  [default: the champion, followed]")
def serve(
    port: int, host: str, open_browser: bool, workers: int | None, version: str | None
) -> None:
    """Serve the window and the API until Ctrl-C."""
    from app.serving import serve as serve_app  # Streamlit takes a second to load

    serve_app(
        Path(__file__),
        Settings.load(),
        host=host,
        port=port,
        open_browser=open_browser,
        n_processes=workers,
        version=version,
    )


def _answers(
    classifier: Classifier, files: tuple[Path, ...], read: bool
) -> Iterator[dict[str, Any]]:
    for file in files:
        try:
            yield {"file": str(file), **classifier.classify(file, read=read).as_dict()}
        except BadInput as error:
            yield {"file": str(file), "error": str(error)}


def _line(answer: dict[str, Any]) -> str:
    best = [f"{genre(g['label']).name} {g['score']:.0%}" for g in answer["genre"][:3]]
    unsure = "not sure; " if answer["abstain"] else ""
    year = answer["year"]
    made = f"{year['low']}-{year['high']}" if year["low"] < year["high"] else f"{year['low']}"
    return f"{answer['file']}: {unsure}{', '.join(best)}; made {made}"


def window() -> None:
    """Draw the window: drop a picture, see the genres as bars."""
    import streamlit as st

    st.set_page_config(page_title="memeEra", page_icon="🖼️", layout="wide")
    st.html(_STYLE)
    st.title("What kind of meme is this?")

    @st.cache_resource(hash_funcs={Settings: hash}, max_entries=2)
    def load(settings: Settings, version: str) -> Classifier:
        return Classifier.load(settings, version)

    try:
        settings = Settings.load()
        classifier = load(settings, Registry(settings.models_dir).answering())
    except MemeEraError as error:
        st.error("There is nothing to answer with yet.")
        st.text(str(error))
        return
    upload = st.file_uploader(
        "Drop a picture here", type=None, max_upload_size=settings.max_bytes // 2**20
    )
    if upload is None:
        st.caption(f"Model {classifier.version}. Nothing that you drop here is kept.")
        return
    try:
        prediction = classifier.classify(upload.getvalue())
    except ImageRejected as error:
        st.error("This file is not a picture that can be read.")
        st.text(error.detail)
        return
    _draw_answer(upload.getvalue(), prediction)


def _draw_answer(data: bytes, prediction: Prediction) -> None:
    import streamlit as st

    left, right = st.columns(2, gap="large")
    left.image(decode(data))
    best = genre(prediction.genre[0].label)
    with right, st.container(gap="xsmall"):
        st.subheader(f"Not sure; perhaps {best.name}" if prediction.abstain else best.name)
        st.write(best.definition)
        for score in prediction.genre:
            st.progress(score.score, text=f"{genre(score.label).name} · {score.score:.0%}")
        year = prediction.year
        st.write(f"Made between **{year.low}** and **{year.high}**, about {year.value}.")
        st.caption(f"{prediction.ms:.0f} ms, model {prediction.model}")


if __name__ == "__main__":
    if "streamlit" in sys.modules and sys.modules["streamlit"].runtime.exists():
        window()
    else:
        run(main, "python memeEraML.py", extra="app")
