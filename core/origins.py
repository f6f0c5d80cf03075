"""Whether a request comes from where it says: the host it is for, and the page that sent it."""

from typing import Final
from urllib.parse import urlsplit

__all__ = ["LOCAL_HOSTS", "is_local", "is_same_origin"]

LOCAL_HOSTS: Final = ("127.0.0.1", "localhost", "[::1]", "::1")
"""What this machine alone is called. Who listens here answers to no other name: a site whose name
leads to 127.0.0.1 could otherwise read the page of whoever visits it."""


def is_local(host: str) -> bool:
    """Whether who listens on this host is reached from this machine alone."""
    return host in LOCAL_HOSTS


def is_same_origin(origin: str | None, host: str | None) -> bool:
    """Whether a request comes from a page of the host that it goes to."""
    if origin is None or host is None:
        return False
    try:
        return urlsplit(origin).netloc == host
    except ValueError:  # no address at all
        return False
