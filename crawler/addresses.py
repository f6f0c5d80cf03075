"""Which IP addresses and host names belong to the public web, whatever the Python."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from core.settings import Network

__all__ = ["is_allowed", "is_public_name"]

# IANA's special-purpose registry, without exceptions that a picture would not be at. Python's
# `is_global` has less, and not the same in each version.
_NOT_PUBLIC_V4: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this host
            "10.0.0.0/8",
            "100.64.0.0/10",  # within providers; clouds have services there
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's own, in each of its machines
            "169.254.0.0/16",  # link-local; most clouds answer at 169.254.169.254
            "172.16.0.0/12",
            "192.0.0.0/24",  # protocols; Oracle's cloud answers at 192.0.0.192
            "192.0.2.0/24",  # for documents
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",
            "198.18.0.0/15",  # for measuring
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_PUBLIC_V6: Final = ip_network("2000::/3")  # of all the rest, nothing was given to the web
_NOT_PUBLIC_V6: Final = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocols, Teredo among them
            "2001:db8::/32",  # for documents
            "3fff::/20",
        ),
    )
)
# Where an IPv4 address is written within one of IPv6, and how far from the right.
_EMBEDDINGS: Final = (
    (ip_network("::/96"), 0),  # "compatible"
    (ip_network("::ffff:0:0/96"), 0),  # mapped
    (ip_network("64:ff9b::/96"), 0),  # NAT64
    (ip_network("2002::/16"), 80),  # 6to4
)

# RFC 6761, 6762, 7686 and 8375, ICANN's .internal, and what routers make up.
_NOT_PUBLIC_NAME: Final = re.compile(
    r"(?:.*\.)?(?:localhost|local|localdomain|internal|intranet|corp|home|lan|private|onion|arpa)"
)
_NAME: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z][a-z0-9-]*")


def is_allowed(address: str, networks: Sequence[Network]) -> bool:
    """Whether the crawler may connect to this IP address.

    One of IPv6 that stands for one of IPv4 is judged as that.

    Args:
        address: as text; with a zone, it is none of the web.
        networks: allowed although they are not public.
    """
    ip = ip_address(address)
    inner = _embedded(ip)
    if any(one in network for one in (ip, inner) for network in networks):
        return True
    return getattr(ip, "scope_id", None) is None and _is_public(inner)


def is_public_name(host: str) -> bool:
    """Whether a host name may be one of the public web: not localhost, nas.local, or intranet."""
    name = host.removesuffix(".").lower()
    return _NAME.fullmatch(name) is not None and _NOT_PUBLIC_NAME.fullmatch(name) is None


def _embedded(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    for network, shift in _EMBEDDINGS:
        if ip in network:
            return IPv4Address((int(ip) >> shift) & 0xFFFF_FFFF)
    return ip


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _NOT_PUBLIC_V4)
    return ip in _PUBLIC_V6 and not any(ip in network for network in _NOT_PUBLIC_V6)
