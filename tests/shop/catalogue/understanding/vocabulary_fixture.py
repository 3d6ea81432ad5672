"""A small catalogue's vocabulary, as it would be learnt: clothes, tents and electronics."""

from functools import lru_cache
from typing import Any

from bottega.shop.catalogue.understanding.vocabulary import PRICE_SHARES, Vocabulary, vocabulary_of


def prices(lowest: int, highest: int) -> dict[str, list[int]]:
    """Prices spread evenly between two, as the vocabulary keeps them."""
    return {"EUR": [round(lowest + share * (highest - lowest)) for share in PRICE_SHARES]}


def number(name: str, products: int, values: dict[float, int], units: dict[str, int] | None = None) -> dict[str, Any]:
    """A number with its frequent values; quantiles are its smallest and largest."""
    low, high = min(values), max(values)
    quantiles = [low, low, (low + high) / 2, high, high]
    return {
        "name": name,
        "products": products,
        "quantiles": quantiles,
        "values": [[value, count] for value, count in values.items()],
        "units": units or {},
    }


def kind(word: str, products: int, fields: dict[str, int], **more: Any) -> dict[str, Any]:
    """A word of titles with what such products tell."""
    told = {"categories": {}, "prices": prices(1000, 21000), **more}
    roles = {f"role:{role}": fields[role] for role in ("size", "colour", "material", "gender") if role in fields}
    return {"word": word, "products": products, "fields": {**fields, **roles}, **told}


_WORN = {
    "size": 20,
    "colour": 20,
    "material": 20,
    "gender": 20,
    "hood": 15,
    "waterproof": 10,
    "season": 20,
    "weight": 20,
}
_NOTEBOOK = {
    "internal_memory": 40, "display_diagonal": 40, "weight": 38, "total_storage_capacity": 35, "ssd_capacity": 20,
    "touchscreen": 30, "bluetooth": 35, "colour": 40, "battery_life": 20, "hdmi_ports_quantity": 30,
}  # fmt: skip

CONTENT: dict[str, Any] = {
    "products": 200,
    "traits": {
        "colour:black": 60, "colour:red": 20, "colour:blue": 18, "colour:navy": 9, "colour:grey": 20, "colour:white": 9,
        "colour:light blue": 3, "colour:olive": 4, "colour:green": 6, "colour:black+white": 4, "colour:orange": 5,
        "size:s": 20, "size:m": 22, "size:l": 21, "size:xl": 12, "size:42": 14, "size:43": 12, "size:44": 9, "size:39-41": 3,
        "material:wool": 9, "material:merino wool": 6, "material:merino": 6, "material:leather": 8, "material:cotton": 7,
        "material:nylon": 12, "material:steel": 3, "made:leather": 9, "made:wool": 10, "made:cotton": 7, "made:synthetic leather": 1,
        "gender:women": 20, "gender:men": 22, "gender:children": 8, "gender:unisex": 12,
        "is:hood": 10, "not:hood": 5, "is:waterproof": 9, "not:waterproof": 6, "told:waterproof": 4, "tag:waterproof": 7,
        "is:touchscreen": 12, "not:touchscreen": 18, "is:bluetooth": 33, "not:bluetooth": 2, "is:hdmi_ports_quantity": 25,
        "is:contains_leather": 8, "not:contains_leather": 20, "is:gluten_free": 3, "is:vegan": 15, "not:vegan": 10,
        "is:near_field_communication__nfc_": 4, "tag:warm": 9, "tag:comfortable": 5, "v:season=winter": 12, "v:season=summer": 8,
        "v:closure=laces": 5, "v:closure=hook and loop": 2, "v:certifications=pfas-free": 3, "kind:notebook": 30, "v:display_resolution=2560 x 1440": 4, "is:cable__coax__protection": 2, "is:microphone": 3, "v:microphone_type=boom": 4,
    },
    "fields": {
        "colour": 150, "size": 60, "material": 80, "gender": 62, "season": 50, "weight": 140, "hood": 15, "waterproof": 16,
        "touchscreen": 30, "bluetooth": 35, "internal_memory": 40, "display_diagonal": 44, "closure": 7, "vegan": 25,
        "contains_leather": 28, "certifications": 4, "gluten_free": 3, "near_field_communication__nfc_": 4,
    },
    "prices": prices(500, 150_000),
    "brands": [
        ["corvado", "Corvado", 20, 1.0],
        ["larch & loom", "Larch & Loom", 12, 1.0],
        ["hp", "HP", 40, 1.0],
        ["canon", "Canon", 14, 1.0],
        ["3m", "3M", 6, 1.0],
        ["orange", "Orange", 3, 0.9],
        ["kingston technology", "Kingston Technology", 8, 1.0],
    ],
    "categories": [
        ["clothing", "Clothing", 60, prices(1000, 40000)],
        ["clothing/jackets", "Jackets", 20, prices(5000, 25000)],
        ["clothing/jackets/down", "Down jackets", 5, prices(15000, 35000)],
        ["clothing/gloves", "Gloves and mittens", 8, prices(1500, 6000)],
        ["clothing/gloves/mittens", "Mittens", 3, prices(1500, 6000)],
        ["footwear/boots", "Boots", 14, prices(8000, 20000)],
        ["footwear/care", "Shoe and leather care", 4, prices(500, 1500)],
        ["camping/tents", "Tents", 9, prices(10000, 90000)],
        ["camping/tents/accessories", "Tent repair and parts", 3, prices(1000, 4000)],
        ["camping/packs", "Backpacks", 10, prices(4000, 20000)],
    ],
    "numbers": [
        number("weight", 140, {300: 4, 500: 5, 1500: 8, 2000: 7, 6000: 2}),
        number("internal_memory", 40, {4: 5, 8: 14, 16: 12, 32: 4}, {"gb": 30, "mb": 1}),
        number("total_storage_capacity", 35, {256: 10, 512: 14, 1000: 8}, {"gb": 30}),
        number("ssd_capacity", 20, {256: 8, 512: 10}, {"gb": 18}),
        number("display_diagonal", 44, {13.3: 8, 15.6: 20, 17.3: 5, 24: 4, 27: 3}, {"inch": 40}),
        number("temperature_comfort_celsius", 8, {-15: 1, -5: 3, 2: 2, 6: 2}),
        number("capacity_litres", 10, {20: 3, 26: 2, 40: 2, 65: 1}),
        number("sleeps_people", 6, {1: 1, 2: 3, 3: 1, 6: 1}),
        number("run_time_hours", 9, {8: 2, 20: 2, 40: 3}),
        number("battery_life", 20, {5: 6, 8: 6, 12: 4}),
        number("brightness_lumens", 7, {90: 2, 300: 2, 700: 1}),
        number("cable_length", 30, {1: 6, 2: 9, 3: 7, 5: 4}, {"m": 26}),
        number("hdmi_ports_quantity", 30, {1: 22, 2: 8}),
        number("processor_cores", 30, {2: 9, 4: 14, 8: 6}),
        number("processor_frequency", 30, {1.6: 6, 2.4: 9, 3.4: 8}, {"ghz": 28}),
        number("waterproof_mm", 4, {10000: 3, 20000: 1}),
        number("package_weight", 90, {500: 9, 900: 9}),
        number("option.length.length", 5, {60000: 2, 70000: 2}, {"mm": 5}),
        number("uv_protection_upf", 6, {30: 2, 50: 4}),
        number("tape_width", 6, {12: 3, 19: 2}, {"mm": 6}),
        number("tape_length", 9, {7: 6, 15: 3}, {"m": 9}),
        number("bulb_power", 9, {200: 5, 230: 3}, {"w": 9}),
        number("power_watts", 1, {20: 1}),
    ],
    "kinds": [
        kind("jacket", 20, _WORN, categories={"clothing/jackets": 18, "clothing/jackets/down": 2}),
        kind("boot", 14, {**_WORN, "contains_leather": 14, "closure": 7, "hood": 0}, categories={"footwear/boots": 14}),
        kind("glove", 6, {"size": 6, "colour": 6, "material": 6, "gender": 6}, categories={"clothing/gloves": 6}),
        kind("tent", 7, {"sleeps_people": 6, "weight": 7, "colour": 5}, categories={"camping/tents": 7}),
        kind("backpack", 10, {"capacity_litres": 9, "weight": 10, "colour": 9}, categories={"camping/packs": 10}),
        kind("notebook", 40, _NOTEBOOK, prices=prices(20_000, 200_000)),
        kind("monitor", 12, {"display_diagonal": 12, "colour": 9, "hdmi_ports_quantity": 9}),
        kind("cable", 30, {"cable_length": 30, "colour": 25}),
        kind("torch", 7, {"brightness_lumens": 7, "run_time_hours": 7, "weight": 7}),
        kind("rope", 5, {"option.length.length": 5, "weight": 5}),
        kind("toner", 12, {"colour": 12}),
        kind("processor", 20, {"processor_cores": 20, "processor_frequency": 20}),
        kind("bag", 8, {"temperature_comfort_celsius": 8, "weight": 8, "material": 8}),
        kind("case", 9, {"material": 8, "colour": 9}),
        kind("sock", 6, {"size": 6, "material": 6, "colour": 6}),
        kind("snack", 4, {"gluten_free": 3}),
        kind("tape", 9, {"tape_length": 9, "tape_width": 6}),
        kind("lamp", 10, {"bulb_power": 9}),
        kind("mouse", 10, {"bluetooth": 1, "weight": 5}),
        kind("shirt", 6, {"uv_protection_upf": 6, "size": 6, "colour": 6}),
        kind("category:clothing/jackets", 20, _WORN),
        kind("category:clothing/jackets/down", 5, _WORN),
        kind("category:footwear/boots", 14, {"size": 14, "colour": 14, "material": 14, "gender": 14, "weight": 14, "contains_leather": 14, "closure": 7}),
        kind("category:clothing/gloves", 8, {"size": 8, "colour": 8, "material": 8, "gender": 8}),
        kind("category:clothing/gloves/mittens", 3, {"size": 3, "colour": 3}),
        kind("category:camping/tents", 9, {"sleeps_people": 6, "weight": 9, "colour": 6}),
        kind("category:camping/packs", 10, {"capacity_litres": 9, "weight": 10, "colour": 9}),
    ],
    "titles": {"jacket": 22, "boot": 15, "notebook": 60, "monitor": 20, "cable": 35, "toner": 14, "cartridge": 20, "hdmi": 30, "usb": 40, "windows": 9, "black": 50, "warm": 2, "case": 12, "bag": 12, "torch": 8, "tent": 9, "waterproof": 3, "bluetooth": 40, "6280": 4, "wireless": 9, "cordless": 1},
}  # fmt: skip


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary, made once."""
    return vocabulary_of("fixture", CONTENT)
