"""Ordering by conversation: one yes covers goods, total, destination and what pays; nothing happens before it."""

from tests.agents.counter import Counter, guest
from tests.runtime.workshop import calls, says
from tests.shop.entries import entry


async def into_the_cart(counter: Counter, variant: str, quantity: int = 1) -> None:
    """Looks at the product and puts a variant into the cart."""
    await counter.say("a jacket", calls(("search_products", {"query": "jacket"})), says("Here: [product_1]"))
    await counter.say("show me", calls(("get_product", {"product_id": "product_1"})), says("That is it."))
    handle = await counter.handle(variant)
    await counter.say(
        f"{quantity} of it", calls(("add_to_cart", {"variant_id": handle, "quantity": quantity})), says("Added.")
    )


async def ready_to_order(counter: Counter) -> None:
    """A cart with address and shipping, from what the account holds."""
    await into_the_cart(counter, counter.wardrobe.medium)
    await counter.say("to my address", calls(("get_account", {})), says("Which one?"))
    await counter.say("that one", calls(("set_cart_contact", {"address_id": "address_1"})), says("Noted."))
    await counter.say("courier", calls(("choose_shipping", {"shipping_method_id": "shipping_1"})), says("Fine."))


async def test_one_yes_orders_and_pays(counter: Counter) -> None:
    await ready_to_order(counter)
    asked = await counter.say(
        "order it, with my visa",
        calls(("create_order", {"pay_with": "stored", "instrument_id": await counter.handle(counter.wardrobe.card)})),
    )
    assert asked["text"] == (
        "Order 1 × jacket for 104.90 EUR in all? Courier to Ada Prova, Via Roma 1, 38122 Trento, IT; "
        "confirmation to ada@example.com. Paid with your visa ending in 4242."
    )
    assert asked["attachments"]["confirmation_amount"] == {"amount_minor": 10_490, "currency": "EUR"}
    assert asked["attachments"]["asks_for"] == "confirmation"
    assert await counter.wardrobe.shop.fetchval("SELECT count(*) FROM shop.orders") == 0
    done = await counter.press_yes(says("Order [order_1] is paid."))
    (order,) = await counter.wardrobe.shop.fetch("SELECT number, payment_status, total_minor, channel FROM shop.orders")
    # Trying the order out, so that the question is right, draws a number too.
    assert order == {"number": "B-10002", "payment_status": "paid", "total_minor": 10_490, "channel": "chat"}
    assert done["text"] == "Order B-10002 is paid."
    assert [(one["tool"], one["state"]) for one in done["attachments"]["tool_calls"]] == [("create_order", "done")]
    assert done["attachments"]["orders"][0]["payment_status"] == "paid"
    await counter.wardrobe.unbroken()


async def test_a_guest_pays_on_the_page(counter: Counter) -> None:
    counter.principal = guest()
    await into_the_cart(counter, counter.wardrobe.medium, 2)
    address = {"name": "Lea", "line1": "Via Portici 12", "postal_code": "39100", "city": "Bolzano", "country": "IT"}
    told = await counter.say(
        "lea@example.org, Lea, Via Portici 12, 39100 Bolzano, Italy",
        calls(("set_cart_contact", {"email": "lea@example.org", "shipping_address": address})),
        says("Noted. [asks shipping: Courier]"),
    )
    assert told["text"] == "Noted."
    assert told["choices"] == ["Courier"]
    assert told["attachments"]["asks_for"] == "shipping"
    await counter.say("courier", calls(("choose_shipping", {"shipping_method_id": "shipping_1"})), says("Fine."))
    asked = await counter.say("order", calls(("create_order", {})))
    assert asked["text"].endswith("confirmation to lea@example.org. Paid by card on our payment page.")
    done = await counter.say("yes", says("Placed. Please pay here: [order_1]"))
    page = done["attachments"]["payment_page"]
    assert page.startswith("http://shop.test/pay/ord_")
    row = await counter.wardrobe.shop.fetch("SELECT status, payment_status, total_minor FROM shop.orders")
    assert row == [{"status": "open", "payment_status": "awaiting", "total_minor": 20_490}]


async def test_a_changed_price_needs_a_new_yes(counter: Counter) -> None:
    await ready_to_order(counter)
    await counter.say("order", calls(("create_order", {"pay_with": "bank_transfer"})))
    async with entry(counter.wardrobe.shop) as work:
        await work.connection.execute("UPDATE shop.prices SET amount_minor = amount_minor + 100")
    asked = await counter.press_yes()
    assert asked["text"].startswith("Order 1 × jacket for 105.90 EUR in all?")
    assert asked["attachments"]["confirmation_amount"] == {"amount_minor": 10_590, "currency": "EUR"}
    assert await counter.wardrobe.shop.fetchval("SELECT count(*) FROM shop.orders") == 0
    await counter.press_yes(says("Order [order_1] is placed."))
    assert await counter.wardrobe.shop.fetchval("SELECT array_agg(total_minor) FROM shop.orders") == [10_590]
