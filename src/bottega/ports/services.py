"""The connectors that a process was started with, found by the port they implement."""

from typing import Any, TypeVar

from bottega.kernel.errors import Unavailable

P = TypeVar("P")


class Services:
    """Connectors by port, and by name where a port has several (payment gateways)."""

    def __init__(self) -> None:
        self._by_port: dict[type[Any], dict[str, Any]] = {}

    def add(self, port: type[P], connector: P, name: str = "default") -> None:
        """Makes a connector available under its port."""
        self._by_port.setdefault(port, {})[name] = connector

    def get(self, port: type[P], name: str = "default") -> P:
        """The connector; `Unavailable` when this process was started without it."""
        try:
            return self._by_port[port][name]
        except KeyError:
            raise Unavailable(
                "connector_missing",
                f"No connector named '{name}' is set up for {port.__name__}.",
                next_step="Set it up in the settings and start again.",
            ) from None

    def names(self, port: type[Any]) -> list[str]:
        """The names of the port's connectors."""
        return sorted(self._by_port.get(port, {}))
