"""Salted hashes of authors and of forgotten posts: known again, and not kept."""

import hashlib
import secrets
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Salt

__all__ = ["FORGOTTEN", "forgotten_post", "pseudonym", "salt", "salt_if_any"]

FORGOTTEN: Final = "forgotten:"
"""How what stands for a forgotten post's id begins."""

_PSEUDONYM_BYTES: Final = 8
_POST_BYTES: Final = 16


def salt(session: Session) -> bytes:
    """What this collection hashes names with; made where there is none."""
    kept = salt_if_any(session)
    if not kept:
        kept = secrets.token_bytes(16)
        session.add(Salt(id=1, salt=kept))
        session.flush()
    return kept


def salt_if_any(session: Session) -> bytes:
    """The same; empty where there is none yet, so that nothing was hashed."""
    return session.scalar(select(Salt.salt).where(Salt.id == 1)) or b""


def pseudonym(salt: bytes, source: str, author: str) -> str:
    """What an author is called here: 16 hex characters, the same for the same name.

    A salted hash: without the collection's salt, names cannot be tried out.
    """
    return _hash(salt, f"{source}:{author}", _PSEUDONYM_BYTES)


def forgotten_post(salt: bytes, source: str, post_id: str) -> str:
    """What is kept instead of a forgotten post's id, by which the post is not taken in again."""
    if post_id.startswith(FORGOTTEN):
        return post_id
    return FORGOTTEN + _hash(salt, f"post:{source}:{post_id}", _POST_BYTES)


def _hash(salt: bytes, text: str, n_bytes: int) -> str:
    name = text.encode("utf-8", "backslashreplace")
    return hashlib.blake2b(name, key=salt, digest_size=n_bytes).hexdigest()
