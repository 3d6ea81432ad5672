"""Who may use each route; a new route needs a line here, or tests/gateway/test_authorisation.py fails.

An audience is the set of callers (see callers.py) that get further than 401 or 403, on what is theirs where it is
about somebody. `key_stock` is a manager's key with the scope `stock`, `key_read` one with the scope `read`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Audience = frozenset[str]


def callers(names: str) -> Audience:
    return frozenset(names.split())


OWNER = callers("owner")
MANAGER = OWNER | {"manager"}
SUPPORT = MANAGER | {"support"}
WAREHOUSE = MANAGER | {"warehouse"}
STOCK_KEEPERS = WAREHOUSE | {"key_stock"}
SUPPORT_OR_WAREHOUSE = SUPPORT | WAREHOUSE

READING_MANAGER = MANAGER | {"key_read"}
READING_PEOPLE = SUPPORT_OR_WAREHOUSE | {"key_read"}
READING_STAFF = READING_PEOPLE | {"analyst"}
READING_STOCK = READING_STAFF | {"key_stock"}

# Customers have an account, guests do not; both on what is theirs.
ACCOUNT = callers("customer")
SHOPPERS = ACCOUNT | {"guest"}
ACCOUNT_OR_SUPPORT = ACCOUNT | SUPPORT
OWN_OR_OWNER = SHOPPERS | OWNER
OWN_OR_MANAGER = SHOPPERS | MANAGER
OWN_OR_SUPPORT = SHOPPERS | SUPPORT
OWN_OR_WORKING_STAFF = SHOPPERS | SUPPORT_OR_WAREHOUSE
OWN_OR_READING_PEOPLE = SHOPPERS | READING_PEOPLE
OWN_OR_READING_STAFF = SHOPPERS | READING_STAFF

WITH_A_SESSION = ACCOUNT | SUPPORT_OR_WAREHOUSE | {"analyst"}
SIGNED_IN = SHOPPERS | READING_STOCK
ANYBODY = SIGNED_IN | {"anonymous"}
# A customer who is signed in is told so; other staff and narrowed keys may not.
REGISTERING = SHOPPERS | SUPPORT | {"anonymous"}
# Whoever holds the gateway's secret, whoever they are.
SIGNED_BY_GATEWAY = callers("")

# Bodies for routes whose documented example does not get as far as policy, from the identifiers of the shop.
BODIES: Mapping[tuple[str, str], Callable[[Mapping[str, Sequence[str]]], Any]] = {
    ("POST", "/api/carts"): lambda ids: {"customer_id": ids["cus"][0]},
    ("POST", "/api/product-imports"): lambda _: {
        "products": [{"handle": "stove", "title": "Stove", "variants": [{"sku": "STOVE-9"}]}]
    },
}

# Routes outside the document; the WebSocket's own checks are tried in tests/agents/chat/test_socket.py.
UNDOCUMENTED = {("GET", "/healthz"), ("GET", "/api/openapi.json"), ("GET", "/api/chat/{session}/socket")}

ROUTES: Mapping[tuple[str, str], Audience] = {
    ("GET", "/api/account"): SIGNED_IN,
    ("PUT", "/api/account/password"): WITH_A_SESSION,
    ("DELETE", "/api/account/session"): WITH_A_SESSION,
    ("DELETE", "/api/account/sessions"): WITH_A_SESSION,
    ("GET", "/api/account/sessions"): SIGNED_IN,
    ("GET", "/api/api-keys"): READING_PEOPLE,
    ("POST", "/api/api-keys"): OWNER,
    ("DELETE", "/api/api-keys/{key_id}"): OWNER,
    ("GET", "/api/api-keys/{key_id}"): READING_PEOPLE,
    ("GET", "/api/approvals"): READING_PEOPLE,
    ("GET", "/api/approvals/{approval_id}"): READING_PEOPLE,
    ("POST", "/api/approvals/{approval_id}/denial"): MANAGER,
    ("POST", "/api/approvals/{approval_id}/grant"): MANAGER,
    ("POST", "/api/carts"): OWN_OR_SUPPORT,
    ("GET", "/api/carts/{cart_id}"): OWN_OR_READING_PEOPLE,
    ("PUT", "/api/carts/{cart_id}/contact"): OWN_OR_SUPPORT,
    ("DELETE", "/api/carts/{cart_id}/coupon"): OWN_OR_SUPPORT,
    ("PUT", "/api/carts/{cart_id}/coupon"): OWN_OR_SUPPORT,
    ("POST", "/api/carts/{cart_id}/lines"): OWN_OR_SUPPORT,
    ("DELETE", "/api/carts/{cart_id}/lines/{line_id}"): OWN_OR_SUPPORT,
    ("PUT", "/api/carts/{cart_id}/lines/{line_id}"): OWN_OR_SUPPORT,
    ("POST", "/api/carts/{cart_id}/order"): OWN_OR_SUPPORT,
    ("PUT", "/api/carts/{cart_id}/shipping"): OWN_OR_SUPPORT,
    ("GET", "/api/carts/{cart_id}/total"): OWN_OR_READING_PEOPLE,
    ("GET", "/api/categories"): ANYBODY,
    ("POST", "/api/categories"): MANAGER,
    ("DELETE", "/api/categories/{category_id}"): MANAGER,
    ("PATCH", "/api/categories/{category_id}"): MANAGER,
    ("POST", "/api/chat"): SHOPPERS,
    ("GET", "/api/chat/{session}"): SHOPPERS,
    ("GET", "/api/chat/{session}/events"): SHOPPERS,
    ("POST", "/api/chat/{session}/identity"): ACCOUNT,
    ("GET", "/api/chat/{session}/messages"): SHOPPERS,
    ("POST", "/api/chat/{session}/messages"): SHOPPERS,
    ("GET", "/api/collections"): ANYBODY,
    ("POST", "/api/collections"): MANAGER,
    ("DELETE", "/api/collections/{collection_id}"): MANAGER,
    ("PATCH", "/api/collections/{collection_id}"): MANAGER,
    ("POST", "/api/collections/{collection_id}/products"): MANAGER,
    ("DELETE", "/api/collections/{collection_id}/products/{product_id}"): MANAGER,
    ("GET", "/api/collections/{id_or_handle}"): ANYBODY,
    ("GET", "/api/conversations"): READING_PEOPLE,
    ("GET", "/api/conversations/{session}"): READING_PEOPLE,
    ("POST", "/api/conversations/{session}/handback"): SUPPORT,
    ("POST", "/api/conversations/{session}/messages"): SUPPORT,
    ("POST", "/api/conversations/{session}/takeover"): SUPPORT,
    ("GET", "/api/customers"): READING_PEOPLE,
    ("POST", "/api/customers"): REGISTERING,
    ("GET", "/api/customers/{customer_id}"): OWN_OR_READING_PEOPLE,
    ("PATCH", "/api/customers/{customer_id}"): ACCOUNT_OR_SUPPORT,
    ("POST", "/api/customers/{customer_id}/addresses"): ACCOUNT_OR_SUPPORT,
    ("DELETE", "/api/customers/{customer_id}/addresses/{address_id}"): ACCOUNT_OR_SUPPORT,
    ("PUT", "/api/customers/{customer_id}/addresses/{address_id}"): ACCOUNT_OR_SUPPORT,
    ("DELETE", "/api/customers/{customer_id}/block"): SUPPORT,
    ("PUT", "/api/customers/{customer_id}/block"): SUPPORT,
    ("PUT", "/api/customers/{customer_id}/consent"): OWN_OR_SUPPORT,
    ("PUT", "/api/customers/{customer_id}/default-address"): ACCOUNT_OR_SUPPORT,
    ("PUT", "/api/customers/{customer_id}/email"): ACCOUNT_OR_SUPPORT,
    ("POST", "/api/customers/{customer_id}/forgetting"): OWN_OR_OWNER,
    ("GET", "/api/customers/{customer_id}/gift-cards"): OWN_OR_READING_PEOPLE,
    ("POST", "/api/customers/{customer_id}/instruments"): ACCOUNT_OR_SUPPORT,
    ("DELETE", "/api/customers/{customer_id}/instruments/{instrument_id}"): ACCOUNT_OR_SUPPORT,
    ("GET", "/api/documents"): READING_STAFF,
    ("GET", "/api/documents/{document_id}"): READING_STAFF,
    ("DELETE", "/api/documents/{document_id}/withdrawal"): MANAGER,
    ("POST", "/api/documents/{document_id}/withdrawal"): MANAGER,
    ("GET", "/api/effects"): READING_PEOPLE,
    ("GET", "/api/effects/{effect_id}"): READING_PEOPLE,
    ("POST", "/api/effects/{effect_id}/cancellation"): MANAGER,
    ("POST", "/api/effects/{effect_id}/requeue"): MANAGER,
    ("GET", "/api/gift-cards"): OWN_OR_READING_STAFF,
    ("POST", "/api/gift-cards"): SUPPORT,
    ("POST", "/api/gift-cards/balance"): OWN_OR_WORKING_STAFF,
    ("GET", "/api/gift-cards/{gift_card_id}"): OWN_OR_READING_STAFF,
    ("POST", "/api/gift-cards/{gift_card_id}/closing"): SUPPORT,
    ("POST", "/api/guests"): ANYBODY,
    ("DELETE", "/api/media/{media_id}"): MANAGER,
    ("GET", "/api/log"): READING_PEOPLE,
    ("GET", "/api/log/{entry_id}"): READING_PEOPLE,
    ("POST", "/api/log/{entry_id}/undo"): MANAGER,
    ("GET", "/api/orders"): OWN_OR_READING_PEOPLE,
    ("GET", "/api/orders/{order_id}"): OWN_OR_READING_PEOPLE,
    ("GET", "/api/orders/{order_id}/amendments"): OWN_OR_READING_PEOPLE,
    ("POST", "/api/orders/{order_id}/amendments/address"): OWN_OR_SUPPORT,
    ("POST", "/api/orders/{order_id}/amendments/instrument"): OWN_OR_MANAGER,
    ("POST", "/api/orders/{order_id}/amendments/items"): OWN_OR_SUPPORT,
    ("POST", "/api/orders/{order_id}/cancellation"): OWN_OR_SUPPORT,
    ("POST", "/api/orders/{order_id}/exchanges"): OWN_OR_SUPPORT,
    ("GET", "/api/orders/{order_id}/history"): OWN_OR_READING_PEOPLE,
    ("DELETE", "/api/orders/{order_id}/hold"): SUPPORT,
    ("PUT", "/api/orders/{order_id}/hold"): SUPPORT,
    ("POST", "/api/orders/{order_id}/notes"): OWN_OR_SUPPORT,
    ("GET", "/api/orders/{order_id}/payments"): OWN_OR_READING_PEOPLE,
    ("POST", "/api/orders/{order_id}/payments"): OWN_OR_MANAGER,
    ("POST", "/api/orders/{order_id}/payments/{payment_id}/confirmation"): OWN_OR_WORKING_STAFF,
    ("GET", "/api/orders/{order_id}/refunds"): OWN_OR_READING_PEOPLE,
    ("POST", "/api/orders/{order_id}/refunds"): SUPPORT,
    ("POST", "/api/orders/{order_id}/returns"): OWN_OR_SUPPORT,
    ("POST", "/api/orders/{order_id}/shipments"): SUPPORT_OR_WAREHOUSE,
    ("PUT", "/api/orders/{order_id}/tags"): SUPPORT,
    ("POST", "/api/payments/{payment_id}/transfer"): MANAGER,
    ("POST", "/api/prices"): MANAGER,
    ("POST", "/api/product-imports"): MANAGER,
    ("GET", "/api/passages/{passage_id}"): ANYBODY,
    ("GET", "/api/product-records"): READING_STAFF,
    ("GET", "/api/products"): ANYBODY,
    ("POST", "/api/products"): MANAGER,
    ("GET", "/api/products/{id_or_handle}"): ANYBODY,
    ("GET", "/api/products/{id_or_handle}/similar"): ANYBODY,
    ("GET", "/api/products/{id_or_handle}/reviews"): ANYBODY,
    ("PATCH", "/api/products/{product_id}"): MANAGER,
    ("PUT", "/api/products/{product_id}/archival"): MANAGER,
    ("POST", "/api/products/{product_id}/media"): MANAGER,
    ("POST", "/api/products/{product_id}/pictures"): MANAGER,
    ("PUT", "/api/products/{product_id}/media-order"): MANAGER,
    ("PUT", "/api/products/{product_id}/options"): MANAGER,
    ("DELETE", "/api/products/{product_id}/publication"): MANAGER,
    ("PUT", "/api/products/{product_id}/publication"): MANAGER,
    ("POST", "/api/products/{product_id}/reviews"): ACCOUNT,
    ("POST", "/api/products/{product_id}/variants"): MANAGER,
    ("GET", "/api/promotions"): READING_STAFF,
    ("POST", "/api/promotions"): MANAGER,
    ("GET", "/api/promotions/{promotion_id}"): READING_STAFF,
    ("PUT", "/api/promotions/{promotion_id}"): MANAGER,
    ("PUT", "/api/promotions/{promotion_id}/deactivation"): MANAGER,
    ("GET", "/api/promotions/{promotion_id}/uses"): READING_STAFF,
    ("POST", "/api/refunds/{refund_id}/transfer"): MANAGER,
    ("GET", "/api/reports/{name}"): READING_STAFF,
    ("GET", "/api/returns"): OWN_OR_READING_PEOPLE,
    ("GET", "/api/returns/{return_id}"): OWN_OR_READING_PEOPLE,
    ("POST", "/api/returns/{return_id}/approval"): SUPPORT,
    ("POST", "/api/returns/{return_id}/cancellation"): OWN_OR_SUPPORT,
    ("POST", "/api/returns/{return_id}/completion"): SUPPORT,
    ("GET", "/api/returns/{return_id}/history"): OWN_OR_READING_PEOPLE,
    ("POST", "/api/returns/{return_id}/receipt"): SUPPORT_OR_WAREHOUSE,
    ("POST", "/api/returns/{return_id}/rejection"): SUPPORT,
    ("GET", "/api/reviews"): READING_STAFF,
    ("PUT", "/api/reviews/{review_id}/publication"): SUPPORT,
    ("PUT", "/api/reviews/{review_id}/rejection"): SUPPORT,
    ("POST", "/api/sandbox/challenges/{reference}"): ANYBODY,
    ("GET", "/api/search"): ANYBODY,
    ("POST", "/api/search/clicks"): ANYBODY,
    ("GET", "/api/search/pins"): READING_STAFF,
    ("PUT", "/api/search/pins"): MANAGER,
    ("DELETE", "/api/search/pins/{pin_id}"): MANAGER,
    ("GET", "/api/search/suggestions"): ANYBODY,
    ("GET", "/api/search/synonyms"): READING_STAFF,
    ("PUT", "/api/search/synonyms"): MANAGER,
    ("DELETE", "/api/search/synonyms/{synonyms_id}"): MANAGER,
    ("POST", "/api/shipments/{shipment_id}/delivery"): SUPPORT_OR_WAREHOUSE,
    ("POST", "/api/shipments/{shipment_id}/loss"): SUPPORT_OR_WAREHOUSE,
    ("GET", "/api/settings"): READING_STAFF,
    ("PATCH", "/api/settings"): MANAGER,
    ("GET", "/api/shipping/methods"): ANYBODY,
    ("POST", "/api/shipping/methods"): MANAGER,
    ("PUT", "/api/shipping/methods/{method_id}"): MANAGER,
    ("PUT", "/api/shipping/methods/{method_id}/rates"): MANAGER,
    ("GET", "/api/shipping/quotes"): ANYBODY,
    ("GET", "/api/shipping/shipments"): READING_STAFF,
    ("GET", "/api/shipping/shipments/{shipment_id}"): READING_STAFF,
    ("PUT", "/api/shipping/shipments/{shipment_id}/tracking"): WAREHOUSE,
    ("GET", "/api/shipping/zones"): READING_STAFF,
    ("POST", "/api/shipping/zones"): MANAGER,
    ("PUT", "/api/shipping/zones/{zone_id}"): MANAGER,
    ("GET", "/api/shipping/zones/{zone_id}/methods"): READING_STAFF,
    ("POST", "/api/sign-in"): ANYBODY,
    ("POST", "/api/sign-in/codes"): ANYBODY,
    ("PUT", "/api/sign-in/password"): ANYBODY,
    ("POST", "/api/sign-in/password-resets"): ANYBODY,
    ("GET", "/api/staff"): READING_PEOPLE,
    ("POST", "/api/staff"): OWNER,
    ("DELETE", "/api/staff/{staff_id}"): OWNER,
    ("GET", "/api/staff/{staff_id}"): READING_PEOPLE,
    ("POST", "/api/staff/{staff_id}/reactivation"): OWNER,
    ("PUT", "/api/staff/{staff_id}/role"): OWNER,
    ("POST", "/api/stock/adjustments"): STOCK_KEEPERS,
    ("GET", "/api/stock/levels"): READING_STOCK,
    ("PUT", "/api/stock/levels/{variant_id}/{location_id}/backorder"): STOCK_KEEPERS,
    ("PUT", "/api/stock/levels/{variant_id}/{location_id}/threshold"): STOCK_KEEPERS,
    ("GET", "/api/stock/locations"): READING_STOCK,
    ("POST", "/api/stock/locations"): MANAGER,
    ("PUT", "/api/stock/locations/{location_id}"): MANAGER,
    ("GET", "/api/stock/low"): READING_STOCK,
    ("GET", "/api/stock/movements"): READING_STOCK,
    ("POST", "/api/stock/receipts"): STOCK_KEEPERS,
    ("POST", "/api/stock/transfers"): STOCK_KEEPERS,
    ("GET", "/api/taxes/rates"): READING_STAFF,
    ("POST", "/api/taxes/rates"): MANAGER,
    ("GET", "/api/taxes/rates/in-force"): READING_STAFF,
    ("DELETE", "/api/taxes/rates/{tax_rate_id}"): MANAGER,
    ("POST", "/api/taxes/tables"): MANAGER,
    ("GET", "/api/tickets"): OWN_OR_READING_PEOPLE,
    ("POST", "/api/tickets"): OWN_OR_SUPPORT,
    ("GET", "/api/tickets/{ticket_id}"): OWN_OR_READING_PEOPLE,
    ("PUT", "/api/tickets/{ticket_id}/assignee"): SUPPORT,
    ("POST", "/api/tickets/{ticket_id}/escalation"): SUPPORT,
    ("POST", "/api/tickets/{ticket_id}/messages"): OWN_OR_SUPPORT,
    ("PUT", "/api/tickets/{ticket_id}/order"): SUPPORT,
    ("PUT", "/api/tickets/{ticket_id}/priority"): SUPPORT,
    ("PUT", "/api/tickets/{ticket_id}/status"): OWN_OR_SUPPORT,
    ("PATCH", "/api/variants/{variant_id}"): MANAGER,
    ("GET", "/api/variants/{variant_id}/prices"): READING_STAFF,
    ("PATCH", "/api/variants/{variant_id}/prices/{currency}"): MANAGER,
    ("PUT", "/api/variants/{variant_id}/prices/{currency}"): MANAGER,
    ("GET", "/api/variants/{variant_id}/prices/{currency}/history"): READING_STAFF,
    ("DELETE", "/api/variants/{variant_id}/prices/{currency}/sale"): MANAGER,
    ("PUT", "/api/variants/{variant_id}/prices/{currency}/sale"): MANAGER,
    ("GET", "/api/webhook-deliveries"): READING_MANAGER,
    ("GET", "/api/webhook-deliveries/{delivery_id}"): READING_MANAGER,
    ("POST", "/api/webhook-deliveries/{delivery_id}/replay"): MANAGER,
    ("DELETE", "/api/viewed-products"): SHOPPERS,
    ("GET", "/api/viewed-products"): SHOPPERS,
    ("POST", "/api/viewed-products"): SHOPPERS,
    ("GET", "/api/webhook-endpoints"): READING_MANAGER,
    ("POST", "/api/webhook-endpoints"): MANAGER,
    ("DELETE", "/api/webhook-endpoints/{endpoint_id}"): MANAGER,
    ("GET", "/api/webhook-endpoints/{endpoint_id}"): READING_MANAGER,
    ("PUT", "/api/webhook-endpoints/{endpoint_id}"): MANAGER,
    ("PUT", "/api/webhook-endpoints/{endpoint_id}/secret"): MANAGER,
    ("GET", "/api/webhook-inbox"): READING_PEOPLE,
    ("GET", "/api/webhook-inbox/{provider}/{event_id}"): READING_PEOPLE,
    ("POST", "/api/webhook-inbox/{provider}/{event_id}/requeue"): SUPPORT,
    ("POST", "/api/webhooks/{provider}"): SIGNED_BY_GATEWAY,
}
