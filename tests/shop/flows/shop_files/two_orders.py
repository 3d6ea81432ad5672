"""A small file of the form `tau-retail`: two products, two people, and an order in every state."""

from copy import deepcopy
from typing import Any

ADDRESS = {"address1": "1 Elm St", "address2": "", "city": "Austin", "country": "USA", "state": "TX", "zip": "78701"}
PRICES = {"lamp-w": 19.99, "lamp-b": 24.5, "desk-1": 310.0}


def item(item_id: str, name: str, product_id: str, colour: str) -> dict[str, Any]:
    return {
        "name": name,
        "product_id": product_id,
        "item_id": item_id,
        "price": PRICES[item_id],
        "options": {"color": colour},
    }


LAMP = item("lamp-w", "Lamp", "p1", "white")
DESK = item("desk-1", "Desk", "p2", "oak")


def order(number: str, user_id: str, status: str, items: list[dict[str, Any]], method: str) -> dict[str, Any]:
    total = round(sum(each["price"] for each in items), 2)
    paid = {"transaction_type": "payment", "amount": total, "payment_method_id": method}
    back = {"transaction_type": "refund", "amount": total, "payment_method_id": method}
    shipped = status in ("processed", "delivered", "cancelled")
    return {
        "order_id": number,
        "user_id": user_id,
        "address": ADDRESS,
        "items": deepcopy(items),
        "status": status,
        "fulfillments": [{"tracking_id": [f"track{number}"], "item_ids": [each["item_id"] for each in items]}]
        if shipped
        else [],
        "payment_history": [paid, back] if status == "cancelled" else [paid],
    }


def user(user_id: str, first: str, methods: list[dict[str, Any]], orders: list[str]) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "name": {"first_name": first, "last_name": "Reed"},
        "address": ADDRESS,
        "email": f"{first.lower()}@example.com",
        "payment_methods": {method["id"]: method for method in methods},
        "orders": orders,
    }


def small_shop() -> dict[str, Any]:
    """The file's content, for a test to change."""
    variants = {
        "p1": [("lamp-w", "white", True), ("lamp-b", "black", True)],
        "p2": [("desk-1", "oak", False)],
    }
    names = {"p1": "Lamp", "p2": "Desk"}
    card = {"source": "credit_card", "id": "credit_card_1", "brand": "visa", "last_four": "4242"}
    gift_card = {"source": "gift_card", "id": "gift_card_1", "balance": 50.0}
    orders = [
        order("#W1", "ann_1", "pending", [LAMP, LAMP, DESK], "credit_card_1"),
        order("#W2", "ann_1", "delivered", [LAMP], "gift_card_1"),
        order("#W3", "bob_2", "processed", [DESK], "paypal_1"),
        order("#W4", "ann_1", "cancelled", [LAMP], "gift_card_1"),
    ]
    return {
        "products": {
            product_id: {
                "name": names[product_id],
                "product_id": product_id,
                "variants": {
                    item_id: {
                        "item_id": item_id,
                        "options": {"color": colour},
                        "available": available,
                        "price": PRICES[item_id],
                    }
                    for item_id, colour, available in listed
                },
            }
            for product_id, listed in variants.items()
        },
        "users": {
            "ann_1": user("ann_1", "Ann", [card, gift_card], ["#W1", "#W2", "#W4"]),
            "bob_2": user("bob_2", "Bob", [{"source": "paypal", "id": "paypal_1"}], ["#W3"]),
        },
        "orders": {each["order_id"]: each for each in orders},
    }
