"""Editing what was held: its arguments as a form, and the new action that the form makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from pydantic import ValidationError

from bottega.actions.action import Action
from bottega.actions.registry import registered_handlers
from bottega.kernel.errors import Conflict, Invalid
from bottega.kernel.money import format_amount, parse_amount
from bottega.web.console.approvals.shown import is_personal, personal_value
from bottega.web.forms import Form

Kind = Literal["text", "number", "money", "yes_no", "record"]
PREFIX = "argument."


@dataclass(frozen=True, slots=True)
class EditField:
    """One argument in the form."""

    name: str
    kind: Kind
    text: str
    currency: str = ""


def action_type_of(approval: Mapping[str, Any]) -> type[Action]:
    """The type of the held action; `Conflict` when this program no longer has it."""
    handler = registered_handlers().get(approval["action"])
    if handler is None:
        raise Conflict("action_gone", f"{approval['action']} is no action any more.", next_step="Deny it.")
    return handler.action


def fields_of(approval: Mapping[str, Any], form: Form | None = None) -> list[EditField]:
    """The arguments to edit, as held or as they were just sent."""
    found: list[EditField] = []
    currency = _currency_of(approval)
    for name, value in given_values(approval).items():
        kind = _kind_of(name, value, currency)
        sent = None if form is None else form.fields.get(PREFIX + name)
        if kind == "yes_no" and form is not None:
            text = "yes" if sent else ""
        else:
            text = sent[0] if sent else _text_of(value, kind, currency)
        found.append(EditField(name, kind, text, currency if kind == "money" else ""))
    return found


def given_values(approval: Mapping[str, Any]) -> dict[str, Any]:
    """The held arguments as they were given, personal ones by their value."""
    arguments: dict[str, Any] = approval["arguments"]
    return {name: personal_value(value) if is_personal(value) else value for name, value in arguments.items()}


def edited_action(approval: Mapping[str, Any], form: Form) -> Action | None:
    """The action that the form describes, or None with its problems noted in the form."""
    values: dict[str, Any] = {}
    currency = _currency_of(approval)
    for name, value in given_values(approval).items():
        kind, text = _kind_of(name, value, currency), form.text(PREFIX + name)
        try:
            values[name] = _value_of(kind, text, currency, was_none=value is None)
        except (ValueError, Invalid):
            form.problems[PREFIX + name] = _WRONG[kind]
    if form.problems:
        return None
    try:
        return action_type_of(approval).model_validate(values)
    except ValidationError as error:
        for item in error.errors():
            form.problems.setdefault(f"{PREFIX}{item['loc'][0]}" if item["loc"] else PREFIX, item["msg"])
        return None


_WRONG: Mapping[Kind, str] = {
    "text": "Please check this.",
    "number": "This is no number.",
    "money": "This is no amount, such as 41.25.",
    "yes_no": "Please check this.",
    "record": "This is no JSON.",
}


def _currency_of(approval: Mapping[str, Any]) -> str:
    """The currency of the amounts among the arguments, empty when nothing tells it."""
    named = approval["arguments"].get("currency")
    return named if isinstance(named, str) else approval["currency"] or ""


def _kind_of(name: str, value: Any, currency: str) -> Kind:
    if name.endswith("_minor") and currency and not isinstance(value, dict | list):
        return "money"
    if isinstance(value, bool):
        return "yes_no"
    if isinstance(value, int | float):
        return "number"
    return "record" if isinstance(value, dict | list) else "text"


def _text_of(value: Any, kind: Kind, currency: str) -> str:
    if value is None or value is False:
        return ""
    if kind == "money":
        return format_amount(value, currency)
    if kind == "record":
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return "yes" if value is True else str(value)


def _value_of(kind: Kind, text: str, currency: str, *, was_none: bool) -> Any:
    match kind:
        case "money":
            return None if was_none and not text else parse_amount(text, currency)
        case "yes_no":
            return text == "yes"
        case "number":
            return float(text) if "." in text else int(text)
        case "record":
            return orjson.loads(text)
        case "text":
            return None if was_none and not text else text
