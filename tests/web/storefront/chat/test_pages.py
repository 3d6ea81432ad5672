"""The conversation by pages: without scripts, as parts for the panel, and whose it is."""

import httpx

from bottega.kernel.identifiers import new_id
from tests.web.bought import register
from tests.web.shelf import Shelf
from tests.web.visitor import SAME_ORIGIN, Page, Visitor

PARTIAL = {"HX-Request": "true", **SAME_ORIGIN}


async def test_one_talks_without_scripts(visitor: Visitor) -> None:
    page = await visitor.get("/chat")
    answered = await visitor.submit(page, ".chat-form", text="How do I return something?")
    assert answered.path == "/chat"
    assert answered.text_of(".bubble-me") == "You: How do I return something?"
    source = answered.tree.css_first(".chat-sources a")
    assert source is not None
    assert (source.attributes["href"] or "").startswith("/policies/returns#")
    assert "without a language model" in answered.text_of(".chat-level")


async def test_products_are_shown_as_cards_and_choices_as_buttons(visitor: Visitor) -> None:
    page = await visitor.get("/chat")
    answered = await visitor.submit(page, ".chat-form", text="I am looking for a boot")
    assert answered.text_of(".chat-card-title") == "Scree Boot"
    image = answered.tree.css_first(".chat-card img")
    assert image is not None
    assert "/pictures/" in (image.attributes["src"] or "")


async def test_the_page_says_which_product_is_meant(visitor: Visitor) -> None:
    product = await visitor.shelf.product("ridge-jacket")
    fields = {"key": new_id("frm"), "text": "Is this in stock?", "product_id": product["id"]}
    part = Page(await visitor.client.post("/chat/messages", data=fields, headers=PARTIAL))
    assert "Ridge Jacket" in part.text_of(".bubble-shop")
    shown = await visitor.get("/p/ridge-jacket")
    chat = shown.tree.css_first("[data-chat]")
    assert chat is not None
    assert chat.attributes["data-product"] == product["id"]


async def test_the_panel_goes_on_after_a_reload(visitor: Visitor) -> None:
    began = await visitor.client.post("/chat/sessions", headers=PARTIAL)
    session = began.json()["session"]
    fields = {"key": new_id("frm"), "text": "hello"}
    await visitor.client.post("/chat/messages", data=fields, headers=PARTIAL)
    panel = Page(await visitor.client.get("/chat/panel", headers={"HX-Request": "true"}))
    conversation = panel.tree.css_first("[data-conversation]")
    assert conversation is not None
    assert conversation.attributes["data-session"] == session
    assert panel.count("[data-turn]") == 1
    turn = Page(await visitor.client.get("/chat/turns/1", headers={"HX-Request": "true"}))
    assert turn.text_of(".bubble-me") == "You: hello"
    assert (await visitor.client.get("/chat/turns/0")).status_code == 404
    again = await visitor.client.post("/chat/sessions", headers=PARTIAL)
    assert again.json()["session"] == session


async def test_the_same_message_twice_is_one_turn(visitor: Visitor) -> None:
    fields = {"key": new_id("frm"), "text": "hello"}
    for _ in range(2):
        await visitor.client.post("/chat/messages", data=fields, headers=PARTIAL)
    assert (await visitor.get("/chat")).count("[data-turn]") == 1


async def test_somebody_elses_conversation_is_not_shown(shelf: Shelf, visitor: Visitor) -> None:
    page = await visitor.get("/chat")
    await visitor.submit(page, ".chat-form", text="my secret wish")
    session = visitor.cookie("bottega_chat")
    assert session is not None
    stranger = Visitor(shelf)
    stranger.client.cookies.set("bottega_chat", session, domain="shop.test", path="/")
    await stranger.put_into_cart("walking-map")
    looked = await stranger.get("/chat")
    assert "my secret wish" not in looked.response.text
    said = await stranger.submit(looked, ".chat-form", text="hello")
    assert said.count("[data-turn]") == 1
    assert stranger.cookie("bottega_chat") != session


async def test_a_conversation_comes_along_into_the_account(shelf: Shelf, visitor: Visitor) -> None:
    await register(Visitor(shelf), "talks@example.com")
    page = await visitor.get("/chat")
    await visitor.submit(page, ".chat-form", text="hello from a guest")
    signing = await visitor.get("/sign-in?next=/chat")
    back = await visitor.submit(signing, "main form", email="talks@example.com", password="a long sentence of mine")
    assert back.path == "/chat"
    assert back.text_of(".bubble-me") == "You: hello from a guest"


async def test_words_of_customers_are_shown_as_text(visitor: Visitor) -> None:
    page = await visitor.get("/chat")
    answered = await visitor.submit(page, ".chat-form", text="<script>alert(1)</script><b>x</b>")
    assert "<script>alert" not in answered.response.text
    assert "<script>alert(1)</script>" in answered.text_of(".bubble-me")


async def test_nothing_said_is_told_in_its_place(visitor: Visitor) -> None:
    fields = {"key": new_id("frm"), "text": "  "}
    answer: httpx.Response = await visitor.client.post("/chat/messages", data=fields, headers=PARTIAL)
    assert "Please write something first." in answer.text
