"""A small shop behind the tools' names, and a customer at its counter: for tests of whole conversations."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bottega.agents.assistant.dialogue.engine import AssistantDialogue
from bottega.agents.assistant.language import ENGLISH
from bottega.agents.assistant.language.slots.answers import is_plain_yes
from bottega.ports.chat_model import (
    AssistantMessage,
    ChatReply,
    ChatRequest,
    Message,
    ToolCall,
    ToolResult,
    ToolSpec,
    UserMessage,
)
from bottega.runtime.models.offline.intents import IntentReader
from bottega.runtime.models.offline.model import MEMORY_SLOT, OfflineModel
from bottega.runtime.models.offline.teaching import find_classifier

NEEDS_YES = frozenset(
    {"create_order", "process_payment", "cancel_order", "amend_order", "create_return", "create_exchange"}
)
TODAY = date(2026, 11, 29)


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
        "total_minor": sum(_variant(variant)[1]["price_minor"] * quantity for variant, quantity in lines),
        "placed_at": "2026-11-20T10:00:00+00:00",
        "country": "IT",
        "shipments": [],
        "returns": [],
        "refunds": [],
        "lines": [
            {
                "id": f"line_{number[-1]}{place}",
                "variant_id": variant,
                "product_id": _variant(variant)[0]["id"],
                "title": _variant(variant)[0]["title"],
                "option_values": _variant(variant)[1]["option_values"],
                "quantity": quantity,
                "shipped": quantity if delivered else 0,
                "returned": 0,
                "cancelled": 0,
            }
            for place, (variant, quantity) in enumerate(lines, 1)
        ],
        **state,
    }


def _variant(variant_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return next((p, v) for p in PRODUCTS for v in p["variants"] if v["id"] == variant_id)


@dataclass
class Counter:
    """One conversation: the tools' state, what was called, and the last reply."""

    model: OfflineModel
    is_identified: bool = True
    orders: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    account: dict[str, Any] = field(
        default_factory=lambda: {"name": "Anna Rossi", "email": "anna@example.com", "addresses": [], "instruments": []}
    )
    passages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    without: frozenset[str] = frozenset()
    refusals: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    cart: dict[str, Any] = field(
        default_factory=lambda: {
            "currency": "EUR",
            "lines": [],
            "email": None,
            "shipping_address": None,
            "shipping_method_id": None,
        }
    )
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    reply: ChatReply | None = None
    pending: tuple[str, dict[str, Any]] | None = None
    memory: str = ""
    turn: int = 0

    @property
    def text(self) -> str:
        assert self.reply is not None
        return self.reply.text

    @property
    def structured(self) -> Mapping[str, Any]:
        assert self.reply is not None
        return self.reply.structured or {}

    @property
    def asks_for(self) -> str | None:
        return "confirmation" if self.pending is not None else self.structured.get("asks_for")

    def called(self, tool: str) -> list[dict[str, Any]]:
        """Arguments of every call of that tool, so far."""
        return [arguments for name, arguments in self.calls if name == tool]

    async def say(self, text: str) -> str:
        """One message of the customer, answered as the runtime would: it asks for a yes itself, and makes the call
        after a plain one."""
        messages: list[Message] = [UserMessage(text)]
        self.turn += 1
        asked, self.pending = self.pending, None
        if asked is not None and is_plain_yes(text):
            confirmed = AssistantMessage("", (ToolCall(f"confirmed-{self.turn}", *asked),))
            messages += [confirmed, self._made(confirmed.tool_calls[0])]
        for _ in range(20):
            self.reply = await self.model.complete(self._request(messages, asked))
            self.memory = self.reply.continuation
            if not self.reply.tool_calls:
                return self.reply.text
            messages.append(self.reply.as_message())
            for call in self.reply.tool_calls:
                if call.name in NEEDS_YES and call.name not in self.refusals:
                    self.pending = (call.name, dict(call.arguments))
                    self.reply = ChatReply(f"{call.name}?")
                    return self.reply.text
                messages.append(self._made(call))
        raise AssertionError(f"no reply after {self.calls[-20:]}")

    def _request(self, messages: Sequence[Message], asked: tuple[str, dict[str, Any]] | None) -> ChatRequest:
        context = {
            "session_id": "ses_1",
            "turn": self.turn,
            "is_identified": True,
            "today": TODAY.isoformat(),
            "slots": {MEMORY_SLOT: self.memory},
            "pending_tool": None if asked is None else asked[0],
        }
        names = [name.removeprefix("do_") for name in dir(self) if name.startswith("do_")]
        tools = tuple(ToolSpec(name, name, {}) for name in names if name not in self.without)
        return ChatRequest(tuple(messages), tools, context=context)

    def _made(self, call: ToolCall) -> ToolResult:
        arguments = dict(call.arguments)
        if call.name in self.refusals:
            return ToolResult(call.id, call.name, self.refusals[call.name], failed=True)
        self.calls.append((call.name, arguments))
        answer = getattr(self, f"do_{call.name}")(**arguments)
        return ToolResult(
            call.id, call.name, copy.deepcopy(answer), failed=isinstance(answer, dict) and "error" in answer
        )

    def do_search_products(self, query: str, limit: int = 5, offset: int = 0, **narrowed: Any) -> dict[str, Any]:
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

    def do_get_product(self, product_id: str) -> dict[str, Any]:
        found = next((p for p in PRODUCTS if p["id"] == product_id), None)
        return (
            {**found, "currency": "EUR"}
            if found
            else {"error": "no_such_product", "message": "There is no such product."}
        )

    def do_compare_products(self, product_ids: list[str]) -> dict[str, Any]:
        return {"products": [self.do_get_product(product_id) for product_id in product_ids]}

    def do_check_inventory(self, product_id: str) -> dict[str, Any]:
        return {"variants": self.do_get_product(product_id)["variants"]}

    def do_get_cart(self) -> dict[str, Any]:
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

    def do_add_to_cart(self, variant_id: str, quantity: int) -> dict[str, Any]:
        product, variant = _variant(variant_id)
        if variant["available"] < quantity:
            return {"error": "out_of_stock", "message": f"Only {variant['available']} are left."}
        there = [one for one in self.cart["lines"] if one["variant_id"] == variant_id]
        if there:
            there[0]["quantity"] += quantity
            return self.do_get_cart()
        line = {
            "id": f"line_{len(self.calls)}",
            "variant_id": variant_id,
            "product_id": product["id"],
            "title": product["title"],
            "option_values": variant["option_values"],
            "quantity": quantity,
            "unit_price_minor": variant["price_minor"],
        }
        self.cart["lines"].append(line)
        return self.do_get_cart()

    def do_change_cart_line(self, line_id: str, quantity: int) -> dict[str, Any]:
        for line in self.cart["lines"]:
            if line["id"] == line_id:
                line["quantity"] = quantity
        self.cart["lines"] = [line for line in self.cart["lines"] if line["quantity"]]
        return self.do_get_cart()

    def do_set_cart_contact(
        self, email: str, shipping_address: Any = None, address_id: str = "", country: str = ""
    ) -> dict[str, Any]:
        self.cart |= {"email": email, "shipping_address": shipping_address or {"id": address_id}}
        return self.do_get_cart()

    def do_choose_shipping(self, shipping_method_id: str) -> dict[str, Any]:
        self.cart["shipping_method_id"] = shipping_method_id
        return self.do_get_cart()

    def do_apply_coupon(self, code: str) -> dict[str, Any]:
        if code != "WELCOME10":
            return {
                "error": "no_such_coupon",
                "message": f"There is no code {code}.",
                "next_step": "Check its spelling.",
            }
        self.cart["coupon_code"] = code
        return self.do_get_cart()

    def do_create_order(
        self, pay_with: str = "payment_page", instrument_id: str = "", gift_card_code: str = ""
    ) -> dict[str, Any]:
        paid = "paid" if pay_with in ("stored", "gift_card") else "awaiting"
        made = order(
            "B-10009", [(line["variant_id"], line["quantity"]) for line in self.cart["lines"]], payment_status=paid
        )
        made["payment_page"] = None if paid == "paid" else "https://shop.example/pay"
        self.orders.insert(0, made)
        self.cart["lines"] = []
        return made

    def do_process_payment(self, order_id: str, method: str, instrument_id: str = "") -> dict[str, Any]:
        paid = next(one for one in self.orders if one["id"] == order_id)
        paid["payment_status"] = "paid"
        return paid

    def do_payment_page(self, order_id: str) -> dict[str, Any]:
        return {"id": order_id, "payment_page": "https://shop.example/pay"}

    def do_list_orders(self) -> dict[str, Any]:
        """As the shop lists them: with titles instead of lines."""
        listed = (
            [{name: value for name, value in one.items() if name != "lines"} for one in self.orders]
            if self.is_identified
            else []
        )
        return {
            "orders": [
                {**one, "titles": [line["title"] for line in full["lines"]]}
                for one, full in zip(listed, self.orders, strict=False)
            ]
        }

    def do_get_order(self, number: str) -> dict[str, Any]:
        found = next((one for one in self.orders if one["number"] == number and self.is_identified), None)
        return found or {"error": "no_such_order", "message": "There is no such order."}

    def do_cancel_order(self, order_id: str, reason: str) -> dict[str, Any]:
        found = next(one for one in self.orders if one["id"] == order_id)
        found["status"] = "cancelled"
        found["refunds"] = [
            {"id": "refund_1", "amount_minor": found["total_minor"], "currency": "EUR", "status": "intended"}
        ]
        return found

    def do_amend_order(
        self, order_id: str, lines: Any = None, address: Any = None, instrument_id: str = ""
    ) -> dict[str, Any]:
        found = next(one for one in self.orders if one["id"] == order_id)
        for change in lines or ():
            line = next(one for one in found["lines"] if one["id"] == change["line_id"])
            line |= {"variant_id": change["variant_id"], "quantity": change["quantity"]}
        found |= {"shipping_address": address} if address else {}
        return found

    def do_create_return(self, order_id: str, lines: Any) -> dict[str, Any]:
        return {"id": "return_1", "number": "R-501", "state": "requested"}

    def do_create_exchange(self, order_id: str, lines: Any, instrument_id: str = "") -> dict[str, Any]:
        return {"id": "return_2", "number": "R-502", "state": "requested"}

    def do_find_policy(self, question: str) -> dict[str, Any]:
        return {"passages": self.passages}

    def do_get_account(self) -> dict[str, Any]:
        return self.account if self.is_identified else {"error": "not_signed_in", "message": "Nobody is signed in."}

    def do_request_sign_in_code(self, email: str) -> dict[str, Any]:
        return {"sent": True}

    def do_enter_sign_in_code(self, email: str, code: str) -> dict[str, Any]:
        if code != "482913":
            return {"error": "wrong_code", "message": "The code is not right.", "next_step": "Try again."}
        self.is_identified = True
        return {"identified": True}

    def do_escalate_support(self, subject: str, summary: str, **more: Any) -> dict[str, Any]:
        return {"number": "T-77"}


def new_counter(**circumstances: Any) -> Counter:
    """A counter whose assistant reads by letters alone: no process, no weights."""
    reader = IntentReader(find_classifier(ENGLISH, None, None), None)
    return Counter(OfflineModel(AssistantDialogue(reader)), **circumstances)
