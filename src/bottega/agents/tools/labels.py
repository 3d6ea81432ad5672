"""What the records that tools show are made of: whose words a field holds, and whether it is about a person."""

from bottega.runtime.evidence import FieldLabels

_ADDRESS = ("name", "line1", "line2", "postal_code", "city", "region", "phone")


def _address(path: str) -> frozenset[str]:
    return frozenset(f"{path}.{part}" for part in _ADDRESS)


PRODUCT = FieldLabels(
    fields={
        "description": "third_party",
        "products.*.description": "third_party",
        "reviews.*.title": "third_party",
        "reviews.*.text": "third_party",
        "reviews.*.author": "third_party",
    }
)
"""Descriptions come from suppliers as often as from us, and reviews from anybody."""

CART = FieldLabels(personal=frozenset({"email"}) | _address("shipping_address"))
ORDER = FieldLabels(
    fields={"notes.*.text": "third_party"}, personal=frozenset({"email"}) | _address("shipping_address")
)
OFFICE_ORDER = ORDER
ACCOUNT = FieldLabels(personal=frozenset({"name", "email", "phone"}) | _address("addresses.*.address"))
TICKET = FieldLabels(personal=frozenset({"subject"}))
OFFICE_TICKET = FieldLabels(
    fields={"subject": "third_party", "messages.*.text": "third_party"}, personal=frozenset({"customer_name"})
)
"""What customers write to the shop is read by whoever answers them, and tells nobody what to do."""
