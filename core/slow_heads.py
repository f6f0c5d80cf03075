"""Ends connections on which a request's head does not arrive in time.

uvicorn bounds how long a connection rests between two requests, but not how long the first lines of
one may take: whoever sends half of them, a thousand times, holds a thousand connections for ever.
"""

import asyncio
from typing import Any

import uvicorn.config
from uvicorn.protocols.http.auto import AutoHTTPProtocol

__all__ = ["bound_heads", "bounded_protocol"]


def bound_heads(timeout_s: float) -> None:
    """Let every server of this process that does not choose a protocol end such connections.

    Streamlit starts its server itself, and offers no setting for this.
    """
    uvicorn.config.HTTP_PROTOCOLS["auto"] = bounded_protocol(timeout_s)  # type: ignore[assignment]


def bounded_protocol(timeout_s: float) -> type[asyncio.Protocol]:
    """uvicorn's protocol for HTTP/1.1, with a bound on how long each request's head may take.

    Args:
        timeout_s: from the connection's first moment, or from a later request's first byte.
    """

    # uvicorn's two protocols have these names in common, and no base that declares them.
    class Bounded(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
        _ending: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            self._look_at_head()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._look_at_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._head_is_there()
            super().connection_lost(exc)

        def handle_websocket_upgrade(self, *event: Any) -> None:
            super().handle_websocket_upgrade(*event)
            self._head_is_there()
            self._is_upgraded = True

        _is_upgraded = False

        def _look_at_head(self) -> None:
            is_asked = self.cycle is not None and not self.cycle.response_complete
            if is_asked or self._is_upgraded:
                self._head_is_there()
            elif self._ending is None:
                self._ending = self.loop.call_later(timeout_s, self._end)

        def _head_is_there(self) -> None:
            if self._ending is not None:
                self._ending.cancel()
                self._ending = None

        def _end(self) -> None:
            self._ending = None
            if not self.transport.is_closing():
                self.transport.close()

    return Bounded
