"""Steps of an attack as calls of our tools: names and arguments mapped, placeholders filled in."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.attack_world import Named, World
from tests.attacks.form import FORGED_ANYWHERE, FORGED_ARGUMENTS, Attack, Call, Say, Step

PLACEHOLDER = re.compile(r"\$[A-Z_0-9]+")
_REASON = "no longer needed"
_RETURN_REASON = "wrong size"
_NAMES: Mapping[str, str] = {
    "show_cart": "get_cart",
    "remove_from_cart": "change_cart_line",
    "refund_payment": "refund_order",
}
_RENAMED: Mapping[tuple[str, str], str] = {
    ("find_policy", "query"): "question",
    ("gift_card_balance", "code"): "gift_card_code",
    ("apply_coupon", "coupon_code"): "code",
    ("escalate_support", "text"): "summary",
}
# Arguments that our tools do not have because the shop knows them.
_LEFT_OUT = {
    ("set_cart_contact", "country"),
    ("create_order", "expected_total_minor"),
    ("escalate_support", "priority"),
}
_LEFT_OUT_IN_OFFICE = {("list_orders", "customer_id")}


@dataclass(frozen=True, slots=True)
class Item:
    """One step as the model will do it. `is_foreign` when an attack told it to; `reads` when it shows the text."""

    tool: str = ""
    arguments: Mapping[str, Any] | None = None
    say: str = ""
    is_foreign: bool = False


def items(steps: tuple[Step, ...], attack: Attack, *, is_foreign: bool) -> Iterator[Item]:
    """The steps, each as often as it says; a forged call also without what is forged, so that it gets further."""
    for step in steps:
        if isinstance(step, Say):
            yield Item(say=step.say, is_foreign=is_foreign)
            continue
        for _ in range(step.times):
            yield from _of_call(step, attack, is_foreign)


def _of_call(call: Call, attack: Attack, is_foreign: bool) -> Iterator[Item]:
    forged = (FORGED_ARGUMENTS.get(call.tool, set()) | FORGED_ANYWHERE) & call.arguments.keys()
    for item in _mapped(call.tool, dict(call.arguments), attack):
        yield replace(item, is_foreign=is_foreign)
    if forged:
        honest = {name: value for name, value in call.arguments.items() if name not in forged}
        for item in _mapped(call.tool, honest, attack):
            yield replace(item, is_foreign=is_foreign)


def _mapped(tool: str, given: dict[str, Any], attack: Attack) -> Iterator[Item]:
    """A call of the texts' list of tools as one of ours, or as several."""
    if tool == "identify_customer":
        rest = {name: value for name, value in given.items() if name not in ("email", "code")}
        yield Item("request_sign_in_code", {"email": given.get("email"), **rest})
        if "code" in given:
            yield Item("enter_sign_in_code", {"code": given["code"]})
        return
    dropped = _LEFT_OUT | (_LEFT_OUT_IN_OFFICE if attack.agent == "back_office" else set())
    arguments = {
        _RENAMED.get((tool, name), name): value for name, value in given.items() if (tool, name) not in dropped
    }
    yield Item(_NAMES.get(tool, tool), {**arguments, **_more(tool, arguments)})
    if tool in ("search_products", "compare_products") and attack.channel == "product_text":
        # Lists and comparisons show no descriptions here; a model that wants to know more reads on.
        yield Item("get_product", {"product_id": "$PRODUCT"})
    if tool == "get_product" and attack.channel in ("review", "customer_name", "product_text"):
        # Reviews are a tool of their own here.
        yield Item("read_reviews", {"product_id": given.get("product_id")})


def _more(tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Where our tools want it said in another way."""
    match tool:
        case "remove_from_cart":
            return {"quantity": 0}
        case "cancel_order":
            return {"reason": _REASON}
        case "create_return" | "create_exchange":
            return {"reason": _RETURN_REASON, "lines": [_line(one, tool) for one in arguments.get("lines", ())]}
        case "amend_order" if "lines" in arguments:
            return {"lines": [_line(one, tool) for one in arguments["lines"]]}
        case "process_payment":
            return {"method": "gift_card" if arguments.get("method") == "gift_card" else "stored"}
        case "create_order":
            return {"pay_with": "bank_transfer"}
        case _:
            return {}


def _line(given: Any, tool: str) -> dict[str, Any]:
    line: dict[str, Any] = dict(given) if isinstance(given, dict) else {"line_id": given, "quantity": 1}  # pyright: ignore[reportUnknownArgumentType] - JSON
    if tool == "create_exchange" and "variant_id" in line:
        line["new_variant_id"] = line.pop("variant_id")
    if tool in ("create_return", "create_exchange"):
        line["reason"] = _RETURN_REASON
    return line


def named(world: World, placeholder: str, agent: str) -> Named:
    """What a placeholder stands for in this run."""
    key = placeholder.removeprefix("$")
    return world.get(f"{key} {agent}") or world[key]


def told(text: str, world: World, agent: str) -> str:
    """A text with its placeholders as a person reads them."""
    return PLACEHOLDER.sub(lambda found: named(world, found[0], agent).text, text)


def told_by_handle(text: str, world: World, agent: str, handles: Mapping[str, str]) -> str:
    """A harmless reply in which records that were shown are named by their handles, as every model is told to do."""
    by_id = {identifier: handle for handle, identifier in handles.items()}
    passage = next((handle for handle in handles if handle.startswith("passage_")), None)

    def name(found: re.Match[str]) -> str:
        meant = named(world, found[0], agent)
        if found[0] == "$DOCUMENT" and passage is not None:
            return f"{meant.text} [{passage}]"
        handle = by_id.get(meant.id)
        return meant.text if handle is None else f"[{handle}]"

    return PLACEHOLDER.sub(name, text)


def our_name(tool: str) -> str:
    """What a tool of the texts' list is called here."""
    return _NAMES.get(tool, tool)


# Where a harmless model finds the handle of a record that it has not seen yet.
_SHOWN_BY: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "$OWN_CART_LINE": ("get_cart", {}),
    "$SHIPPING_METHOD": ("get_cart", {}),
    "$OWN_LINE": ("get_order", {"number": "$OWN_ORDER"}),
    "$OWN_INSTRUMENT": ("get_account", {}),
}


def to_look_at(item: Item, world: World, agent: str, handles: Mapping[str, str]) -> tuple[str, dict[str, Any]] | None:
    """What a harmless call needs to have seen first: the tool that shows it, and its arguments."""
    product = to_search_for(item, world, handles)
    if product is not None:
        return "search_products", {"query": product.text, "limit": 2}
    if item.is_foreign:
        return None
    wanted, shown = str(item.arguments or {}), set(handles.values())
    for placeholder, (tool, arguments) in _SHOWN_BY.items():
        if f"'{placeholder}'" in wanted and named(world, placeholder, agent).id not in shown and item.tool != tool:
            return tool, {name: told(value, world, agent) for name, value in arguments.items()}
    return None


def to_search_for(item: Item, world: World, handles: Mapping[str, str]) -> Named | None:
    """A product that a harmless call names and that was not shown yet: it has to be searched for first."""
    if item.is_foreign or item.tool == "search_products":
        return None
    shown = set(handles.values())
    for placeholder in ("$PRODUCT", "$OTHER_PRODUCT"):
        meant = named(world, placeholder, "")
        variant = named(world, placeholder.replace("PRODUCT", "VARIANT"), "")
        wanted = str(item.arguments or {})
        if f"'{placeholder}'" in wanted and meant.id not in shown:
            return meant
        if f"'{placeholder.replace('PRODUCT', 'VARIANT')}'" in wanted and variant.id not in shown:
            return meant
    return None


def filled(value: Any, world: World, agent: str, handles: Mapping[str, str]) -> Any:
    """Arguments with their placeholders: handles of what was shown, else identifiers, and addresses as records."""
    by_id = {identifier: handle for handle, identifier in handles.items()}
    if isinstance(value, dict):
        return {name: filled(member, world, agent, handles) for name, member in value.items()}  # pyright: ignore[reportUnknownVariableType] - JSON
    if isinstance(value, list | tuple):
        return [filled(member, world, agent, handles) for member in value]  # pyright: ignore[reportUnknownVariableType] - JSON
    if not isinstance(value, str):
        return value
    if PLACEHOLDER.fullmatch(value) is None:
        return told(value, world, agent)
    meant = named(world, value, agent)
    if meant.record is not None:
        return dict(meant.record)
    if value in ("$OTHER_GIFT_CARD", "$DOCUMENT"):
        return meant.text
    return by_id.get(meant.id) or meant.id or meant.text
