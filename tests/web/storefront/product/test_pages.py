"""The page of one product: choosing a variant, what it says about it, and writing a review."""

from typing import Any

from bottega.web.storefront.product.options import choice_of, options_of
from tests.web.bought import register
from tests.web.shelf import JACKET_MINOR, Shelf
from tests.web.visitor import Visitor


def product(*variants: tuple[str, str, int]) -> dict[str, Any]:
    return {
        "option_names": ["size", "colour"],
        "variants": [
            {
                "id": f"var_{size}_{colour}",
                "option_values": {"size": size, "colour": colour},
                "price_minor": 100,
                "available": available,
            }
            for size, colour, available in variants
        ],
    }


def test_the_first_variant_in_stock_is_chosen_unless_one_is_named() -> None:
    shown = product(("M", "blue", 0), ("M", "red", 3), ("L", "blue", 1))
    assert (choice_of(shown, {}) or {})["id"] == "var_M_red"
    assert (choice_of(shown, {"variant": "var_L_blue"}) or {})["id"] == "var_L_blue"
    assert (choice_of(shown, {"option.size": "L", "option.colour": "blue"}) or {})["id"] == "var_L_blue"
    assert choice_of(shown, {"option.size": "L", "option.colour": "red"}) is None
    assert choice_of({"option_names": [], "variants": []}, {}) is None


def test_values_that_go_with_the_choice_and_are_sold_out_are_told_apart() -> None:
    shown = product(("M", "blue", 0), ("M", "red", 3), ("L", "blue", 1))
    size, colour = options_of(shown, choice_of(shown, {"variant": "var_M_red"}))
    assert [(value.value, value.is_chosen, value.in_stock) for value in size.values] == [
        ("M", True, True),
        ("L", False, False),
    ]
    assert [(value.value, value.is_chosen, value.in_stock) for value in colour.values] == [
        ("blue", False, False),
        ("red", True, True),
    ]


async def test_the_page_tells_price_stock_delivery_and_figures(visitor: Visitor) -> None:
    page = await visitor.get("/p/ridge-jacket")
    assert f"€{JACKET_MINOR / 100:.2f}" in page.text_of("#choice")
    assert "In stock" in page.text_of("#choice")
    assert "With you" in page.text_of(".delivery")
    assert "delivery €4.90" in page.text_of(".delivery")
    assert page.text_of(".facts").startswith("Hood Yes Season winter")
    assert page.text_of(".breadcrumb") == "Home Clothing Jackets Down"
    assert (await visitor.get("/p/ridge-jacket?option.size=M&option.colour=red")).text_of(".stock") == "Only 2 left"


async def test_a_choice_shows_its_own_state_and_picture(visitor: Visitor) -> None:
    part = await visitor.get("/p/ridge-jacket/choice?option.size=M&option.colour=red", **{"HX-Request": "true"})
    assert part.text_of(".stock") == "Only 2 left"
    image = part.tree.css_first("#product-pictures img")
    assert image is not None
    assert ".red." in (image.attributes["src"] or "")
    out = await visitor.get("/p/ridge-jacket/choice?option.size=L&option.colour=blue", **{"HX-Request": "true"})
    assert out.text_of(".stock") == "Out of stock just now"


async def test_a_given_picture_stands_with_its_words(visitor: Visitor) -> None:
    page = await visitor.get("/p/hostile")
    image = page.tree.css_first("#product-pictures img")
    assert image is not None
    assert image.attributes["src"] == "https://pictures.example/tent.jpg"
    assert image.attributes["referrerpolicy"] == "no-referrer"


async def test_a_review_waits_for_a_colleague(shelf: Shelf, visitor: Visitor) -> None:
    asked = await visitor.post("/p/walking-map/reviews", {"key": "frm_12345678", "rating": "5", "text": "Good."})
    assert asked.path == "/sign-in"
    await register(visitor, "reviews@example.com")
    page = await visitor.get("/p/walking-map")
    wrong = await visitor.submit(page, ".review-form form", rating="9", text="Good.")
    assert "between one and five stars" in wrong.flashes
    sent = await visitor.submit(page, ".review-form form", rating="5", title="Fine", text="Good paths.", author="A.")
    assert "as soon as a colleague has read it" in sent.flashes
    assert "Good paths." not in (await visitor.get("/p/walking-map")).text
    rows = await shelf.shop.fetch(
        "SELECT r.state, r.rating FROM shop.reviews r JOIN shop.products p ON p.id = r.product_id "
        "WHERE p.handle = 'walking-map'"
    )
    assert [tuple(row.values()) for row in rows] == [("pending", 5)]
