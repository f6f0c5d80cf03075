"""Tells the genre and the year of a meme: a window, an API, a class, and the command memeera.

    memeera                          opens the window
    memeera serve --port 8502        the window and the API, without opening a browser
    memeera classify FILE... --json  answers on standard output
    memeera crawl|label|train|db     the stages before

python memeEraML.py is the same command.

    from memeEraML import MemeEra
    MemeEra.load().classify("meme.jpg").genre[0].label

Streamlit runs this same file to draw the window.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import click

from core.cli import (
    EXIT_BAD_INPUT,
    Loaded,
    Program,
    completion,
    echo,
    json_option,
    print_as_is,
    print_json,
    run,
    warn,
)
from core.cpus import n_cpus
from core.errors import BadInput, MemeEraError
from core.genres import GENRES
from core.in_order import in_order

if TYPE_CHECKING:
    from PIL import Image

    from app.pictures import Named
    from core.settings import Settings
    from training.classifier import Classifier, GenreScore, Prediction, YearRange

    Picture = bytes | str | Path | Image.Image

__all__ = ["GenreScore", "MemeEra", "Prediction", "YearRange"]

PROGRAM: Final = "memeera"

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# One place knows all stages; each is loaded by name, and only when it is asked for.
_STAGES: Final = {
    "crawl": Loaded("crawler.__main__", extra="crawler"),
    "db": Loaded("db.__main__", extra="export"),
    "label": Loaded("labeling.__main__", extra="labeling"),
    "train": Loaded("training.__main__", extra="training"),
}


def __getattr__(name: str) -> Any:
    """What an answer is made of, for who imports it from here: loading it takes NumPy, Pillow."""
    if name not in ("GenreScore", "Prediction", "YearRange"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import training.classifier

    return getattr(training.classifier, name)


class MemeEra:
    """A model that tells a meme's genre and year from its picture.

    Loaded once, it may be used by any number of threads.

    >>> from memeEraML import MemeEra
    >>> prediction = MemeEra.load().classify("meme.jpg")
    >>> prediction.genre[0].label
    'rage_comic'
    >>> prediction.year.low <= prediction.year.value <= prediction.year.high
    True
    """

    def __init__(self, classifier: "Classifier", settings: "Settings") -> None:
        from app.stored import Stored

        self.classifier = classifier
        self.max_bytes = settings.max_bytes
        self._stored = Stored(settings)

    @classmethod
    def load(cls, version: str | None = None, settings: "Settings | None" = None) -> Self:
        """The model that answers, or the version named.

        Args:
            version: of `python -m training list`; None: the champion, and before there is one, the
                starter.
            settings: None: those of the environment, MEMEERA_*.

        Raises:
            NotReady: there is no model yet.
            BadInput: there is no such version, or its files are damaged.
        """
        from core.settings import Settings
        from training.classifier import Classifier

        settings = settings or Settings.load()
        return cls(Classifier.load(settings, version), settings)

    def classify(self, picture: "Picture", *, words: bool = True) -> "Prediction":
        """The genre and the year of one picture.

        Of a file that the collection has, the year is within what is known of it.

        Args:
            picture: a file's bytes, its path, or an image of Pillow.
            words: whether to read the words in it: surer, and half a second slower. Those of files
                that the collection has are known.

        Raises:
            BadInput: there is no such file, it is no picture that is taken, or nobody foresaw what
                it does.
        """
        from app.pictures import Named
        from training.years import within

        if isinstance(picture, str | Path):
            picture = Named(Path(picture)).read(self.max_bytes)
        lines = None
        if words and self.classifier.reads_words and isinstance(picture, bytes):
            lines = self._stored.words(picture)
        try:
            said = self.classifier.classify(picture, read=words, lines=lines)
        except MemeEraError:
            raise
        except Exception as error:  # the edge: one picture ends no others, whatever it does
            cause = str(error).partition("\n")[0]
            why = f"{type(error).__name__}: {cause}".rstrip(": ")
            raise BadInput(f"this picture could not be looked at: {why}") from error
        if not isinstance(picture, bytes):
            return said
        return within(said, self.classifier.first_year, *self._stored.years(picture))

    def classify_all(
        self, pictures: "Iterable[Picture]", *, words: bool = True, n_threads: int | None = None
    ) -> "Iterator[Prediction | BadInput]":
        """The same of any number of pictures, in their order; of one that cannot be read, why.

        Args:
            pictures: as for `classify`.
            words: whether to read the words in them.
            n_threads: None: one for each core.
        """

        def one(picture: "Picture") -> "Prediction | BadInput":
            try:
                return self.classify(picture, words=words)
            except BadInput as error:
                return error

        return _by_threads(one, pictures, n_threads)


def _by_threads(
    work: Callable[[_Item], _Result], items: Iterable[_Item], n_threads: int | None = None
) -> Iterator[_Result]:
    n_threads = n_threads or n_cpus()
    with ThreadPoolExecutor(n_threads) as pool:
        yield from in_order(pool, n_threads, work, items)


@click.group(cls=Program, loaded=_STAGES, invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Collect memes, label them, learn from them, tell their genre and year.

    Without a command, open the window.
    """
    if context.invoked_subcommand is None:
        context.invoke(serve, open_browser=True)


model_option = click.option(
    "--model", "version", metavar="VERSION", help="A model version.  [default: the champion]"
)


@main.command()
@click.argument(
    "paths",
    metavar="FILE|FOLDER|-...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)
@model_option
@click.option(
    "--words/--no-words",
    default=True,
    help="Whether to read the words in the picture: surer, and half a second slower.",
)
@click.option(
    "--top-k",
    type=click.IntRange(1, len(GENRES)),
    default=len(GENRES),
    help="Give so many genres.  [default: all]",
)
@click.option(
    "--explain",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="OUT.png",
    help="Of one picture: draw where the model looked and what it read.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, a row a picture.")
@json_option
def classify(
    paths: tuple[Path, ...],
    version: str | None,
    words: bool,
    top_k: int,
    explain: Path | None,
    as_csv: bool,
    as_json: bool,
) -> int:
    """Classify pictures, in the order given: files, folders with all in them, - for standard input.

    One that is no picture is told, and does not end the rest.
    """
    from app.pictures import named
    from app.telling import AsCsv, AsJson, AsLines, Teller, answer_of, error_of
    from training.classifier import Prediction

    if as_csv and as_json:
        raise click.UsageError("--csv and --json exclude each other")
    files = named(paths)
    if explain is not None:
        _check_explain(explain, files)
    model = MemeEra.load(version)
    teller: Teller = AsJson() if as_json else AsLines()
    if as_csv:
        teller = AsCsv(model.classifier.classes)
    n_answered, has_failed = 0, False
    print_as_is(teller.begin())
    for file, said in _classified(model, files, words, explain):
        if isinstance(said, Prediction):
            n_answered += 1
            answer = answer_of(str(file.path), said, top_k)
        else:
            has_failed |= not file.is_of_folder
            warn(f"{file.path}: {said}")
            answer = error_of(str(file.path), said)
        print_as_is(teller.tell(answer))
    print_as_is(teller.end())
    if not files:
        warn(f"{', '.join(map(str, paths))}: there is no file in it")
    return EXIT_BAD_INPUT if has_failed or not n_answered else 0


def _classified(
    model: MemeEra, files: "Sequence[Named]", words: bool, explain: Path | None
) -> "Iterator[tuple[Named, Prediction | BadInput]]":
    from tqdm import tqdm

    def one(file: "Named") -> "Prediction | BadInput":
        try:
            data = file.read(model.max_bytes)
            said = model.classify(data, words=words)
        except BadInput as error:
            return error
        if explain is not None:
            _explain(model, data, said, explain)
        return said

    # Where the answers go to the screen, they show how far it is.
    is_shown = len(files) > 1 and sys.stderr.isatty() and not sys.stdout.isatty()
    with tqdm(total=len(files), unit="", disable=not is_shown, file=sys.stderr) as bar:
        for file, said in zip(files, _by_threads(one, files), strict=True):
            yield file, said
            bar.update()


def _check_explain(path: Path, files: "Sequence[Named]") -> None:
    if len(files) != 1:
        raise click.UsageError(f"--explain draws one picture; {len(files)} are named")
    if path.suffix.lower() != ".png":
        raise click.UsageError(f"--explain writes a PNG: {path.name} does not end in .png")
    if not path.parent.is_dir():
        raise BadInput(f"{path}: there is no folder {path.parent}")
    if path.exists() and path.samefile(files[0].path):
        raise BadInput(f"{path}: that is the picture itself; choose another name")


def _explain(model: MemeEra, data: bytes, said: "Prediction", path: Path) -> None:
    from app.explaining import explained
    from core.images import decode

    page = explained(decode(data), model.classifier, said)
    try:
        page.save(path)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: cannot be written: {error}") from error


@main.command()
@json_option
def models(as_json: bool) -> None:
    """List the models, oldest first, with their figures; * marks the one that answers."""
    from core.settings import Settings
    from training.registry import Registry

    registry = Registry(Settings.load().models_dir)
    if as_json:
        print_json(registry.described())
    else:
        echo(*registry.report())


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8502, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--open/--no-open", "open_browser", default=False, help="Open a browser.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Processes that answer; each takes some 300 MB.  [default: one a core]",
)
@model_option
def serve(
    port: int, host: str, open_browser: bool, workers: int | None, version: str | None
) -> None:
    """Serve the window and the API until Ctrl-C; beyond this machine, for who has the token."""
    from app.serving import serve as serve_app  # Streamlit takes a second to load
    from core.settings import Settings

    serve_app(
        Path(__file__),
        Settings.load(),
        host=host,
        port=port,
        open_browser=open_browser,
        n_processes=workers,
        version=version,
    )


@main.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def print_completion(shell: str) -> None:
    """Print what makes SHELL complete the command memeera: eval "$(memeera completion bash)"."""
    print_as_is(completion(main, PROGRAM, shell) + "\n")


def program() -> None:
    """The command memeera, which is this file."""
    run(main, PROGRAM, extra="app")


if __name__ == "__main__":
    if "streamlit" in sys.modules and sys.modules["streamlit"].runtime.exists():
        from app.window import draw

        draw()
    else:
        run(main, "python memeEraML.py", extra="app")
