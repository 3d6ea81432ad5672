"""Reviews in the console: read, published and hidden, one by one and many at once."""

from bottega.actions.actor import Actor
from bottega.kernel.identifiers import new_id
from bottega.shop.reviews.actions import WriteReview
from tests.gateway.people import register
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.console.working import send, submit_chosen
from tests.web.shelf import HOSTILE, Shelf

REVIEWS = f"{CONSOLE}/reviews"


async def written(shelf: Shelf, text: str = "Dry all day.", rating: int = 5) -> str:
    """A review of the boot by a new customer, which waits."""
    customer = await register(shelf.shop, f"{new_id('req')}@example.com")
    product_id = await shelf.shop.fetchval("SELECT id FROM shop.products WHERE handle = 'scree-boot'")
    action = WriteReview(product_id=product_id, rating=rating, title=text[:100], text=text, author="Ada L.")
    by = Actor("customer", customer.customer_id, "customer")
    return (await shelf.shop.done(action, by=by))["review_id"]


async def state_of(shelf: Shelf, review_id: str) -> str:
    return await shelf.shop.fetchval("SELECT state FROM shop.reviews WHERE id = $1", review_id)


async def shown_to_shoppers(shelf: Shelf) -> list[str]:
    found = await shelf.shop.client.get("/api/products/scree-boot/reviews")
    return [one["id"] for one in found.json()["items"]]


async def test_a_review_is_published_and_hidden_with_a_reason(shelf: Shelf, support: Colleague) -> None:
    review_id = await written(shelf, HOSTILE)
    page = await support.get(f"{REVIEWS}?state=pending&q=scree-boot")
    assert_whole(page)
    assert (page.count("main script, main img"), HOSTILE in page.text) == (0, True)
    published = await support.submit(page, f"form[action$='{review_id}/publication']")
    assert "Everybody sees it now." in published.flashes
    assert (await state_of(shelf, review_id), review_id in await shown_to_shoppers(shelf)) == ("published", True)
    page = await support.get(f"{REVIEWS}?state=published")
    hidden = await support.submit(page, f"#hide-{review_id} form", reason="Advertising")
    assert "It is hidden." in hidden.flashes
    assert (await state_of(shelf, review_id), review_id in await shown_to_shoppers(shelf)) == ("rejected", False)
    (entry,) = await shelf.shop.fetch(
        "SELECT actor_id, convert_from(arguments, 'UTF8')::jsonb ->> 'reason' AS reason FROM log.entries "
        "WHERE action = 'RejectReview' ORDER BY sequence DESC LIMIT 1"
    )
    assert dict(entry) == {"actor_id": support.id, "reason": "Advertising"}


async def test_many_are_published_and_the_list_is_narrowed(shelf: Shelf, support: Colleague) -> None:
    first, second = await written(shelf, rating=1), await written(shelf, rating=2)
    page = await submit_chosen(support, REVIEWS, f"{REVIEWS}/publications", [first, second])
    assert "Published." in page.flashes
    assert [await state_of(shelf, one) for one in (first, second)] == ["published", "published"]
    ones = await support.get(f"{REVIEWS}?stars=1&state=published")
    assert [ones.count(f"input[value='{one}']") for one in (first, second)] == [1, 0]
    assert (await support.get(f"{REVIEWS}?q=nothing-like-it")).count("tbody tr") == 0
    await submit_chosen(support, REVIEWS, f"{REVIEWS}/rejections", [first, second])
    assert [await state_of(shelf, one) for one in (first, second)] == ["rejected", "rejected"]


async def test_who_may_not_changes_nothing(shelf: Shelf, colleagues: dict[str, Colleague]) -> None:
    review_id = await written(shelf)
    for role in ("warehouse", "analyst"):
        refused = await send(colleagues[role], f"{REVIEWS}/{review_id}/publication")
        assert refused.status == 403, role
    assert (await colleagues["warehouse"].get(REVIEWS)).count("main form[method='post']") == 0
    assert await state_of(shelf, review_id) == "pending"
    nobody = await send(colleagues["support"], f"{REVIEWS}/rev_nobody/publication", REVIEWS)
    assert "Review" in nobody.flashes
