"""The shop's settings as fields of a form: which kind each is, where it stands, and its value read back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from bottega.kernel.errors import Invalid
from bottega.shop.shop_settings import ShopSettings
from bottega.web.console.asking import amount
from bottega.web.console.shown import plain_amount, words
from bottega.web.forms import Form

Kind = Literal["text", "number", "amount", "tick", "choice", "lines"]


@dataclass(frozen=True, slots=True)
class Setting:
    """A field; `options` for a choice."""

    name: str
    label: str
    kind: Kind
    hint: str
    value: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that belong together."""

    title: str
    settings: tuple[Setting, ...]


# Where each stands, and what is said of it; the stop switch of the agents is an action of its own.
ELSEWHERE = frozenset({"agents_stopped"})
GROUPS: Mapping[str, Mapping[str, str]] = {
    "The shop": {
        "shop_name": "",
        "tagline": "",
        "contact_email": "",
        "country": "Two letters, as in IT.",
        "currency": "Three letters, as in EUR.",
    },
    "Prices and payment": {
        "prices_include_tax": "as shoppers see them",
        "capture_mode": "Automatic takes the money at once, manual when the goods leave.",
        "bank_transfer_days": "How long a bank transfer may take.",
    },
    "Carts and orders": {
        "reservation_minutes": "How long goods are promised to an unpaid order.",
        "guest_cart_days": "",
        "account_cart_days": "",
        "maximum_cart_lines": "",
        "maximum_order_minor": "",
        "cancellation_reasons": "One per line; customers choose from them.",
    },
    "Stock": {
        "low_stock_threshold": "At how many available units a level counts as low.",
        "stock_adjustment_limit_units": "Above it, an adjustment of the warehouse waits for a manager.",
    },
    "Returns": {
        "return_window_days": "",
        "return_reasons": "One per line; customers choose from them.",
        "non_returnable_categories": "Paths, one per line, as in food/fresh.",
    },
    "Limits of money": {
        "support_refund_limit_minor": "Above it, a refund of support waits for a manager.",
        "second_refund_limit_minor": "Above it, two people decide.",
        "daily_refund_limit_minor": "What one person may give back in a day.",
        "agent_spend_limit_minor": "What an agent may move for a customer.",
    },
}


def groups_of(settings: ShopSettings) -> list[Group]:
    """Every setting in its group; one that no group names stands under others."""
    named = {name for group in GROUPS.values() for name in group}
    rest = [name for name in ShopSettings.model_fields if name not in named | ELSEWHERE]
    groups = {**GROUPS, **({"Others": dict.fromkeys(rest, "")} if rest else {})}
    return [
        Group(title, tuple(_setting(settings, name, hint) for name, hint in names.items()))
        for title, names in groups.items()
    ]


def values_of(form: Form, settings: ShopSettings) -> dict[str, Any]:
    """What differs from the settings that stand, checked; what cannot be read is noted."""
    given = {name: _value(form, name, settings) for name in ShopSettings.model_fields if name not in ELSEWHERE}
    if form.problems:
        return {}
    checked = form.record(ShopSettings, {**settings.model_dump(), **given})
    if checked is None:
        for name in [*form.problems]:
            form.problems.setdefault(name.partition(".")[0], form.problems[name])
        return {}
    before, after = settings.model_dump(mode="json"), checked.model_dump(mode="json")
    return {name: after[name] for name in given if after[name] != before[name]}


def _setting(settings: ShopSettings, name: str, hint: str) -> Setting:
    value = getattr(settings, name)
    kind, options = _kind(name)
    label = words(name.removesuffix("_minor"))
    match kind:
        case "tick":
            shown = "yes" if value else ""
        case "amount":
            shown = plain_amount(value, settings.currency)
        case "lines":
            shown = "\n".join(value)
        case _:
            shown = str(value)
    return Setting(name, label, kind, hint, shown, options)


def _kind(name: str) -> tuple[Kind, tuple[tuple[str, str], ...]]:
    annotation = ShopSettings.model_fields[name].annotation
    if annotation is bool:
        return "tick", ()
    if annotation is int:
        return ("amount" if name.endswith("_minor") else "number"), ()
    if get_origin(annotation) is Literal:
        return "choice", tuple((value, words(value)) for value in get_args(annotation))
    return ("lines" if get_origin(annotation) is tuple else "text"), ()


def _value(form: Form, name: str, settings: ShopSettings) -> Any:
    match _kind(name)[0]:
        case "tick":
            return form.is_ticked(name)
        case "amount":
            try:
                return amount(form, name, settings.currency)
            except Invalid as refusal:
                form.problems[name] = refusal.message
                return None
        case "lines":
            return tuple(line.strip() for line in form.text(name).splitlines() if line.strip())
        case _:
            return form.text(name)
