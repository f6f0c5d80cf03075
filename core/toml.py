"""TOML files as people's editors save them."""

import tomllib
from pathlib import Path
from typing import Any

from core.errors import BadInput

__all__ = ["read_toml"]


def read_toml(path: Path) -> dict[str, Any]:
    """What a file says; Windows' editors put a mark before UTF-8, which is passed over.

    Raises:
        BadInput: it is no TOML; the message names it.
        OSError: it cannot be read.
    """
    data = path.read_bytes()
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput(f"{path}: line {line} is no UTF-8; save the file as UTF-8") from error
    except ValueError as error:
        raise BadInput(f"{path}: {error}") from error
