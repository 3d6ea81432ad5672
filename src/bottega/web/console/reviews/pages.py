"""The list of reviews, and deciding which of them everybody sees."""

from starlette.responses import Response

from bottega.shop.reviews.actions import PublishReview, RejectReview
from bottega.web.console.asking import asked
from bottega.web.console.doing import chosen_of, do, do_each
from bottega.web.console.registry import PEOPLE, SUPPORT, deed, offered, page
from bottega.web.console.reviews import queries
from bottega.web.console.work_list import BulkDeed, Column, Filter, WorkList, asked_of
from bottega.web.visit import Visit

COLUMNS = (
    Column("Review"),
    Column("Product", "product"),
    Column("Stars", "stars", is_number=True),
    Column("By"),
    Column("Written", "written"),
    Column("State"),
)
FILTERS = (
    Filter(
        "state",
        "Show",
        (("", "All"), ("pending", "Waiting"), ("published", "Published"), ("rejected", "Hidden")),
    ),
    Filter("stars", "Stars", (("", "Any"), *((str(number), str(number)) for number in range(5, 0, -1)))),
)
BULK = (
    BulkDeed("Publish", "/console/reviews/publications"),
    BulkDeed("Hide", "/console/reviews/rejections", asks="Hide the chosen reviews?"),
)


async def show_all(visit: Visit) -> Response:
    """The list, the newest first."""
    asked_for = asked_of(visit, sorts=tuple(queries.SORTS), default="-written", filters=FILTERS)
    async with visit.read() as connection:
        rows = await queries.listed(connection, asked_for)
    reviews = WorkList(
        "Reviews",
        asked_for,
        COLUMNS,
        rows,
        filters=FILTERS,
        searches="Title or handle of a product",
        deeds=offered(visit, SUPPORT, BULK),
        nothing="Nobody has written one yet",
    )
    return await visit.page("console/reviews/list.html", private=True, reviews=reviews)


async def publish(visit: Visit) -> Response:
    """Everybody sees it, and it counts in the product's stars."""
    action = asked(PublishReview, review_id=visit.request.path_params["review_id"])
    return await do(visit, action, "Everybody sees it now.")


async def reject(visit: Visit) -> Response:
    """Nobody sees it; the reason stands in the log."""
    form = await visit.form()
    action = asked(RejectReview, review_id=visit.request.path_params["review_id"], reason=form.text("reason"))
    return await do(visit, action, "It is hidden.")


async def publish_each(visit: Visit) -> Response:
    names = await _names(visit)
    return await do_each(visit, lambda row: asked(PublishReview, review_id=row), "Published.", names=names)


async def reject_each(visit: Visit) -> Response:
    names = await _names(visit)
    return await do_each(visit, lambda row: asked(RejectReview, review_id=row), "Hidden.", names=names)


async def _names(visit: Visit) -> dict[str, str]:
    chosen = chosen_of(await visit.form())
    async with visit.read() as connection:
        return await queries.products_of(connection, chosen)


PAGES = (
    page("/reviews", show_all, PEOPLE),
    deed("/reviews/publications", publish_each, SUPPORT),
    deed("/reviews/rejections", reject_each, SUPPORT),
    deed("/reviews/{review_id}/publication", publish, SUPPORT),
    deed("/reviews/{review_id}/rejection", reject, SUPPORT),
)
