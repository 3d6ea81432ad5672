"""A delivery as it is typed or scanned: one SKU or barcode and a number per line."""

from starlette.responses import Response

from bottega.shop.stock.queries import locations
from bottega.web.forms import Form
from bottega.web.visit import Visit

MOST_LINES = 500


def lines_of(text: str) -> tuple[dict[str, int], list[str]]:
    """Units by SKU or barcode, and the lines that say none; the same code is added up, as scanners give it."""
    units: dict[str, int] = {}
    wrong: list[str] = []
    for line in text.splitlines():
        words = line.replace(",", " ").replace(";", " ").replace("\t", " ").split()
        if not words:
            continue
        code, number = (words[0], words[1]) if len(words) == 2 else (words[0], "1")
        if len(words) > 2 or not number.isascii() or not number.isdecimal() or len(number) > 6 or int(number) == 0:
            wrong.append(line.strip()[:60])
        else:
            units[code] = units.get(code, 0) + int(number)
    return units, wrong


async def receipt_page(visit: Visit, form: Form, *, status: int = 200) -> Response:
    """The form, with what is wrong with it."""
    async with visit.read() as connection:
        places = [place for place in await locations(connection) if place.active]
    return await visit.page(
        "console/stock/receipt.html",
        status=status,
        private=True,
        locations=[(place.id, place.name) for place in places],
        location_id=form.text("location_id"),
        reference=form.text("reference"),
        text=form.text("lines"),
        problems=form.problems,
    )
