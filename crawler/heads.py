"""Connections on which the head of an answer has an end: no site fills the memory with headers."""

from typing import Any, Final

from scrapy.core.downloader.handlers.http11 import _LenientHTTP11ClientProtocol
from twisted.web._newclient import BODY
from twisted.web.client import _HTTP11ClientFactory

__all__ = ["BoundedFactory"]

_MAX_HEAD: Final = 256 * 2**10  # bytes: what Chrome takes


class _Bounded(_LenientHTTP11ClientProtocol):
    """As Scrapy's, but for the bound. The size of bodies, and the time of it all, Scrapy bounds."""

    _n_head = 0

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Hang up where a head does not end."""
        super().dataReceived(data)  # type: ignore[no-untyped-call]
        is_head = self._parser is not None and self._parser.state != BODY
        self._n_head = self._n_head + len(data) if is_head else 0
        if self._n_head > _MAX_HEAD:
            self.transport.abortConnection()


class BoundedFactory(_HTTP11ClientFactory):
    """Makes them, for a pool of connections."""

    noisy = False

    def buildProtocol(self, addr: Any) -> _Bounded:  # noqa: N802
        """One connection."""
        return _Bounded(self._quiescentCallback)  # type: ignore[no-untyped-call]
