"""The cart: putting things in, changing how many, taking them out."""

from starlette.responses import Response

from bottega.kernel.errors import Conflict, Invalid
from bottega.shop import shop_settings
from bottega.shop.carts.actions import AddCartLine, ChangeCartLine, RemoveCartLine
from bottega.shop.carts.model import Cart
from bottega.web.faces import get, post
from bottega.web.forms import Form
from bottega.web.storefront.cart.open_carts import cart_to_fill, open_cart, open_cart_id
from bottega.web.storefront.goods.lines import products_of_lines
from bottega.web.storefront.goods.promise import shipping_promise
from bottega.web.storefront.product.options import FIELD, variant_with
from bottega.web.storefront.product.pages import read_product
from bottega.web.visit import Visit

MOST_AT_ONCE = 99
QUESTIONS = ("How long does delivery take?", "How can I pay?", "How do returns work?")


async def show(visit: Visit) -> Response:
    """What is in it and what it comes to before shipping."""
    return await _page(visit)


async def add(visit: Visit) -> Response:
    """Puts a variant in, named by its id or by a product and its options."""
    form = await visit.form()
    variant_id, title = await _wanted(visit, form)
    quantity = max(1, min(MOST_AT_ONCE, form.number("quantity", 1)))
    cart_id = await cart_to_fill(visit, form.key)
    await visit.done(AddCartLine(cart_id=cart_id, variant_id=variant_id, quantity=quantity), form.key)
    if visit.is_partial:
        async with visit.read() as connection:
            cart = await open_cart(connection, visit)
            assert cart is not None, "something was just put into it"
            line = next(line for line in cart.lines if line.variant_id == variant_id)
            products = await products_of_lines(connection, [line.product_id])
        return await visit.part(
            "storefront/cart/added.html", cart=cart, line=line, products=products, cart_count=_units(cart)
        )
    visit.flash("done", f"{title} is in your cart.")
    return visit.redirect("/cart")


async def change(visit: Visit) -> Response:
    """Another quantity for a line; none at all takes it out."""
    form = await visit.form()
    line_id = visit.request.path_params["line_id"]
    quantity = form.number("quantity", 1)
    async with visit.read() as connection:
        cart_id = await open_cart_id(connection, visit)
    if cart_id is None:
        raise Conflict("no_such_cart", "There is no open cart.")
    if quantity <= 0 or form.is_ticked("remove"):
        action = form.record(RemoveCartLine, {"cart_id": cart_id, "line_id": line_id})
    else:
        values = {"cart_id": cart_id, "line_id": line_id, "quantity": min(quantity, 9999)}
        action = form.record(ChangeCartLine, values)
    if action is None:
        raise Invalid("no_such_line", "This line is not in the cart.")
    await visit.done(action, form.key)
    return await _page(visit) if visit.is_partial else visit.redirect("/cart")


async def badge(visit: Visit) -> Response:
    """The cart's count in the header, for a page that the browser shows again without asking for it."""
    async with visit.read() as connection:
        cart = await open_cart(connection, visit)
    return await visit.part("storefront/frame/cart_link.html", cart_count=0 if cart is None else _units(cart))


async def _page(visit: Visit) -> Response:
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        cart = await open_cart(connection, visit)
        worth = 0 if cart is None else cart.subtotal_minor
        promise = await shipping_promise(connection, settings, visit.context.clock.now(), subtotal_minor=worth)
        products = await products_of_lines(connection, [] if cart is None else [line.product_id for line in cart.lines])
    if not visit.is_partial:
        return await visit.page(
            "storefront/cart/cart.html",
            private=True,
            cart=cart,
            promise=promise,
            products=products,
            questions=QUESTIONS,
        )
    return await visit.part(
        "storefront/cart/changed.html",
        shop=settings,
        cart=cart,
        cart_count=0 if cart is None else _units(cart),
        promise=promise,
        products=products,
    )


async def _wanted(visit: Visit, form: Form) -> tuple[str, str]:
    """The variant's id and the product's title."""
    async with visit.read() as connection:
        product = await read_product(connection, visit, form.text("product"))
    variants = product["variants"]
    if variant_id := form.text("variant"):
        found = next((variant for variant in variants if variant["id"] == variant_id), None)
    else:
        wanted = {name: form.text(f"{FIELD}{name}") for name in product["option_names"]}
        if missing := [name for name, value in wanted.items() if not value]:
            raise Invalid("option_missing", f"Please choose the {missing[0]} first.")
        found = variant_with(variants, wanted)
    if found is None or found["price_minor"] is None:
        raise Invalid("no_such_combination", "This combination does not exist. Please choose another.")
    if found["available"] <= 0:
        raise Conflict("out_of_stock_now", "This one is out of stock just now. Please choose another.")
    return found["id"], product["title"]


def _units(cart: Cart) -> int:
    return sum(line.quantity for line in cart.lines)


PAGES = (
    get("/cart", show),
    get("/cart/badge", badge),
    post("/cart/lines", add),
    post("/cart/lines/{line_id}", change),
)
