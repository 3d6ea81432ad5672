"""Where a request comes from, believing X-Forwarded-For only from proxies that the settings name."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from starlette.types import Scope

Network: TypeAlias = IPv4Network | IPv6Network
_MOST_HOPS = 10


def client_address(scope: Scope, trusted: Sequence[Network]) -> str:
    """The address that limits count: a whole /64 for IPv6, because one household has all of it."""
    client = scope.get("client")
    peer = _parse(client[0]) if client else None
    if peer is None:
        return "unknown"
    if trusted and _is_trusted(peer, trusted):
        peer = _nearest_stranger(scope, trusted) or peer
    return str(ip_network((peer, 64), strict=False)) if isinstance(peer, IPv6Address) else str(peer)


def _nearest_stranger(scope: Scope, trusted: Sequence[Network]) -> IPv4Address | IPv6Address | None:
    """Read from the right: each proxy appends whom it saw, and what stands left of a stranger is hearsay."""
    hops = [
        hop
        for name, value in scope["headers"]
        if name == b"x-forwarded-for"
        for hop in value.decode("latin-1").split(",")
    ]
    for hop in reversed(hops[-_MOST_HOPS:]):
        address = _parse(hop.strip())
        if address is None:
            return None
        if not _is_trusted(address, trusted):
            return address
    return None


def _is_trusted(address: IPv4Address | IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
