"""The tools of the small shop, by their names and in the form of the real ones' answers."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.agents.assistant.dialogue.small_shop import PRODUCTS, order, variant_of


class Catalogue:
    """Search, detail, comparison, stock."""

    def search_products(self, query: str, limit: int = 5, offset: int = 0, **narrowed: Any) -> dict[str, Any]:
        words = [word.strip(".,?!").lower().rstrip("s") for word in query.split()]
        scored = [
            (sum(word in f"{p['title']} {p['category']}".lower() for word in words if len(word) > 2), p)
            for p in PRODUCTS
        ]
        found = [self._card(p) for score, p in sorted(scored, key=lambda pair: -pair[0]) if score]
        most, least = narrowed.get("maximum_minor"), narrowed.get("minimum_minor")
        found = [
            card
            for card in found
            if (most is None or card["price_minor"] <= most) and (least is None or card["price_minor"] >= least)
        ]
        if narrowed.get("sort") == "price":
            found.sort(key=lambda card: card["price_minor"])
        return {"products": found[offset : offset + limit]}

    def _card(self, product: Mapping[str, Any]) -> dict[str, Any]:
        names = ("id", "title", "brand", "category")
        return {
            **{name: product[name] for name in names},
            "price_minor": product["variants"][0]["price_minor"],
            "currency": "EUR",
            "in_stock": True,
        }

    def get_product(self, product_id: str) -> dict[str, Any]:
        found = next((p for p in PRODUCTS if p["id"] == product_id), None)
        return (
            {**found, "currency": "EUR"}
            if found
            else {"error": "no_such_product", "message": "There is no such product."}
        )

    def compare_products(self, product_ids: list[str]) -> dict[str, Any]:
        return {"products": [self.get_product(product_id) for product_id in product_ids]}

    def check_inventory(self, product_id: str) -> dict[str, Any]:
        return {"variants": self.get_product(product_id)["variants"]}


@dataclass
class CartTools:
    """One cart."""

    cart: dict[str, Any] = field(
        default_factory=lambda: {
            "currency": "EUR",
            "lines": [],
            "email": None,
            "shipping_address": None,
            "shipping_method_id": None,
        }
    )

    def get_cart(self) -> dict[str, Any]:
        total = sum(line["unit_price_minor"] * line["quantity"] for line in self.cart["lines"])
        methods = [
            {
                "shipping_method_id": "ship_1",
                "name": "Standard delivery",
                "amount_minor": 590,
                "kind": "delivery",
                "minimum_days": 2,
                "maximum_days": 3,
            },
            {
                "shipping_method_id": "ship_2",
                "name": "Express delivery",
                "amount_minor": 990,
                "kind": "delivery",
                "minimum_days": 1,
                "maximum_days": 1,
            },
        ]
        return {**copy.deepcopy(self.cart), "total_minor": total, "shipping_methods": methods}

    def add_to_cart(self, variant_id: str, quantity: int) -> dict[str, Any]:
        product, variant = variant_of(variant_id)
        if variant["available"] < quantity:
            return {"error": "out_of_stock", "message": f"Only {variant['available']} are left."}
        there = [one for one in self.cart["lines"] if one["variant_id"] == variant_id]
        if there:
            there[0]["quantity"] += quantity
            return self.get_cart()
        line = {
            "id": f"line_{len(self.cart['lines']) + 1}",
            "variant_id": variant_id,
            "product_id": product["id"],
            "title": product["title"],
            "option_values": variant["option_values"],
            "quantity": quantity,
            "unit_price_minor": variant["price_minor"],
        }
        self.cart["lines"].append(line)
        return self.get_cart()

    def change_cart_line(self, line_id: str, quantity: int) -> dict[str, Any]:
        for line in self.cart["lines"]:
            if line["id"] == line_id:
                line["quantity"] = quantity
        self.cart["lines"] = [line for line in self.cart["lines"] if line["quantity"]]
        return self.get_cart()

    def set_cart_contact(
        self, email: str, shipping_address: Any = None, address_id: str = "", country: str = ""
    ) -> dict[str, Any]:
        self.cart |= {"email": email, "shipping_address": shipping_address or {"id": address_id}}
        return self.get_cart()

    def choose_shipping(self, shipping_method_id: str) -> dict[str, Any]:
        self.cart["shipping_method_id"] = shipping_method_id
        return self.get_cart()

    def apply_coupon(self, code: str) -> dict[str, Any]:
        if code != "WELCOME10":
            return {
                "error": "no_such_coupon",
                "message": f"There is no code {code}.",
                "next_step": "Check its spelling.",
            }
        self.cart["coupon_code"] = code
        return self.get_cart()


@dataclass
class OrderTools:
    """Orders of one customer; nobody's before they have proved who they are."""

    carts: CartTools
    account: "AccountTools"
    orders: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def create_order(
        self, pay_with: str = "payment_page", instrument_id: str = "", gift_card_code: str = ""
    ) -> dict[str, Any]:
        paid = "paid" if pay_with in ("stored", "gift_card") else "awaiting"
        made = order(
            "B-10009",
            [(line["variant_id"], line["quantity"]) for line in self.carts.cart["lines"]],
            payment_status=paid,
        )
        made["payment_page"] = None if paid == "paid" else "https://shop.example/pay"
        self.orders.insert(0, made)
        self.carts.cart["lines"] = []
        return made

    def process_payment(self, order_id: str, method: str, instrument_id: str = "") -> dict[str, Any]:
        paid = next(one for one in self.orders if one["id"] == order_id)
        paid["payment_status"] = "paid"
        return paid

    def payment_page(self, order_id: str) -> dict[str, Any]:
        return {"id": order_id, "payment_page": "https://shop.example/pay"}

    def list_orders(self) -> dict[str, Any]:
        """As the shop lists them: with titles instead of lines."""
        listed = (
            [{name: value for name, value in one.items() if name != "lines"} for one in self.orders]
            if self.account.is_identified
            else []
        )
        return {
            "orders": [
                {**one, "titles": [line["title"] for line in full["lines"]]}
                for one, full in zip(listed, self.orders, strict=False)
            ]
        }

    def get_order(self, number: str) -> dict[str, Any]:
        found = next((one for one in self.orders if one["number"] == number and self.account.is_identified), None)
        return found or {"error": "no_such_order", "message": "There is no such order."}

    def cancel_order(self, order_id: str, reason: str) -> dict[str, Any]:
        found = next(one for one in self.orders if one["id"] == order_id)
        found["status"] = "cancelled"
        found["refunds"] = [
            {"id": "refund_1", "amount_minor": found["total_minor"], "currency": "EUR", "status": "intended"}
        ]
        return found

    def amend_order(
        self, order_id: str, lines: Any = None, address: Any = None, instrument_id: str = ""
    ) -> dict[str, Any]:
        found = next(one for one in self.orders if one["id"] == order_id)
        for change in lines or ():
            line = next(one for one in found["lines"] if one["id"] == change["line_id"])
            line |= {"variant_id": change["variant_id"], "quantity": change["quantity"]}
        found |= {"shipping_address": address} if address else {}
        return found

    def create_return(self, order_id: str, lines: Any) -> dict[str, Any]:
        return {"id": "return_1", "number": "R-501", "state": "requested"}

    def create_exchange(self, order_id: str, lines: Any, instrument_id: str = "") -> dict[str, Any]:
        return {"id": "return_2", "number": "R-502", "state": "requested"}


@dataclass
class AccountTools:
    """The customer, documents and the way to a person."""

    is_identified: bool = True
    account: dict[str, Any] = field(
        default_factory=lambda: {"name": "Anna Rossi", "email": "anna@example.com", "addresses": [], "instruments": []}
    )
    passages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def find_policy(self, question: str) -> dict[str, Any]:
        return {"passages": self.passages}

    def get_account(self) -> dict[str, Any]:
        return self.account if self.is_identified else {"error": "not_signed_in", "message": "Nobody is signed in."}

    def request_sign_in_code(self, email: str) -> dict[str, Any]:
        return {"sent": True}

    def enter_sign_in_code(self, email: str, code: str) -> dict[str, Any]:
        if code != "482913":
            return {"error": "wrong_code", "message": "The code is not right.", "next_step": "Try again."}
        self.is_identified = True
        return {"identified": True}

    def escalate_support(self, subject: str, summary: str, **more: Any) -> dict[str, Any]:
        return {"number": "T-77"}
