"""How often somebody may be wrong about the token: 747 guesses a second were answered without."""

import math
import time
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.problems import ApiError

__all__ = ["Guesses"]

# More than anybody mistypes; of the shortest token that is taken, 16 letters, it reaches nothing.
_ALLOWED: Final = RateLimitItemPerMinute(10)
_IPV6_PREFIX: Final = 64  # bits: the rest of the address its owner chooses


class Guesses:
    """Wrong tokens by the address that they came from."""

    def __init__(self) -> None:
        self._wrong = MovingWindowRateLimiter(MemoryStorage())

    def check(self, client: str) -> None:
        """Refuse who was wrong too often, before looking at what is shown now.

        Raises:
            ApiError: they have to wait.
        """
        who = _who(client)
        if not self._wrong.test(_ALLOWED, who):
            rest_s = self._wrong.get_window_stats(_ALLOWED, who).reset_time - time.time()
            wait_s = max(1, math.ceil(rest_s))
            raise ApiError(
                429,
                "too_many_guesses",
                f"too many wrong tokens; try again in {wait_s} s",
                retry_after_s=wait_s,
            )

    def count(self, client: str) -> None:
        """A wrong token was shown."""
        self._wrong.hit(_ALLOWED, _who(client))


def _who(client: str) -> str:
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:  # a socket without addresses
        return client
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)
