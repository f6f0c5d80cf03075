"""Rows of a large collection, written straight into its tables."""

import random
from collections.abc import Iterable
from datetime import datetime
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import Connection, insert

from db.models import Base, MemeStatus

__all__ = ["insert_rows", "meme_row"]

_BATCH: Final = 5_000  # rows inserted together
_SIGNATURE_BYTES: Final = 4_500  # as `core.signature` makes them


def insert_rows(connection: Connection, table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    """Insert them, some thousands together."""
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            connection.execute(insert(table), batch)
            batch.clear()
    if batch:
        connection.execute(insert(table), batch)


def meme_row(rng: random.Random, number: int, now: datetime) -> dict[str, Any]:
    """A meme as large as a real one, with random hashes, no words and no family yet."""
    return {
        "id": number,
        "sha256": token_hex(32),
        "phash64": token_hex(8),
        "wide_phash64": token_hex(8),
        "phash256": token_hex(32),
        "format": "JPEG",
        "width": 600,
        "height": 600,
        "frames": 1,
        "n_bytes": 50_000,
        "signature": rng.randbytes(_SIGNATURE_BYTES),
        "status": MemeStatus.ACTIVE,
        "added_at": now,
    }
