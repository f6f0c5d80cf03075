"""The original files as Keras's loader wants them: a folder a genre."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.images import decode
from db.media import MediaStore
from training.snapshot import Row

__all__ = ["READ_BY_KERAS", "write_originals"]

READ_BY_KERAS: Final = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "BMP": "bmp"}
"""The formats that image_dataset_from_directory takes, with the endings it knows them by."""


def write_originals(rows: Sequence[Row], media: MediaStore, folder: Path) -> None:
    """Write each row's file under its SHA-256; what Keras cannot read becomes a PNG."""
    for row in rows:
        data = media.get(row.sha256, row.format)
        stem = folder / row.genre / row.sha256
        stem.parent.mkdir(parents=True, exist_ok=True)
        if row.format in READ_BY_KERAS:
            stem.with_suffix(f".{READ_BY_KERAS[row.format]}").write_bytes(data)
        else:
            decode(data).save(stem.with_suffix(".png"))
