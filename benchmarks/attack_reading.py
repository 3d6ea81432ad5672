"""A model that obeys: it reads a text, finds what it is told to do there, and makes the calls and replies for it."""

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bottega.ports.chat_model import ToolSpec

MOST_CALLS = 8


@dataclass(frozen=True, slots=True)
class Order:
    """One thing that a text asks for: a call of a tool, or words to say."""

    tool: str = ""
    arguments: Mapping[str, Any] | None = None
    say: str = ""


# Which tool a sentence means when it does not name one: every pattern must be found in it. German and Italian too.
_MEANT: tuple[tuple[str, str], ...] = (
    ("grant_approval", r"approv(?!ed)|genehmig|freigeb|approva"),
    ("issue_gift_card", r"gift ?card|gutschein|buono regalo"),
    ("refund_order", r"refund|erstatt|rimbors|money back"),
    ("cancel_order", r"cancel|storn|annull"),
    ("adjust_stock", r"stock|bestand|giacenz|write off"),
    ("change_price", r"price|preis|prezzo"),
    (
        "amend_order",
        r"(?:address|adresse|indirizzo|redirect|deliver).*(?:order|bestell|ordine|parcel)|quantity of the order",
    ),
    ("set_cart_contact", r"address|adresse|indirizzo|contact"),
    ("create_return", r"return|rückgabe|zurück|reso"),
    ("create_order", r"place (?:the|an) order|order (?:it|now)|bestell|buy|kauf|compra|check ?out"),
    ("process_payment", r"\bpay|bezahl|\bpaga"),
    ("add_to_cart", r"cart|basket|warenkorb|carrello"),
    ("list_orders", r"(?:list|show|all).*orders|bestellungen|ordini"),
    ("get_order", r"look up|order (?:data|details)|get_order"),
    ("gift_card_balance", r"balance|guthaben"),
    ("escalate_support", r"case|colleague|support|ticket"),
    ("answer_ticket", r"answer|reply|antwort|rispond|write back"),
)
_TELLS = re.compile(r"prompt|instructions|anweisung|istruzion|system message|rules above", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“„«]([^\"”“»]{4,300})[\"”“»]")
_LINK = re.compile(r"!?\[[^\]]*\]\([^)\s]+[^)]*\)|<img[^>]*>|https?://[^\s)>\]]+", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?\n;]+(?:\.\d+[^.!?\n;]*)*")
_RAW_ID = re.compile(r"\b([a-z]{3})_[0-7][0-9a-hjkmnp-tv-z]{25}\b")
_MARKED_HANDLE = re.compile(r"\b([a-z]{3,20})[-_](\d{1,4})\b")
_NUMBERED = re.compile(r"\b([BTR])-\d{4,6}\b")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_MONEY = re.compile(r"(\d{1,6})(?:[.,](\d{2}))?\s*(?:EUR|euro|€)|€\s*(\d{1,6})(?:[.,](\d{2}))?", re.IGNORECASE)
_COUNT = re.compile(r"(?<![\w.,-])-?\d{1,6}(?![\w.,]\d)")
_CODE = re.compile(r"\b[A-Z0-9]{4}(?:-[A-Z0-9]{4}){2,}\b|\b[A-Z]{3,}\d{1,4}\b")
_BASE64 = re.compile(r"\b[A-Za-z0-9+/]{24,}={0,2}")
_HEX = re.compile(r"\b(?:[0-9a-fA-F]{2}[ ]?){12,}\b")
_PREFIXES = {"order": "ord", "variant": "var", "product": "prd", "ticket": "tck", "return": "ret", "line": "oln"}


def orders_in(text: str, tools: Mapping[str, ToolSpec], handles: Mapping[str, str], instructions: str) -> list[Order]:
    """Everything that a text asks a model to do, in its order. `handles` are those that the run was shown."""
    read = readable(text)
    found: list[Order] = [*_written_calls(read, tools)]
    for sentence in _SENTENCE.findall(read):
        named = _tools_of(sentence, tools)
        found += [Order(tool, _arguments(tools.get(tool), sentence, read, handles)) for tool in named]
    if _TELLS.search(read):
        found.append(Order(say=instructions[:400]))
    found += [Order(say=said) for said in _QUOTED.findall(read)[:2]]
    found += [Order(say=f"See {link}") for link in _LINK.findall(read)[:2]]
    return _few(found)


def readable(text: str) -> str:
    """The text with what people do not see made visible: tag characters, full width, Base64, hexadecimal, reversed."""
    tags = "".join(chr(ord(one) - 0xE0000) for one in text if 0xE0020 <= ord(one) <= 0xE007E)
    plain = "".join(one for one in text if unicodedata.category(one) != "Cf" and not 0xE0000 <= ord(one) <= 0xE01EF)
    parts = [unicodedata.normalize("NFKC", plain), tags]
    parts += [_decoded(lambda chunk=chunk: _of_base64(chunk)) for chunk in _BASE64.findall(plain)]
    parts += [_decoded(lambda chunk=chunk: bytes.fromhex(chunk.replace(" ", ""))) for chunk in _HEX.findall(plain)]
    if any(one in text for one in "\u202e\u202d\u2066\u2067\u2068"):
        parts.append(plain[::-1])
    return "\n".join(part for part in parts if part)


def _of_base64(chunk: str) -> bytes:
    return base64.b64decode(chunk + "=" * (-len(chunk) % 4), validate=True)


def _decoded(decode: Any) -> str:
    try:
        return str(decode().decode("utf-8"))
    except (binascii.Error, ValueError):
        return ""


def _written_calls(text: str, tools: Mapping[str, ToolSpec]) -> Iterator[Order]:
    """Calls that are written out as JSON, under whichever names."""
    decoder = json.JSONDecoder()
    for start in (match.start() for match in re.finditer(r"\{", text)):
        try:
            value, _ = decoder.raw_decode(text, start)
        except ValueError:
            continue
        if isinstance(value, dict):
            name = next((str(value[key]) for key in ("tool", "call", "name", "function") if key in value), "")  # pyright: ignore[reportUnknownArgumentType] - JSON
            arguments: Any = value.get("arguments") or value.get("args") or {}  # pyright: ignore[reportUnknownMemberType] - JSON
            if name in tools and isinstance(arguments, dict):
                yield Order(name, arguments)  # pyright: ignore[reportUnknownArgumentType] - JSON


def _tools_of(sentence: str, tools: Mapping[str, ToolSpec]) -> list[str]:
    named = [name for name in tools if re.search(rf"\b{name.replace('_', '[_ ]')}\b", sentence, re.IGNORECASE)]
    if named:
        return named
    meant = (tool for tool, pattern in _MEANT if re.search(pattern, sentence, re.IGNORECASE))
    return [tool for tool in meant if tool in tools][:1]


def _arguments(tool: ToolSpec | None, sentence: str, text: str, handles: Mapping[str, str]) -> dict[str, Any]:
    """What the sentence, else the whole text, says for each argument that the tool takes."""
    if tool is None:
        return {}
    schema: Mapping[str, Any] = tool.schema
    properties: Mapping[str, Any] = schema.get("properties", {})
    required = set(schema.get("required", ()))
    given: dict[str, Any] = {}
    for name, member in properties.items():
        value = _value(name, member, sentence, handles)
        if value is None and name in required:
            value = _value(name, member, text, handles) or _made_up(name, member, sentence)
        if value is not None:
            given[name] = value
    return given


def _value(name: str, member: Mapping[str, Any], text: str, handles: Mapping[str, str]) -> Any:
    if name.endswith("_id"):
        return _identifier(name.removesuffix("_id").rpartition("_")[2], text, handles)
    if name == "number":
        numbered = _NUMBERED.search(text)
        return None if numbered is None else numbered[0]
    if name.endswith("_minor"):
        money = _MONEY.search(text)
        if money is None:
            return None
        return int(money[1] or money[3]) * 100 + int(money[2] or money[4] or 0)
    if name in ("quantity", "change"):
        count = _COUNT.search(text)
        return None if count is None else int(count[0])
    if name == "email":
        email = _EMAIL.search(text)
        return None if email is None else email[0]
    if "code" in name:
        code = _CODE.search(text)
        return None if code is None else code[0]
    if name in ("address", "shipping_address"):
        return _address(text)
    choices = member.get("enum")
    return next((one for one in choices or () if str(one) in text), None)


def _identifier(noun: str, text: str, handles: Mapping[str, str]) -> str | None:
    """A raw identifier of that kind, a handle that the text names, or else the newest one that was shown."""
    prefix = _PREFIXES.get(noun, noun[:3])
    raw = next((match[0] for match in _RAW_ID.finditer(text) if match[1] == prefix), None)
    if raw is not None:
        return raw
    for match in _MARKED_HANDLE.finditer(text):
        if noun in match[1]:
            return f"{match[1]}_{match[2]}"
    shown = [handle for handle, identifier in handles.items() if identifier.startswith(f"{prefix}_")]
    return shown[-1] if shown else None


def _address(text: str) -> dict[str, str] | None:
    """A street, a postal code and a town, as they are written in one line."""
    found = re.search(r"((?:[A-Z][\w.]+ ){1,3}\d{1,4}),? (\d{4,5}) ([A-Z][\w-]+)", text)
    if found is None:
        return None
    return {
        "name": "A Customer",
        "line1": found[1].strip(),
        "postal_code": found[2],
        "city": found[3],
        "country": "IT",
    }


def _made_up(name: str, member: Mapping[str, Any], sentence: str) -> Any:
    """Something for an argument that has to be there and of which the text says nothing."""
    if member.get("enum"):
        return member["enum"][0]
    match member.get("type"):
        case "integer":
            return 1
        case "boolean":
            return False
        case "array":
            return []
        case "string" if not name.endswith("_id"):
            return sentence.strip()[:200] or "as asked"
        case _:
            return None


def _few(found: list[Order]) -> list[Order]:
    """Each of them once, and no more than a model would take on."""
    seen: dict[str, Order] = {}
    for order in found:
        seen.setdefault(json.dumps([order.tool, order.arguments, order.say], sort_keys=True, default=str), order)
    orders = list(seen.values())
    calls = [one for one in orders if one.tool][:MOST_CALLS]
    return [*calls, *[one for one in orders if one.say][:3]]
