"""The address book of a customer."""

from typing import Annotated, Any, ClassVar

from bottega.actions.action import Action, Personal, personal_text
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.address import Address
from bottega.kernel.identifiers import AddressId, CustomerId
from bottega.shop.customers.actions.accounts import account, customer_facts
from bottega.shop.customers.errors import no_such_address, too_many_addresses

MOST_ADDRESSES = 50


class AddAddress(Action):
    """Puts an address into the book; the first one becomes the default."""

    groups: ClassVar[tuple[str, ...]] = ("own", "customers", "account")
    customer_id: CustomerId
    address: Annotated[Address, Personal("address")]
    is_default: bool = False


class ChangeAddress(Action):
    """Replaces an address; orders that went to the old one keep it."""

    groups: ClassVar[tuple[str, ...]] = ("own", "customers", "account")
    customer_id: CustomerId
    address_id: AddressId
    address: Annotated[Address, Personal("address")]


class RemoveAddress(Action):
    """Takes an address out of the book; if it was the default, the newest of the others is now."""

    groups: ClassVar[tuple[str, ...]] = ("own", "customers", "account")
    customer_id: CustomerId
    address_id: AddressId


class SetDefaultAddress(Action):
    """Makes an address the default one."""

    groups: ClassVar[tuple[str, ...]] = ("own", "customers", "account", "light")
    customer_id: CustomerId
    address_id: AddressId


@handles(AddAddress, facts=customer_facts, undoable=True)
async def add_address(action: AddAddress, work: Work) -> dict[str, Any]:
    customer = account(work)
    kept = await work.connection.fetchval("SELECT count(*) FROM shop.addresses WHERE customer_id = $1", customer["id"])
    if kept >= MOST_ADDRESSES:
        raise too_many_addresses(MOST_ADDRESSES)
    is_default = action.is_default or kept == 0
    if is_default:
        await _clear_default(work, customer["id"])
    address_id = work.new_id("adr")
    await work.connection.execute(
        "INSERT INTO shop.addresses (id, customer_id, address_ref, country, is_default, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        address_id,
        customer["id"],
        await work.keep(customer["id"], "address", personal_text(action.address.model_dump())),
        action.address.country,
        is_default,
        work.now,
    )
    return {"customer_id": customer["id"], "address_id": address_id, "is_default": is_default}


@handles(ChangeAddress, facts=customer_facts, undoable=True)
async def change_address(action: ChangeAddress, work: Work) -> dict[str, Any]:
    customer = account(work)
    changed = await work.connection.fetchval(
        "UPDATE shop.addresses SET address_ref = $3, country = $4 WHERE id = $2 AND customer_id = $1 RETURNING id",
        customer["id"],
        action.address_id,
        await work.keep(customer["id"], "address", personal_text(action.address.model_dump())),
        action.address.country,
    )
    if changed is None:
        raise no_such_address(action.address_id)
    return {"customer_id": customer["id"], "address_id": action.address_id}


@handles(RemoveAddress, facts=customer_facts, undoable=True)
async def remove_address(action: RemoveAddress, work: Work) -> dict[str, Any]:
    customer = account(work)
    removed = await work.connection.fetchrow(
        "DELETE FROM shop.addresses WHERE id = $2 AND customer_id = $1 RETURNING is_default",
        customer["id"],
        action.address_id,
    )
    if removed is None:
        raise no_such_address(action.address_id)
    default_id: str | None = None
    if removed["is_default"]:
        default_id = await work.connection.fetchval(
            "UPDATE shop.addresses SET is_default = true WHERE id = "
            "(SELECT id FROM shop.addresses WHERE customer_id = $1 ORDER BY id DESC LIMIT 1) RETURNING id",
            customer["id"],
        )
    return {"customer_id": customer["id"], "address_id": action.address_id, "new_default_id": default_id}


@handles(SetDefaultAddress, facts=customer_facts, undoable=True)
async def set_default_address(action: SetDefaultAddress, work: Work) -> dict[str, Any]:
    customer = account(work)
    await _clear_default(work, customer["id"])
    changed = await work.connection.fetchval(
        "UPDATE shop.addresses SET is_default = true WHERE id = $2 AND customer_id = $1 RETURNING id",
        customer["id"],
        action.address_id,
    )
    if changed is None:
        raise no_such_address(action.address_id)
    return {"customer_id": customer["id"], "address_id": action.address_id}


async def _clear_default(work: Work, customer_id: str) -> None:
    await work.connection.execute(
        "UPDATE shop.addresses SET is_default = false WHERE customer_id = $1 AND is_default", customer_id
    )
