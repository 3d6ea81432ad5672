"""Which roles of staff get into the pages of the shop itself; see page_audiences.py."""

from collections.abc import Mapping

from tests.web.console.audience_roles import MANAGER, OWNER, PEOPLE, STAFF, SUPPORT, WAREHOUSE, Audience

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
    ("POST", "/products/{product_id}/pictures/upload"): MANAGER,
    ("POST", "/products/{product_id}/pictures/{media_id}/first"): MANAGER,
    ("POST", "/products/{product_id}/pictures/{media_id}/removal"): MANAGER,
    ("POST", "/products/{product_id}/prices"): MANAGER,
    ("POST", "/products/{product_id}/publication"): MANAGER,
    ("POST", "/products/{product_id}/unpublication"): MANAGER,
    ("POST", "/products/{product_id}/variants"): MANAGER,
    ("POST", "/products/{product_id}/variants/{variant_id}"): MANAGER,
}

RETURNS: Mapping[tuple[str, str], Audience] = {
    ("GET", "/returns"): PEOPLE,
    ("GET", "/returns/{return_id}"): PEOPLE,
    ("POST", "/returns/approvals"): SUPPORT,
    ("POST", "/returns/{return_id}/approval"): SUPPORT,
    ("POST", "/returns/{return_id}/cancellation"): SUPPORT,
    ("POST", "/returns/{return_id}/completion"): SUPPORT,
    ("POST", "/returns/{return_id}/receipt"): PEOPLE,
    ("POST", "/returns/{return_id}/rejection"): SUPPORT,
}

TICKETS: Mapping[tuple[str, str], Audience] = {
    ("GET", "/tickets"): PEOPLE,
    ("GET", "/tickets/{ticket_id}"): PEOPLE,
    ("POST", "/tickets"): SUPPORT,
    ("POST", "/tickets/closings"): SUPPORT,
    ("POST", "/tickets/mine"): SUPPORT,
    ("POST", "/tickets/resolutions"): SUPPORT,
    ("POST", "/tickets/{ticket_id}/assignee"): SUPPORT,
    ("POST", "/tickets/{ticket_id}/escalation"): SUPPORT,
    ("POST", "/tickets/{ticket_id}/messages"): SUPPORT,
    ("POST", "/tickets/{ticket_id}/order"): SUPPORT,
    ("POST", "/tickets/{ticket_id}/priority"): SUPPORT,
    ("POST", "/tickets/{ticket_id}/status"): SUPPORT,
}

REVIEWS: Mapping[tuple[str, str], Audience] = {
    ("GET", "/reviews"): PEOPLE,
    ("POST", "/reviews/publications"): SUPPORT,
    ("POST", "/reviews/rejections"): SUPPORT,
    ("POST", "/reviews/{review_id}/publication"): SUPPORT,
    ("POST", "/reviews/{review_id}/rejection"): SUPPORT,
}

STOCK: Mapping[tuple[str, str], Audience] = {
    ("GET", "/stock"): STAFF,
    ("GET", "/stock/receipt"): WAREHOUSE,
    ("GET", "/stock/{variant_id}"): STAFF,
    ("POST", "/stock/counts"): WAREHOUSE,
    ("POST", "/stock/receipt"): WAREHOUSE,
    ("POST", "/stock/{variant_id}/adjustments"): WAREHOUSE,
    ("POST", "/stock/{variant_id}/backorder"): WAREHOUSE,
    ("POST", "/stock/{variant_id}/threshold"): WAREHOUSE,
    ("POST", "/stock/{variant_id}/transfers"): WAREHOUSE,
}

CUSTOMERS: Mapping[tuple[str, str], Audience] = {
    ("GET", "/customers"): PEOPLE,
    ("GET", "/customers/{customer_id}"): PEOPLE,
    ("POST", "/customers/consent-withdrawals"): SUPPORT,
    ("POST", "/customers/{customer_id}/block"): SUPPORT,
    ("POST", "/customers/{customer_id}/consent"): SUPPORT,
    ("POST", "/customers/{customer_id}/forgetting"): OWNER,
    ("POST", "/customers/{customer_id}/profile"): SUPPORT,
    ("POST", "/customers/{customer_id}/unblock"): SUPPORT,
}

PROMOTIONS: Mapping[tuple[str, str], Audience] = {
    ("GET", "/promotions"): STAFF,
    ("GET", "/promotions/new"): MANAGER,
    ("GET", "/promotions/{promotion_id}"): STAFF,
    ("POST", "/promotions"): MANAGER,
    ("POST", "/promotions/deactivations"): MANAGER,
    ("POST", "/promotions/{promotion_id}"): MANAGER,
    ("POST", "/promotions/{promotion_id}/deactivation"): MANAGER,
}

PRICES: Mapping[tuple[str, str], Audience] = {
    ("GET", "/prices"): STAFF,
    ("GET", "/prices/changes"): STAFF,
    ("GET", "/prices/changes/{entry_id}/return"): MANAGER,
    ("GET", "/prices/list.csv"): STAFF,
    ("GET", "/prices/preview"): MANAGER,
    ("POST", "/prices"): MANAGER,
    ("POST", "/prices/preview"): MANAGER,
    ("POST", "/prices/sales"): MANAGER,
    ("POST", "/prices/sales/ends"): MANAGER,
    ("POST", "/prices/changes/{entry_id}/return"): MANAGER,
}

SEARCH_TUNING: Mapping[tuple[str, str], Audience] = {
    ("GET", "/search-tuning"): STAFF,
    ("POST", "/search-tuning/pins"): MANAGER,
    ("POST", "/search-tuning/pins/{pin_id}/removal"): MANAGER,
    ("POST", "/search-tuning/synonyms"): MANAGER,
    ("POST", "/search-tuning/synonyms/{synonyms_id}/removal"): MANAGER,
}

REPORTS: Mapping[tuple[str, str], Audience] = {
    ("GET", "/reports"): STAFF,
    ("GET", "/reports/sales.json"): STAFF,
    ("GET", "/reports/{name}.csv"): STAFF,
}

SETTING_UP: Mapping[tuple[str, str], Audience] = {
    ("GET", "/settings"): STAFF,
    ("POST", "/settings"): MANAGER,
    ("POST", "/settings/locations"): MANAGER,
    ("POST", "/settings/locations/{location_id}"): MANAGER,
    ("GET", "/staff"): PEOPLE,
    ("POST", "/staff"): OWNER,
    ("POST", "/staff/{staff_id}/deactivation"): OWNER,
    ("POST", "/staff/{staff_id}/reactivation"): OWNER,
    ("POST", "/staff/{staff_id}/role"): OWNER,
    ("GET", "/api-keys"): PEOPLE,
    ("POST", "/api-keys"): OWNER,
    ("POST", "/api-keys/revocations"): OWNER,
    ("POST", "/api-keys/{key_id}/revocation"): OWNER,
}

BACK_OFFICE: Mapping[tuple[str, str], Audience] = {
    **ORDERS,
    **PRODUCTS,
    **RETURNS,
    **TICKETS,
    **REVIEWS,
    **STOCK,
    **CUSTOMERS,
    **PROMOTIONS,
    **PRICES,
    **SEARCH_TUNING,
    **REPORTS,
    **SETTING_UP,
}
