"""Our orders and customers in the words of a `tau-retail` file, so that the two can be compared."""

from collections.abc import Mapping
from typing import Any

import orjson

from bottega.kernel.address import Address
from bottega.platform.database.pool import Connection
from bottega.shop.customers.actions import source_digest
from bottega.shop.flows.shop_files.tau_retail import COUNTRIES, INSTRUMENT_KINDS, SOURCE, address_row, minor, user_name

STANDING = ("requested", "approved", "received", "completed")

_USERS = """
SELECT c.id, c.source_id, vault.reveal(c.email_ref) AS email, vault.reveal(c.name_ref) AS name,
       (SELECT vault.reveal(a.address_ref) FROM shop.addresses a
        WHERE a.customer_id = c.id AND a.is_default) AS address,
       (SELECT jsonb_agg(jsonb_build_object('id', i.source_id, 'kind', i.kind, 'brand', i.brand,
                'last_four', i.last_four, 'balance', g.balance_minor))
        FROM shop.instruments i LEFT JOIN shop.gift_cards g ON g.id = i.gift_card_id
        WHERE i.customer_id = c.id AND i.active) AS instruments,
       (SELECT jsonb_agg(o.source_id ORDER BY o.placed_at, o.id) FROM shop.orders o
        WHERE o.customer_id = c.id AND o.source <> '') AS orders
FROM shop.customers c ORDER BY c.id"""

_ORDERS = """
SELECT o.id, o.source_id, o.customer_id, o.status, o.fulfilment_status, o.cancel_reason,
       o.amendments AS amendments_count, c.source_id AS customer_source_id,
       vault.reveal(o.shipping_address_ref) AS address,
       (SELECT jsonb_agg(jsonb_build_object('id', l.id, 'sku', l.sku, 'title', l.title, 'product_id', p.source_id,
                'price', l.unit_price_minor, 'options', l.option_values, 'quantity', l.quantity)
                ORDER BY l.position, l.id)
        FROM shop.order_lines l JOIN shop.products p ON p.id = l.product_id WHERE l.order_id = o.id) AS lines,
       (SELECT jsonb_agg(jsonb_build_object('tracking', s.tracking_number, 'lines',
                (SELECT jsonb_agg(sl.line_id) FROM shop.shipment_lines sl WHERE sl.shipment_id = s.id))
                ORDER BY s.shipped_at, s.id)
        FROM shop.shipments s WHERE s.order_id = o.id) AS shipments,
       (SELECT jsonb_agg(jsonb_build_object('id', x.id, 'amount', x.captured_minor, 'status', x.status,
                'instrument', i.source_id, 'at', x.created_at))
        FROM shop.payments x LEFT JOIN shop.instruments i ON i.id = x.instrument_id
             OR (i.gift_card_id = x.gift_card_id AND i.customer_id = x.customer_id)
        WHERE x.order_id = o.id) AS payments,
       (SELECT jsonb_agg(jsonb_build_object('id', x.id, 'payment_id', x.payment_id, 'amount', x.amount_minor,
                'status', x.status, 'onto', i.source_id, 'at', x.created_at))
        FROM shop.refunds x LEFT JOIN shop.instruments i ON i.id = x.instrument_id OR i.gift_card_id = x.gift_card_id
        WHERE x.order_id = o.id) AS refunds,
       (SELECT jsonb_agg(jsonb_build_object('kind', a.kind, 'difference', a.difference_minor,
                'instrument', i.source_id, 'at', a.amended_at))
        FROM shop.order_amendments a LEFT JOIN shop.instruments i ON i.id = a.instrument_id
        WHERE a.order_id = o.id) AS amendments,
       (SELECT jsonb_agg(jsonb_build_object('kind', r.kind, 'difference', r.price_difference_minor,
                'instrument', i.source_id, 'lines',
                (SELECT jsonb_agg(jsonb_build_object('old', l.sku, 'new', v.sku, 'quantity', rl.quantity))
                 FROM shop.return_lines rl JOIN shop.order_lines l ON l.id = rl.line_id
                 LEFT JOIN shop.variants v ON v.id = rl.new_variant_id WHERE rl.return_id = r.id)))
        FROM shop.returns r LEFT JOIN shop.instruments i ON i.id = r.instrument_id
        WHERE r.order_id = o.id AND r.state = ANY ($1::text[])) AS returns
FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id ORDER BY o.id"""

Form = dict[str, dict[str, Any]]


async def shop_form(connection: Connection, lookup_key: bytes, user_ids: list[str]) -> Form:
    """Every order and every customer of ours, amounts in cents.

    Rows that the file cannot know (an order or customer that is not of it) stand under our own identifiers.
    """
    by_digest: dict[str | None, str] = {source_digest(lookup_key, SOURCE, user_id): user_id for user_id in user_ids}
    users: dict[str, Any] = {}
    for row in await connection.fetch(_USERS):
        user_id = by_digest.get(row["source_id"]) or str(row["id"])
        users[user_id] = _user(user_id, dict(row))
    orders: dict[str, Any] = {}
    for row in await connection.fetch(_ORDERS, list(STANDING)):
        user_id = by_digest.get(row["customer_source_id"]) or str(row["customer_id"])
        orders[row["source_id"] or row["id"]] = _order(user_id, dict(row))
    return {"orders": orders, "users": users}


def file_form(content: Mapping[str, Any], changed: Mapping[str, Mapping[str, Any]]) -> Form:
    """The file's own orders and users under the same convention, overlaid by what must have changed."""
    orders = {**content["orders"], **changed.get("orders", {})}
    users = {**content["users"], **changed.get("users", {})}
    return {
        "orders": {order_id: _cents(order) for order_id, order in orders.items()},
        "users": {user_id: _named(_cents(user)) for user_id, user in users.items()},
    }


def _user(user_id: str, row: dict[str, Any]) -> dict[str, Any]:
    sources = {kind: source for source, kind in INSTRUMENT_KINDS.items()}
    methods: dict[str, Any] = {}
    for instrument in row["instruments"] or []:
        method: dict[str, Any] = {"source": sources[instrument["kind"]], "id": instrument["id"]}
        method |= {name: instrument[name] for name in ("brand", "last_four") if instrument[name]}
        if instrument["balance"] is not None:
            method["balance"] = instrument["balance"]
        methods[instrument["id"]] = method
    return {
        "user_id": user_id,
        "name": row["name"],
        "address": _address(row["address"]),
        "email": row["email"],
        "payment_methods": methods,
        "orders": row["orders"] or [],
    }


def _order(user_id: str, row: dict[str, Any]) -> dict[str, Any]:
    lines: list[dict[str, Any]] = row["lines"] or []
    skus = {line["id"]: line["sku"] for line in lines}
    places = {line["id"]: place for place, line in enumerate(lines)}
    form: dict[str, Any] = {
        "order_id": row["source_id"] or row["id"],
        "user_id": user_id,
        "address": _address(row["address"]),
        "items": [
            {
                "name": line["title"],
                "product_id": line["product_id"],
                "item_id": line["sku"],
                "price": line["price"],
                "options": line["options"],
            }
            for line in lines
            for _ in range(line["quantity"])
        ],
        "status": _status(row),
        "fulfillments": [
            {
                "tracking_id": [shipment["tracking"]],
                "item_ids": [skus[line] for line in sorted(shipment["lines"] or [], key=places.__getitem__)],
            }
            for shipment in row["shipments"] or []
        ],
        "payment_history": _history(row),
    }
    if row["cancel_reason"]:
        form["cancel_reason"] = row["cancel_reason"]
    for back in row["returns"] or []:
        form |= _returned(back)
    return form


def _status(row: dict[str, Any]) -> str:
    if row["status"] == "cancelled":
        return "cancelled"
    if row["returns"]:
        return f"{row['returns'][-1]['kind']} requested"
    match row["fulfilment_status"]:
        case "delivered":
            return "delivered"
        case "unfulfilled":
            return "pending (item modified)" if row["amendments_count"] else "pending"
        case _:
            return "processed"


def _returned(back: dict[str, Any]) -> dict[str, Any]:
    old = sorted(line["old"] for line in back["lines"] for _ in range(line["quantity"]))
    if back["kind"] == "return":
        return {"return_items": old, "return_payment_method_id": back["instrument"]}
    return {
        "exchange_items": old,
        "exchange_new_items": sorted(line["new"] for line in back["lines"] for _ in range(line["quantity"])),
        "exchange_payment_method_id": back["instrument"],
        "exchange_price_difference": back["difference"],
    }


def _history(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Payments and refunds in their order; of one instant, what came in stands before what went back."""
    amendments: list[dict[str, Any]] = row["amendments"] or []
    paid_with = {payment["id"]: payment["instrument"] for payment in row["payments"] or []}
    entries: list[tuple[str, int, dict[str, Any]]] = [
        (payment["at"], 0, _entry("payment", payment["amount"], payment["instrument"]))
        for payment in row["payments"] or []
        if payment["status"] == "captured"
    ]
    entries += [
        (refund["at"], 1, _entry("refund", refund["amount"], refund["onto"] or paid_with[refund["payment_id"]]))
        for refund in row["refunds"] or []
        if refund["status"] != "failed"
    ]
    # A change of items that costs nothing stands in the file as a refund of nothing.
    entries += [
        (amendment["at"], 1, _entry("refund", 0, amendment["instrument"]))
        for amendment in amendments
        if amendment["kind"] == "items" and amendment["difference"] == 0
    ]
    return [entry for _, _, entry in sorted(entries, key=lambda timed: timed[:2])]


def _entry(kind: str, amount_minor: int, method: str) -> dict[str, Any]:
    return {"transaction_type": kind, "amount": amount_minor, "payment_method_id": method}


def _address(text: str | None) -> dict[str, str] | None:
    return None if text is None else address_row(Address.model_validate(orjson.loads(text)))


def _cents(value: Any, name: str = "") -> Any:
    """Amounts in cents, and without the fields that say nothing."""
    if isinstance(value, dict):
        return {key: _cents(inner, key) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_cents(inner, name) for inner in value]
    if name in ("price", "amount", "balance", "exchange_price_difference"):
        return minor(value)
    if name == "country":
        return {code: country for country, code in COUNTRIES.items()}.get(value, value)
    return value


def _named(user: dict[str, Any]) -> dict[str, Any]:
    return {**user, "name": user_name(user)}


def first_difference(ours: Form, theirs: Form) -> str | None:
    """Where the two differ first, in words; None when they are equal."""
    for kind in ("orders", "users"):
        for key in sorted(ours[kind].keys() | theirs[kind].keys()):
            found = _difference(f"{kind}.{key}", ours[kind].get(key), theirs[kind].get(key))
            if found is not None:
                return found
    return None


def _difference(path: str, ours: Any, theirs: Any) -> str | None:
    if ours == theirs:
        return None
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*map(str, ours), *map(str, theirs)}):
            found = _difference(f"{path}.{key}", ours.get(key), theirs.get(key))
            if found is not None:
                return found
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for place, (our, their) in enumerate(zip(ours, theirs, strict=True)):
            found = _difference(f"{path}[{place}]", our, their)
            if found is not None:
                return found
    return f"{path}: {orjson.dumps(ours).decode()[:200]} instead of {orjson.dumps(theirs).decode()[:200]}"
