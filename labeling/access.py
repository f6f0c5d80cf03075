"""Who may vote and see pictures: a cookie for each browser, and a token for each person in it.

Streamlit guards its own page, not the routes beside it. A page of another site can make a browser
send a request here, but can read neither the cookie nor the token that belongs to it.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Final

from core.errors import MemeEraError
from db.pseudonyms import salt
from db.session import Database

__all__ = ["TOKEN_LIFE_S", "Access", "Expired", "Refused"]

TOKEN_LIFE_S: Final = 12 * 3600
"""How long a token opens anything; a page that is open asks for another before its end."""

_N_BYTES: Final = 16  # of chance, in a session's name
_MAC_BYTES: Final = 16


class Refused(MemeEraError):
    """A request that does not come from a page of ours."""


class Expired(Refused):
    """A token that was ours, and is too old."""


class Access:
    """Makes sessions and tokens, and knows them again; so does any process of the same collection.

    Args:
        secret: what they are signed with.
        clock: the time, in seconds.
    """

    def __init__(self, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._clock = clock

    @classmethod
    def of(cls, database: Database) -> "Access":
        """With a secret that follows from the collection's own, so that it outlasts a restart."""
        with database.writing_alone() as session:
            return cls(hashlib.blake2b(b"labeling", key=salt(session)).digest())

    def new_session(self) -> str:
        """What a browser gets as its cookie."""
        name = secrets.token_hex(_N_BYTES)
        return f"{name}.{self._sign('session', name)}"

    def is_session(self, cookie: str) -> bool:
        """Whether a cookie was made here."""
        name, _, signature = cookie.partition(".")
        return _same(signature, self._sign("session", name))

    def token(self, cookie: str, annotator: str) -> str:
        """What the page of a person sends along with every request."""
        name = base64.urlsafe_b64encode(annotator.encode()).decode()
        until = str(int(self._clock()) + TOKEN_LIFE_S)
        return f"{name}.{until}.{self._sign('token', cookie, annotator, until)}"

    def is_old(self, token: str) -> bool:
        """Whether it is time for another token in the place of one that still opens."""
        _, until, _ = token.split(".")
        return int(until) - self._clock() < TOKEN_LIFE_S / 2

    def annotator(self, cookie: str, token: str) -> str:
        """Whose token it is.

        Raises:
            Expired: it is too old.
            Refused: it was not made for this cookie, or not here.
        """
        name, _, rest = token.partition(".")
        until, _, signature = rest.partition(".")
        try:
            annotator = base64.urlsafe_b64decode(name.encode()).decode()
        except (binascii.Error, ValueError) as error:
            raise Refused("this is no token; reload the page") from error
        is_ours = self.is_session(cookie) and _same(
            signature, self._sign("token", cookie, annotator, until)
        )
        if not is_ours:
            raise Refused("this token is of another session; reload the page")
        if int(until) < self._clock():
            raise Expired("this page was left for too long; reload it: no answer is lost")
        return annotator

    def _sign(self, *what: str) -> str:
        # Lengths, so that no two lists of texts are one text.
        text = "".join(f"{len(part)}:{part}" for part in what)
        return hmac.digest(self._secret, text.encode(), "sha256")[:_MAC_BYTES].hex()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
