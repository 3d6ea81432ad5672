"""What colleagues of a test do on pages of the console, and what became of it in the shop."""

from collections.abc import Sequence
from urllib.parse import urlencode

from bottega.web.forms import new_key
from tests.web.console.colleagues import Colleague
from tests.web.shelf import Shelf
from tests.web.visitor import ORIGIN, SAME_ORIGIN, Page


async def submit_chosen(colleague: Colleague, page: str, address: str, chosen: Sequence[str], **fields: str) -> Page:
    """Ticks rows of a list and presses the button that goes to `address`."""
    pairs = [("key", new_key()), *(("chosen", row) for row in chosen), *fields.items()]
    headers = {**SAME_ORIGIN, "Referer": f"{ORIGIN}{page}", "Content-Type": "application/x-www-form-urlencoded"}
    return Page(await colleague.client.post(address, content=urlencode(pairs), headers=headers))


async def send(colleague: Colleague, address: str, page: str = "/console", **fields: str) -> Page:
    """A form as a page would give it, with a new key."""
    return await colleague.post(address, {"key": new_key(), **fields}, Referer=f"{ORIGIN}{page}")


def attribute(page: Page, selector: str, name: str) -> str:
    """What an attribute of the first element that fits says."""
    found = page.tree.css_first(selector)
    assert found is not None, f"{selector} is not on {page.path}"
    return found.attributes[name] or ""


async def statuses(shelf: Shelf, order_id: str) -> tuple[str, str, str]:
    """An order's own status, its payment's and its fulfilment's."""
    rows = await shelf.shop.fetch(
        "SELECT status, payment_status, fulfilment_status FROM shop.orders WHERE id = $1", order_id
    )
    return rows[0]["status"], rows[0]["payment_status"], rows[0]["fulfilment_status"]
