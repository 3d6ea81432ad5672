"""What a small shop sells, and orders of it as the tools show them."""

from collections.abc import Mapping, Sequence
from typing import Any


def variants(
    prefix: str, price_minor: int, options: Mapping[str, Sequence[str]], sold_out: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Every combination of the options as a variant; those whose name is in `sold_out` have none left."""
    combinations: list[dict[str, str]] = [{}]
    for name, values in options.items():
        combinations = [{**one, name: value} for one in combinations for value in values]
    return [
        {
            "id": f"variant_{prefix}{number}",
            "option_values": values,
            "price_minor": price_minor,
            "available": 0 if " ".join(values.values()) in sold_out else 5,
            "weight_grams": 400,
        }
        for number, values in enumerate(combinations, 1)
    ]


PRODUCTS: list[dict[str, Any]] = [
    {
        "id": "product_1",
        "title": "Rain Ridge Shell Jacket",
        "brand": "Corvado",
        "category": "clothing/jackets/shell",
        "description": "Light and dependable in a downpour. The hood fits over a helmet. Wash it at thirty degrees.",
        "attributes": {"waterproof": True, "hood": True, "vegan": True, "water_column_mm": 20000},
        "variants": variants("a", 14900, {"size": ["S", "M", "L"], "colour": ["blue", "black"]}, ["L blue"]),
        "rating": {"average": 4.5, "count": 12},
    },
    {
        "id": "product_2",
        "title": "Fell Warden Down Jacket",
        "brand": "Norrvik",
        "category": "clothing/jackets/down",
        "description": "Warm on frosty ridges. Tumble dry on low heat.",
        "attributes": {"waterproof": False, "temperature_comfort_celsius": -8, "vegan": False},
        "variants": variants("b", 18900, {"size": ["S", "M", "L"], "colour": ["plum"]}),
        "rating": {"average": None, "count": 0},
    },
    {
        "id": "product_3",
        "title": "Gully Trail Boots",
        "brand": "Corvado",
        "category": "footwear/boots",
        "description": "Sturdy boots for wet paths.",
        "attributes": {"waterproof": True},
        "variants": variants("c", 12900, {"size": ["41", "42", "43"]}, ["43"]),
        "rating": {"average": 4.0, "count": 3},
    },
    {
        "id": "product_4",
        "title": "Tarn Enamel Mug",
        "brand": "Norrvik",
        "category": "cooking/mugs",
        "description": "A mug.",
        "attributes": {"capacity_ml": 350},
        "variants": variants("d", 1200, {}),
        "rating": {"average": None, "count": 0},
    },
]


def order(number: str, lines: Sequence[tuple[str, int]], **state: Any) -> dict[str, Any]:
    """An order of variants; unpaid, unsent, or as `state` says."""
    delivered = state.get("fulfilment_status") == "delivered"
    return {
        "id": f"order_{number[-1]}",
        "number": number,
        "currency": "EUR",
        "status": "open",
        "payment_status": "paid",
        "fulfilment_status": "unfulfilled",
        "total_minor": sum(variant_of(variant)[1]["price_minor"] * quantity for variant, quantity in lines),
        "placed_at": "2026-11-20T10:00:00+00:00",
        "country": "IT",
        "shipments": [],
        "returns": [],
        "refunds": [],
        "lines": [
            {
                "id": f"line_{number[-1]}{place}",
                "variant_id": variant,
                "product_id": variant_of(variant)[0]["id"],
                "title": variant_of(variant)[0]["title"],
                "option_values": variant_of(variant)[1]["option_values"],
                "quantity": quantity,
                "shipped": quantity if delivered else 0,
                "returned": 0,
                "cancelled": 0,
            }
            for place, (variant, quantity) in enumerate(lines, 1)
        ],
        **state,
    }


def variant_of(variant_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return next((p, v) for p in PRODUCTS for v in p["variants"] if v["id"] == variant_id)
