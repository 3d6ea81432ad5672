"""Checkout in one page: contact, address, shipping, code, payment; nothing changes before the order is placed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from bottega.kernel.canonical_json import digest
from bottega.kernel.errors import Refusal
from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.carts.actions import ChooseShipping, SetCartContact, SetCoupon
from bottega.shop.carts.model import Cart
from bottega.shop.carts.queries import get_cart
from bottega.shop.customers.model import Customer
from bottega.shop.customers.queries import get_customer
from bottega.shop.flows.cart_total import CartTotal, cart_total
from bottega.shop.flows.place_order import PlaceOrder
from bottega.shop.shipping.queries import zones
from bottega.web.countries import country_choices
from bottega.web.envelope import POLICY_HEADER, STRIPE_POLICY
from bottega.web.faces import get, post
from bottega.web.forms import NO_FORM, Form
from bottega.web.storefront.cart.open_carts import open_cart
from bottega.web.storefront.checkout.paying import own_till, pay
from bottega.web.storefront.checkout.ways_to_pay import ways_to_pay
from bottega.web.storefront.checkout.wish import BILLING, CheckoutWish
from bottega.web.storefront.goods.lines import products_of_lines
from bottega.web.storefront.goods.sums import sums_of_cart
from bottega.web.visit import Visit
from bottega.web.wording import for_shoppers, money


@dataclass(frozen=True, slots=True)
class Counter:
    """A cart at checkout with what is known of its shopper; `refused` says why it cannot be reckoned."""

    cart: Cart
    customer: Customer | None
    total: CartTotal | None
    refused: str
    includes_tax: bool


async def show(visit: Visit) -> Response:
    """The page with what is known already filled in."""
    async with visit.read() as connection:
        cart = await open_cart(connection, visit)
        if cart is None or not cart.lines:
            visit.flash("note", "Your cart is empty.")
            return visit.redirect("/cart")
        customer = await account_of(connection, visit)
        home = (await shop_settings.current(connection)).country
    book = () if customer is None else customer.addresses
    named = visit.request.query_params.get("address")
    address = next((one for one in book if one.id == named), None)
    if address is not None:
        cart = cart.model_copy(update={"shipping_address": address.address})
    address = address or next((one for one in book if one.is_default), None)
    return await _page(visit, CheckoutWish.of_cart(cart, customer, address, home), NO_FORM, cart.id)


async def reckon(visit: Visit) -> Response:
    """Methods and sums for what is filled in so far, for the open page."""
    form = await visit.form()
    wish = CheckoutWish.of_form(form)
    counter = await _counter(visit, wish, form.text("cart"))
    async with visit.read() as connection:
        shop = await shop_settings.current(connection)
    shown = _shown(counter, wish, form)
    # Methods that are the same stay, and with them the focus of whoever chooses among them by keyboard.
    methods_stay = form.text("methods_shown") == shown["methods_shown"]
    return await visit.part("storefront/checkout/reckoned.html", shop=shop, methods_stay=methods_stay, **shown)


async def send(visit: Visit) -> Response:
    """Places the order and pays it; a page without scripts also sends this to see the sums again."""
    form = await visit.form()
    wish = CheckoutWish.of_form(form)
    if form.text("step") == "reckon":
        return await _page(visit, wish, form, form.text("cart"))
    contact, address, code = wish.contact(form), wish.address(form), wish.code(form)
    billing = wish.address(form, BILLING) if wish.other_billing else None
    if form.problems or contact is None or address is None:
        visit.flash("error", "Please look at the marked fields.")
        return await _page(visit, wish, form, form.text("cart"), status=422)
    counter = await _counter(visit, wish, form.text("cart"))
    if counter.total is None or (counter.cart.state == "open" and not _is_as_shown(visit, counter.total, form)):
        return await _page(visit, wish, form, form.text("cart"), status=409)
    actions = (
        SetCartContact(
            cart_id=counter.cart.id,
            email=contact.email,
            shipping_address=address,
            billing_address=billing,
            country=address.country,
        ),
        ChooseShipping(cart_id=counter.cart.id, shipping_method_id=counter.total.shipping_method_id or ""),
        SetCoupon(cart_id=counter.cart.id, coupon_code=code),
    )
    try:
        for action in actions:
            await visit.done(action, form.key)
        expected = form.number("expected_total_minor")
        order = form.require(PlaceOrder, {"cart_id": counter.cart.id, "expected_total_minor": expected})
        placed = await visit.done(order, form.key)
    except Refusal as refusal:
        visit.flash("error", for_shoppers(refusal))
        return await _page(visit, wish, form, form.text("cart"), status=409)
    return await pay(visit, form, own_till(visit, placed["order_id"]))


async def account_of(connection: Connection, visit: Visit) -> Customer | None:
    """The account of whoever is signed in."""
    if not visit.is_signed_in or visit.actor is None:
        return None
    return await get_customer(connection, visit.actor, visit.actor.id)


async def _counter(visit: Visit, wish: CheckoutWish, cart_id: str) -> Counter:
    now = visit.context.clock.now()
    shopper = visit.shopper()
    async with visit.context.database.read_snapshot() as connection:
        cart = await get_cart(connection, shopper, cart_id, now)
        customer = await account_of(connection, visit)
        includes_tax = (await shop_settings.current(connection)).prices_include_tax
        try:
            total = await cart_total(connection, shopper, cart.id, now, instead=wish.instead)
        except Refusal as refusal:
            return Counter(cart, customer, None, for_shoppers(refusal), includes_tax)
    if total.shipping_method_id is None:
        refused = "We do not deliver this to that country. Please ask us."
        return Counter(cart, customer, total, refused, includes_tax)
    return Counter(cart, customer, total, "", includes_tax)


def _is_as_shown(visit: Visit, total: CartTotal, form: Form) -> bool:
    """Whether the shopper has seen this sum; nobody pays one they have not."""
    if total.shipping_method_id is None:
        return False
    if total.coupon_refused:
        visit.flash("error", total.coupon_refused)
        return False
    if form.number("expected_total_minor", -1) == total.total_minor:
        return True
    amount = money(total.total_minor, total.currency)
    visit.flash("note", f"The total is {amount} now. Please have a look and order again.")
    return False


async def _page(visit: Visit, wish: CheckoutWish, form: Form, cart_id: str, *, status: int = 200) -> Response:
    counter = await _counter(visit, wish, cart_id)
    if counter.cart.state != "open":
        return visit.redirect("/cart")
    async with visit.read() as connection:
        products = await products_of_lines(connection, [line.product_id for line in counter.cart.lines])
        served = {code for zone in await zones(connection) for code in zone.countries}
    shown = _shown(counter, wish, form)
    ways = ways_to_pay(visit.context, counter.customer)
    response = await visit.page(
        "storefront/checkout/checkout.html",
        status=status,
        private=True,
        products=products,
        countries=country_choices(served),
        ways=ways,
        pay_chosen=form.text("pay"),
        **shown,
    )
    if ways.needs_script:
        response.headers[POLICY_HEADER] = STRIPE_POLICY
    return response


def _shown(counter: Counter, wish: CheckoutWish, form: Form) -> Mapping[str, Any]:
    return {
        "cart": counter.cart,
        "customer": counter.customer,
        "total": counter.total,
        "methods_shown": None if counter.total is None else digest(counter.total.shipping_methods),
        "sums": None
        if counter.total is None
        else sums_of_cart(counter.cart, counter.total, includes_tax=counter.includes_tax),
        "refused": counter.refused,
        "wish": wish,
        "problems": form.problems,
    }


PAGES = (
    get("/checkout", show),
    post("/checkout", send),
    post("/checkout/sums", reckon),
)
