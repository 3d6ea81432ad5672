"""The form `tau-retail`: one JSON object with products, users and orders; prices are decimals in USD, without tax."""

import re
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bottega.kernel.address import Address
from bottega.shop.catalogue.model import handle_of
from bottega.shop.catalogue.product_record import ProductRecord
from bottega.shop.flows.product_files.rows import BadRow, GoodRow, RowRefused, bad_row
from bottega.shop.flows.shop_files.records import CustomerRecord, OrderRecord

SOURCE = "tau-retail"
CURRENCY = "USD"
# "available" says plenty or none; so many units are plenty.
PLENTY_UNITS = 1000

STATES = {"pending": "unfulfilled", "processed": "shipped", "delivered": "delivered", "cancelled": "cancelled"}
INSTRUMENT_KINDS = {"credit_card": "card", "paypal": "wallet", "gift_card": "gift_card"}
# ISO 3166-1: the alpha-3 codes such files use, and the alpha-2 codes of addresses here.
COUNTRIES = {
    "USA": "US",
    "CAN": "CA",
    "MEX": "MX",
    "GBR": "GB",
    "IRL": "IE",
    "DEU": "DE",
    "FRA": "FR",
    "ITA": "IT",
    "ESP": "ES",
    "AUS": "AU",
    "NZL": "NZ",
    "JPN": "JP",
}

Row = Mapping[str, Any]
R = TypeVar("R", bound=BaseModel)


def minor(value: Any) -> int:
    """A decimal amount of dollars in cents; fractions of a cent, which float sums leave behind, are rounded."""
    try:
        return int((Decimal(str(value)) * 100).quantize(Decimal(1)))
    except (InvalidOperation, ValueError) as error:
        raise RowRefused("amount", f"{str(value)[:40]!r} is no amount") from error


def products(rows: Row, location: str) -> Iterator[GoodRow | BadRow]:
    """Each product with its variants; units of available variants lie at the location with that handle."""
    for number, row in enumerate(rows.values(), start=1):
        try:
            yield GoodRow(number, _product(row, location), 0)
        except (ValidationError, RowRefused, KeyError, TypeError, AttributeError) as error:
            yield _bad(number, error)


def customers(rows: Row, gateway: str) -> Iterator[tuple[int, CustomerRecord | BadRow]]:
    """Each user; cards and wallets are charged through `gateway`."""
    for number, row in enumerate(rows.values(), start=1):
        try:
            yield number, _customer(row, gateway)
        except (ValidationError, RowRefused, KeyError, TypeError, AttributeError) as error:
            yield number, _bad(number, error)


def orders(rows: Row, names: Mapping[str, str]) -> Iterator[tuple[int, OrderRecord | BadRow]]:
    """Each order; `names` are the users' names by id, because an order's address has none."""
    for number, row in enumerate(rows.values(), start=1):
        try:
            yield number, _order(row, names)
        except (ValidationError, RowRefused, KeyError, TypeError, AttributeError) as error:
            yield number, _bad(number, error)


def user_name(row: Row) -> str:
    """First and last name as one."""
    return f"{row['name']['first_name']} {row['name']['last_name']}"


def address(row: Row, name: str) -> Address:
    """An address of the file in our words."""
    country = str(row["country"])
    return Address(
        name=name,
        line1=row["address1"],
        line2=row["address2"],
        city=row["city"],
        region=row["state"],
        postal_code=row["zip"],
        country=COUNTRIES.get(country, country),
    )


def address_row(kept: Address) -> dict[str, str]:
    """An address of ours in the file's words."""
    names = {code: name for name, code in COUNTRIES.items()}
    return {
        "address1": kept.line1,
        "address2": kept.line2,
        "city": kept.city,
        "country": names.get(kept.country, kept.country),
        "state": kept.region,
        "zip": kept.postal_code,
    }


def _product(row: Row, location: str) -> ProductRecord:
    variants: list[dict[str, Any]] = [
        {
            "sku": variant["item_id"],
            "source_id": variant["item_id"],
            "option_values": variant["options"],
            "prices": {CURRENCY: minor(variant["price"])},
            "stock": {location: PLENTY_UNITS} if variant["available"] else {},
        }
        for variant in row["variants"].values()
    ]
    if not variants:
        raise RowRefused("variants", "a product needs at least one")
    return ProductRecord.model_validate(
        {
            "handle": f"{handle_of(row['name'])[:100].strip('-')}-{row['product_id']}",
            "title": row["name"],
            "source": SOURCE,
            "source_id": row["product_id"],
            "option_names": sorted(variants[0]["option_values"]),
            "variants": variants,
        }
    )


def _customer(row: Row, gateway: str) -> CustomerRecord:
    name = user_name(row)
    instruments: list[dict[str, Any]] = []
    for method in row["payment_methods"].values():
        kind = INSTRUMENT_KINDS.get(method["source"])
        if kind is None:
            raise RowRefused("payment_methods", f"{str(method['source'])[:40]!r} is no known source")
        is_gift_card = kind == "gift_card"
        label = re.sub(r"[^A-Za-z0-9_]", "_", method["id"])
        instruments.append(
            {
                "source_id": method["id"],
                "kind": kind,
                "gateway": "gift_card" if is_gift_card else gateway,
                # The sandbox approves what this token is charged; another gateway's tokens are not in such a file.
                "token": f"sandbox_card_success:{label}" if gateway == "sandbox" and not is_gift_card else "",
                "brand": method.get("brand", ""),
                "last_four": method.get("last_four", ""),
                "balance_minor": minor(method["balance"]) if is_gift_card else None,
                "currency": CURRENCY,
            }
        )
    return CustomerRecord.model_validate(
        {
            "source_id": row["user_id"],
            "name": name,
            "email": row["email"],
            "address": address(row["address"], name),
            "instruments": instruments,
        }
    )


def _order(row: Row, names: Mapping[str, str]) -> OrderRecord:
    if row["status"] not in STATES:
        raise RowRefused("status", f"{str(row['status'])[:60]!r} is none of {', '.join(STATES)}")
    if row["user_id"] not in names:
        raise RowRefused("user_id", "the file has no such user")
    if row["status"] == "pending" and row["fulfillments"]:
        raise RowRefused("fulfillments", "a pending order has none")
    return OrderRecord.model_validate(
        {
            "source_id": row["order_id"],
            "number": row["order_id"],
            "customer_source_id": row["user_id"],
            "currency": CURRENCY,
            "state": STATES[row["status"]],
            "cancel_reason": row.get("cancel_reason") or "",
            "address": address(row["address"], names[row["user_id"]]),
            "lines": [
                {
                    "sku": item["item_id"],
                    "title": item["name"],
                    "option_values": item["options"],
                    "unit_price_minor": minor(item["price"]),
                }
                for item in row["items"]
            ],
            "shipments": _shipments(row),
            "payments": [
                {
                    "kind": entry["transaction_type"],
                    "amount_minor": minor(entry["amount"]),
                    "instrument_source_id": entry["payment_method_id"],
                }
                for entry in row["payment_history"]
            ],
        }
    )


def _shipments(row: Row) -> list[dict[str, Any]]:
    """Each fulfilment with the places of its items; an item that was ordered twice is taken once each."""
    left = [item["item_id"] for item in row["items"]]
    shipments: list[dict[str, Any]] = []
    for fulfilment in row["fulfillments"]:
        places: list[int] = []
        for item_id in fulfilment["item_ids"]:
            if item_id not in left:
                raise RowRefused("fulfillments", f"{item_id} is shipped and was not ordered")
            places.append(left.index(item_id))
            left[places[-1]] = None
        if len(fulfilment["tracking_id"]) != 1:
            raise RowRefused("fulfillments", "a shipment has one tracking_id")
        shipments.append({"tracking_number": fulfilment["tracking_id"][0], "lines": places})
    if row["status"] in ("processed", "delivered") and any(item is not None for item in left):
        raise RowRefused("fulfillments", "an item of a shipped order is in no shipment")
    return shipments


def _bad(number: int, error: Exception) -> BadRow:
    if isinstance(error, (ValidationError, RowRefused)):
        return bad_row(number, error)
    if isinstance(error, KeyError):
        return BadRow(number, str(error.args[0])[:60], "this field is missing")
    return BadRow(number, "", f"the row has another form than expected ({type(error).__name__})")


def contradiction(
    number: int, order: OrderRecord, items: Collection[str], methods: Mapping[str, Collection[str]]
) -> BadRow | None:
    """What an order names that the file's good rows do not have; `methods` are the instruments of each user."""
    for line in order.lines:
        if line.sku not in items:
            return BadRow(number, "items", f"there is no variant {line.sku}")
    if order.customer_source_id not in methods:
        return BadRow(number, "user_id", "this user cannot go in")
    for payment in order.payments:
        if payment.instrument_source_id not in methods[order.customer_source_id]:
            return BadRow(number, "payment_history", "it was paid with an instrument that is not the user's")
    return None
