"""The named refusals of stock."""

from bottega.kernel.errors import Conflict, NotFound


class OutOfStock(Conflict):
    """Fewer units are available than were asked for."""

    def __init__(self, variant_id: str, sku: str, wanted: int, available: int) -> None:
        super().__init__(
            "out_of_stock",
            f"{sku} is out of stock: {wanted} wanted, {available} available.",
            next_step=f"Order at most {available} of {sku}." if available else f"Leave {sku} out or choose another.",
            variant_id=variant_id,
            sku=sku,
            wanted=wanted,
            available=available,
        )


class NotReserved(Conflict):
    """An order line has fewer units reserved than are to be shipped or released."""

    def __init__(self, order_id: str, line_id: str, wanted: int, reserved: int) -> None:
        super().__init__(
            "not_reserved",
            f"Order {order_id} has {reserved} units of line {line_id} reserved, not {wanted}.",
            next_step="Look at the order's reservations again.",
            order_id=order_id,
            line_id=line_id,
            wanted=wanted,
            reserved=reserved,
        )


class NotOnHand(Conflict):
    """The units are promised, but they do not lie where they are promised from (a backorder)."""

    def __init__(self, variant_id: str, wanted: int, on_hand: int) -> None:
        super().__init__(
            "not_on_hand",
            f"Only {on_hand} units of variant {variant_id} are on hand where {wanted} are promised from.",
            next_step="Receive or transfer stock first, or ship fewer.",
            variant_id=variant_id,
            wanted=wanted,
            on_hand=on_hand,
        )


class PromisedToOrders(Conflict):
    """A change would leave less stock than orders were promised."""

    def __init__(self, variant_id: str, location_id: str, reserved: int, remaining: int) -> None:
        super().__init__(
            "promised_to_orders",
            f"{reserved} units of variant {variant_id} are promised to orders and only {remaining} would be left.",
            next_step="Cancel or move those orders first, or allow a backorder.",
            variant_id=variant_id,
            location_id=location_id,
            reserved=reserved,
            remaining=remaining,
        )


class NoSuchLocation(NotFound):
    """There is no location of that identifier, or none at all."""

    def __init__(self, location_id: str | None = None) -> None:
        named = "no active location" if location_id is None else f"no location {location_id}"
        super().__init__(
            "no_such_location", f"There is {named}.", next_step="See the list of locations.", location_id=location_id
        )


class NoSuchVariant(NotFound):
    """There is no variant of that identifier."""

    def __init__(self, variant_id: str) -> None:
        super().__init__(
            "no_such_variant",
            f"There is no variant {variant_id}.",
            next_step="Search the catalogue for it.",
            variant_id=variant_id,
        )


class NoSuchLevel(NotFound):
    """The variant was never stocked at that location."""

    def __init__(self, variant_id: str, location_id: str) -> None:
        super().__init__(
            "no_stock_level",
            f"Variant {variant_id} has no stock at location {location_id}.",
            next_step="Receive it there first.",
            variant_id=variant_id,
            location_id=location_id,
        )


class HandleTaken(Conflict):
    """Another location has that handle."""

    def __init__(self, handle: str) -> None:
        super().__init__(
            "handle_taken", f"There is a location '{handle}' already.", next_step="Choose another.", handle=handle
        )
