"""Drawings of goods: each product of the demo shop has its kind, every drawing is sound, and addresses keep."""

import json
from importlib import resources
from typing import Any
from xml.etree import ElementTree

import pytest

from bottega.web.assets import FOREVER
from bottega.web.storefront.pictures.addresses import VARIATIONS, picture, picture_of_card
from bottega.web.storefront.pictures.drawing import drawn
from bottega.web.storefront.pictures.kinds import ANYTHING, KINDS, kind_of
from bottega.web.storefront.pictures.palette import HEX_BY_NAME, lightness, shaded
from bottega.web.storefront.pictures.version import VERSION
from tests.web.visitor import Visitor

LARGEST_BYTES = 6_000


def demo_products() -> list[dict[str, Any]]:
    folder = resources.files("bottega.demo_shop") / "products"
    return [json.loads(line) for file in folder.iterdir() for line in file.read_text().splitlines() if line.strip()]


def test_every_demo_product_is_drawn_as_what_it_is() -> None:
    products = demo_products()
    assert len(products) > 300
    assert [one["title"] for one in products if kind_of(one["category"], one["title"]) == ANYTHING] == []
    kinds = {one["handle"]: kind_of(one["category"], one["title"]) for one in products}
    assert kinds["fell-warden-down-jacket"] == "down-jacket"
    assert kinds["cold-harbour-parka"] == "coat"
    assert kinds["lambswool-cable-beanie"] == "beanie"
    assert kinds["old-friend-tube"] == "belay-device"


def test_every_colour_of_the_demo_shop_has_a_value() -> None:
    named = {
        variant["options"]["colour"]
        for one in demo_products()
        for variant in one["variants"]
        if "colour" in variant["options"]
    }
    assert named - set(HEX_BY_NAME) == set()


@pytest.mark.parametrize(
    ("category", "title", "kind"),
    [
        ("electronics/phones", "Nova 5 Phone", ANYTHING),
        (None, "Small Tent", "tent"),
        (None, "Tent Bag", "duffel"),
        ("clothing/jackets/unheard-of", "Thing", "shell"),
        ("", "", ANYTHING),
    ],
)
def test_goods_of_other_shops(category: str | None, title: str, kind: str) -> None:
    assert kind_of(category, title) == kind


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_drawing_is_sound_and_small(kind: str) -> None:
    for colour in ("black", "white", "red check", "plain"):
        svg = drawn(kind, colour, 1)
        root = ElementTree.fromstring(svg)  # noqa: S314 - our own drawing
        assert root.attrib["viewBox"] == "0 0 400 400"
        assert len(svg.encode()) < LARGEST_BYTES, kind
        assert "style=" not in svg
        assert "<script" not in svg


def test_shades() -> None:
    assert (shaded("#808080", -0.5), shaded("#808080", 0.5)) == ("#404040", "#c0c0c0")
    assert lightness("#ffffff") == pytest.approx(1)
    assert lightness("#000000") == 0


def test_the_catalogues_own_picture_comes_first() -> None:
    card = {"id": "prd_1", "title": "Tent", "category": None, "image": {"url": "https://x.example/a.jpg", "alt": ""}}
    assert picture_of_card(card).address == "https://x.example/a.jpg"
    drawing = picture("prd_1", "Tent", None, None, "red")
    assert drawing.address.startswith(f"/pictures/{VERSION}/tent.red.")
    assert drawing.alt == "Tent, red"
    assert picture("prd_1", "Tent", None, None, "unheard of").alt == "Tent, unheard of"


async def test_drawings_are_kept_by_version(visitor: Visitor) -> None:
    ours = await visitor.client.get(f"/pictures/{VERSION}/tent.red.0.svg")
    assert (ours.status_code, ours.headers["content-type"], ours.headers["cache-control"]) == (
        200,
        "image/svg+xml",
        FOREVER,
    )
    old = await visitor.client.get("/pictures/0123456789/tent.red.0.svg")
    assert (old.status_code, old.headers["cache-control"]) == (200, "public, max-age=3600")
    for name in (f"tent.red.{VARIATIONS}.svg", "castle.red.0.svg", "tent.gold.0.svg", "tent.svg", "x"):
        assert (await visitor.client.get(f"/pictures/{VERSION}/{name}")).status_code == 404, name
