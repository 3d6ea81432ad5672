"""Which roles of staff get into each page of the console; a new page needs a line here, or its test fails.

Strangers, customers, guests and API keys get into none but `STRANGERS`.
"""

from collections.abc import Mapping

Audience = frozenset[str]


def roles(names: str) -> Audience:
    return frozenset(names.split())


OWNER = roles("owner")
MANAGER = OWNER | {"manager"}
SUPPORT = MANAGER | {"support"}
WAREHOUSE = MANAGER | {"warehouse"}
PEOPLE = SUPPORT | WAREHOUSE
STAFF = PEOPLE | {"analyst"}
READING_MANAGER = MANAGER | {"analyst"}

# How one gets in, and out again.
STRANGERS = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-in/code"),
    ("POST", "/sign-in/codes"),
    ("GET", "/password-reset"),
    ("POST", "/password-reset"),
    ("GET", "/password-reset/choice"),
    ("POST", "/password-reset/choice"),
    ("POST", "/sign-out"),
}

ORDERS: Mapping[tuple[str, str], Audience] = {
    ("GET", "/orders"): PEOPLE,
    ("GET", "/orders/{order_id}"): PEOPLE,
    ("POST", "/orders/deliveries"): PEOPLE,
    ("POST", "/orders/shipments"): PEOPLE,
    ("POST", "/orders/{order_id}/cancellation"): SUPPORT,
    ("POST", "/orders/{order_id}/hold"): SUPPORT,
    ("POST", "/orders/{order_id}/notes"): SUPPORT,
    ("POST", "/orders/{order_id}/payments/{payment_id}/confirmation"): MANAGER,
    ("POST", "/orders/{order_id}/refunds"): SUPPORT,
    ("POST", "/orders/{order_id}/refunds/{refund_id}/confirmation"): MANAGER,
    ("POST", "/orders/{order_id}/release"): SUPPORT,
    ("POST", "/orders/{order_id}/shipments"): PEOPLE,
    ("POST", "/orders/{order_id}/shipments/{shipment_id}/end"): PEOPLE,
    ("POST", "/orders/{order_id}/shipments/{shipment_id}/tracking"): WAREHOUSE,
    ("POST", "/orders/{order_id}/tags"): SUPPORT,
}

PRODUCTS: Mapping[tuple[str, str], Audience] = {
    ("GET", "/products"): STAFF,
    ("GET", "/products/import"): MANAGER,
    ("GET", "/products/new"): MANAGER,
    ("GET", "/products/{product_id}"): STAFF,
    ("POST", "/products"): MANAGER,
    ("POST", "/products/archival"): MANAGER,
    ("POST", "/products/import"): MANAGER,
    ("POST", "/products/publication"): MANAGER,
    ("POST", "/products/unpublication"): MANAGER,
    ("POST", "/products/{product_id}"): MANAGER,
    ("POST", "/products/{product_id}/archival"): MANAGER,
    ("POST", "/products/{product_id}/pictures"): MANAGER,
    ("POST", "/products/{product_id}/pictures/{media_id}/first"): MANAGER,
    ("POST", "/products/{product_id}/pictures/{media_id}/removal"): MANAGER,
    ("POST", "/products/{product_id}/prices"): MANAGER,
    ("POST", "/products/{product_id}/publication"): MANAGER,
    ("POST", "/products/{product_id}/unpublication"): MANAGER,
    ("POST", "/products/{product_id}/variants"): MANAGER,
    ("POST", "/products/{product_id}/variants/{variant_id}"): MANAGER,
}

PAGES: Mapping[tuple[str, str], Audience] = {
    ("GET", ""): STAFF,
    ("GET", "/today/sales.json"): STAFF,
    **ORDERS,
    **PRODUCTS,
}

# What parameters of addresses stand for in the tests that walk every page, where the identifier itself matters.
PARAMETERS: Mapping[str, str] = {}
