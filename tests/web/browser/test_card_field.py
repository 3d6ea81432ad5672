"""The payment provider's own card field: admitted where Stripe is configured; the number never reaches our pages."""

import dataclasses
from collections.abc import AsyncGenerator
from urllib.parse import parse_qs

import pytest_asyncio
from playwright.async_api import Page, Request, Route, expect

from bottega.bootstrap.addresses import Addresses
from bottega.web.site import create_site
from tests.web.browser.hands import fill_address
from tests.web.browser.served import served
from tests.web.shelf import Shelf

KEY = "pk_test_shelf"
# What Stripe's script offers of itself, with a card that is incomplete until something is typed.
PROVIDER = """
window.Stripe = (key) => {
  const field = document.createElement("input");
  field.id = "the-providers-field";
  field.setAttribute("aria-label", "Card number");
  return {
    elements: () => ({ create: () => ({ mount: (place) => place.append(field) }) }),
    createPaymentMethod: async () => field.value
      ? { paymentMethod: { id: `pm_of_${key}` } } : { error: { message: "Your card number is incomplete." } },
  };
};"""


@pytest_asyncio.fixture(scope="module")
async def taking_cards(shelf: Shelf, base: str) -> AsyncGenerator[str]:
    """The same shop, as it is served where Stripe is configured."""
    context = dataclasses.replace(shelf.shop.app.state.context, card_gateway="stripe", publishable_key=KEY)
    async with served(Addresses(shelf.site.api, create_site(context))) as address:
        yield address


async def offer(route: Route) -> None:
    """The provider's script."""
    await route.fulfill(body=PROVIDER, content_type="text/javascript")


async def test_a_card_is_typed_at_the_provider_and_only_its_token_is_sent(page: Page, taking_cards: str) -> None:
    sent: list[Request] = []

    async def keep(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(route.request)
            await route.fulfill(body="<p>kept</p>", content_type="text/html")
        else:
            await route.continue_()

    await page.route("https://js.stripe.com/**", offer)
    await page.route("**/checkout", keep)
    await page.goto(f"{taking_cards}/p/walking-map")
    await page.click("#buy button")
    await page.click("[data-added] >> text=Checkout")
    await expect(page.locator("#the-providers-field")).to_be_visible()
    await fill_address(page)
    await page.click(".checkout-sum button[value=order]")
    await expect(page.locator("[data-card-note]")).to_have_text("Your card number is incomplete.")
    assert sent == []
    await page.fill("#the-providers-field", "4242 4242 4242 4242")
    await page.click(".checkout-sum button[value=order]")
    await expect(page.locator("body")).to_have_text("kept")
    fields = parse_qs(sent[0].post_data or "")
    assert (fields["pay"], fields["card_token"], fields["step"]) == (["card"], [f"pm_of_{KEY}"], ["order"])
    assert "4242" not in (sent[0].post_data or "")


async def test_only_the_page_that_takes_a_card_admits_the_provider(page: Page, taking_cards: str) -> None:
    await page.route("https://js.stripe.com/**", offer)
    await page.goto(f"{taking_cards}/p/walking-map")
    await page.click("#buy button")
    await page.wait_for_selector("[data-added]")
    policies: dict[str, str] = {}
    for path in ("/", "/cart", "/checkout"):
        answer = await page.goto(f"{taking_cards}{path}")
        assert answer is not None
        policies[path] = (await answer.all_headers())["content-security-policy"]
    assert "stripe" not in policies["/"] + policies["/cart"]
    assert "script-src 'self' https://js.stripe.com;" in policies["/checkout"]
    assert "unsafe" not in policies["/checkout"]
