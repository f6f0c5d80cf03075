"""Where the window's own modules are served."""

from pathlib import Path
from typing import Final

from starlette.routing import BaseRoute, Mount

from core.browser import EXAMPLES, Modules

__all__ = ["BASE", "FOLDER", "modules"]

BASE: Final = "/window"
FOLDER: Final = Path(__file__).with_name("browser")


def modules() -> list[BaseRoute]:
    """What serves them."""
    return [
        Mount(f"{BASE}/browser/examples", Modules(directory=EXAMPLES)),
        Mount(f"{BASE}/browser", Modules(directory=FOLDER)),
    ]
