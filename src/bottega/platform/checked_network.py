"""Connections to hosts that others chose: a name is looked up once, and the address is checked before it is used."""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import ip_address
from typing import cast

import httpcore

from bottega.platform.outgoing_http import is_public, not_public


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves a name itself and connects to an address that it has checked, so that no second look-up can differ."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        # Its declaration has a second form, for when anyio is missing.
        self._plain = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))
        if not self._allow_private and not all(map(is_public, addresses)):
            raise not_public(host)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._plain.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (OSError, httpcore.ConnectError) as error:
                failure = error
        raise failure or OSError(f"{host} has no address")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
