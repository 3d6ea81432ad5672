"""Which picture shows a product, and at which address."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from bottega.web.storefront.pictures.kinds import kind_of
from bottega.web.storefront.pictures.palette import HEX_BY_NAME, PLAINS, slug_of
from bottega.web.storefront.pictures.version import VERSION

# How many variations of one kind and colour there are: another ground, another line behind it.
VARIATIONS = 6
COLOUR_OPTIONS = ("colour", "color", "Colour", "Color")
LONGEST_ALT = 200


@dataclass(frozen=True, slots=True)
class Picture:
    """What an `<img>` needs; a drawn one is ours and square."""

    address: str
    alt: str
    is_drawn: bool


def picture(seed: str, title: str, category: str | None, image: str | None, colour: str | None) -> Picture:
    """The catalogue's picture when there is one, a drawing of its kind and colour otherwise."""
    if image is not None:
        return Picture(image, title, is_drawn=False)
    kind = kind_of(category, title)
    digest = crc32(seed.encode())
    plain = PLAINS[digest // VARIATIONS % len(PLAINS)]
    name = colour if colour is not None and colour in HEX_BY_NAME else plain
    described = title if colour is None else f"{title}, {colour}"
    variation = digest % VARIATIONS
    return Picture(
        f"/pictures/{VERSION}/{kind}.{slug_of(name)}.{variation}.svg", described[:LONGEST_ALT], is_drawn=True
    )


def picture_of_card(card: Mapping[str, Any], colour: str | None = None) -> Picture:
    """Of a product in a list."""
    image = card["image"]
    shown = colour or next(iter(card.get("colours", ())), None)
    return picture(card["id"], card["title"], card["category"], None if image is None else image["url"], shown)


def picture_of_product(product: Mapping[str, Any], chosen: Mapping[str, Any] | None) -> list[Picture]:
    """All of the catalogue's own, or the drawing of the chosen variant."""
    if product["media"]:
        return [
            Picture(medium["url"], medium["alt"] or product["title"], is_drawn=False) for medium in product["media"]
        ]
    category = None if product["category"] is None else product["category"]["path"]
    colour = None if chosen is None else colour_of(chosen["option_values"])
    return [picture(product["id"], product["title"], category, None, colour)]


def colour_of(option_values: Mapping[str, Any]) -> str | None:
    """The colour among a variant's options."""
    return next((str(option_values[name]) for name in COLOUR_OPTIONS if name in option_values), None)
