"""python -m labeling: serve the labeling page."""

from pathlib import Path
from typing import Final

import click

from core.cli import run
from core.settings import Settings
from core.window import serve_window

_PAGE: Final = Path(__file__).with_name("app.py")


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8501, show_default=True)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen. The page asks for a name, not for a password.",
)
def main(port: int, host: str) -> None:
    """Serve the labeling page until Ctrl-C."""
    from labeling.routes import Routes  # Streamlit takes a second to load
    from labeling.serving import PAGES, middleware
    from labeling.serving import port as chosen_port

    # A database that does not open is told here, before anyone has a page.
    routes = Routes(Settings.load(), chosen_port)
    serve_window(
        _PAGE,
        "Labeling",
        host,
        port,
        pages=PAGES,
        routes=routes.routes(),
        middleware=middleware(routes.access, host),
    )


if __name__ == "__main__":
    run(main, "python -m labeling", extra="labeling")
