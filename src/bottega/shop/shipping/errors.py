"""The named refusals of shipping."""

from bottega.kernel.errors import Conflict, NotFound


class NoSuchMethod(NotFound):
    """There is no such method, or it is not offered for that country."""

    def __init__(self, method_id: str) -> None:
        super().__init__(
            "no_such_shipping_method",
            f"There is no shipping method {method_id} here.",
            next_step="Choose one of the methods offered for the country.",
            shipping_method_id=method_id,
        )


class NoSuchZone(NotFound):
    """There is no zone of that identifier."""

    def __init__(self, zone_id: str) -> None:
        super().__init__(
            "no_such_zone", f"There is no shipping zone {zone_id}.", next_step="See the zones.", zone_id=zone_id
        )


class NoSuchShipment(NotFound):
    """There is no shipment of that identifier."""

    def __init__(self, shipment_id: str) -> None:
        super().__init__(
            "no_such_shipment",
            f"There is no shipment {shipment_id}.",
            next_step="See the order's shipments.",
            shipment_id=shipment_id,
        )


class CountryInAnotherZone(Conflict):
    """A country belongs to one zone."""

    def __init__(self, country: str, zone_name: str) -> None:
        super().__init__(
            "country_in_another_zone",
            f"{country} belongs to the zone '{zone_name}' already.",
            next_step="Take it out of that zone first.",
            country=country,
            zone=zone_name,
        )


class ZoneNameTaken(Conflict):
    """Another zone has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "zone_name_taken", f"There is a zone '{name}' already.", next_step="Choose another name.", name=name
        )


class CollectionNeedsLocation(Conflict):
    """Goods are collected at a store that exists and is active; delivery names none."""

    def __init__(self, location_id: str | None) -> None:
        super().__init__(
            "collection_needs_location",
            "A method of collection names the active location where the goods are collected; a delivery names none.",
            next_step="Name one of the shop's locations.",
            location_id=location_id,
        )


class ShipmentEnded(Conflict):
    """The shipment arrived or was lost already."""

    def __init__(self, shipment_id: str, state: str) -> None:
        super().__init__(
            "shipment_ended",
            f"Shipment {shipment_id} is {state} already.",
            next_step="Look at the shipment again.",
            shipment_id=shipment_id,
            state=state,
        )
