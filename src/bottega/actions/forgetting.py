"""Who else has to forget a customer: parts of the program that the shop does not know register here what they keep."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from bottega.platform.database.pool import Connection

Forget: TypeAlias = Callable[[Connection, str], Awaitable[int]]

_FORGETTERS: dict[str, Forget] = {}


def also_forgets(name: str, forget: Forget) -> None:
    """Registers what deletes everything about a customer from tables of its own, inside the transaction that forgets
    them; it returns how many things went. Registering the same again changes nothing."""
    assert _FORGETTERS.get(name, forget) is forget, f"{name} forgets in two ways"
    _FORGETTERS[name] = forget


async def forget_everywhere(connection: Connection, customer_id: str) -> Mapping[str, int]:
    """Lets everybody forget; how many things each of them deleted."""
    return {name: await forget(connection, customer_id) for name, forget in sorted(_FORGETTERS.items())}
