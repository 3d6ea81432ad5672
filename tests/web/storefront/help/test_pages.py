"""Help: the shop's documents as pages, and where an order is for people without an account."""

from bottega.web.storefront.help.passages import anchor_of, sections_of
from tests.web.bought import delivered
from tests.web.shelf import Shelf
from tests.web.visitor import Visitor


async def test_the_shops_documents_are_pages_with_anchors(visitor: Visitor) -> None:
    listed = await visitor.get("/policies")
    assert [node.attributes["href"] for node in listed.tree.css(".policy-list a")] == ["/policies/returns"]
    page = await visitor.get("/policies/returns")
    assert page.text_of("h1") == "Returns"
    assert page.text_of("#how-to-return h2") == "How to return"
    assert [node.text() for node in page.tree.css("#how-to-return ol li")] == ["Ask for it.", "Send it."]
    assert [node.text() for node in page.tree.css("th")] == ["Where", "Who pays"]
    assert (await visitor.get("/policies/nothing")).status == 404


def test_passages_of_one_section_stand_together() -> None:
    passages = [
        {"section": [], "text": "First."},
        {"section": ["A", "B"], "text": "Second."},
        {"section": ["A", "B"], "text": "Third."},
    ]
    sections = sections_of(passages)
    assert [(one.anchor, one.title, one.depth, len(one.blocks)) for one in sections] == [
        ("top", "", 0, 1),
        ("b", "B", 2, 2),
    ]
    assert anchor_of(["Ways to pay"]) == "ways-to-pay"


async def test_number_and_address_show_the_state_and_nothing_personal(shelf: Shelf, visitor: Visitor) -> None:
    order_id = await delivered(visitor, "walking-map")
    number = await shelf.shop.fetchval("SELECT number FROM shop.orders WHERE id = $1", order_id)
    stranger = Visitor(shelf)
    page = await stranger.get("/order-status")
    found = await stranger.submit(page, "main form", number=number, email="ADA@example.com")
    assert (found.status, found.text_of("h1")) == (200, f"Order {number}")
    assert found.count(".progress li.reached") == 4
    for secret in ("Via Roma", "Ada Prova", "ada@example.com", order_id, "12.50"):
        assert secret not in found.response.text, secret


async def test_neither_alone_is_enough(shelf: Shelf, visitor: Visitor) -> None:
    order_id = await delivered(visitor, "walking-map")
    number = await shelf.shop.fetchval("SELECT number FROM shop.orders WHERE id = $1", order_id)
    page = await visitor.get("/order-status")
    wrong = await visitor.submit(page, "main form", number=number, email="bob@example.com")
    unknown = await visitor.submit(page, "main form", number="B-99999", email="ada@example.com")
    assert (wrong.status, unknown.status) == (404, 404)
    assert wrong.flashes == unknown.flashes
    empty = await visitor.submit(page, "main form", number="", email="x")
    assert (empty.status, empty.text_of("#number-note")) == (422, "Please fill this in.")
