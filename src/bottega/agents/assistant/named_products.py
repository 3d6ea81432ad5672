"""What a customer names by its title is looked up before anything is decided: then it is known what they speak of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bottega.agents.assistant.language.product_names import Named, ProductNames
from bottega.agents.tools.labels import PRODUCT
from bottega.platform.database.pool import Connection
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Evidence
from bottega.shop import shop_settings

# The slot for engines of our own: products with the words that name them, and what else of the message is in titles.
NAMED_PRODUCTS = "named_products"
# How old the titles may be; what a product costs and whether it is there is always read anew.
TITLES_AGE = timedelta(seconds=60)
LONGEST_MESSAGE_CHARACTERS = 2_000

_TITLES = "SELECT id, title FROM shop.products WHERE status = 'published' ORDER BY id"
_STAMP = "SELECT count(*), max(updated_at) FROM shop.products"
_PRODUCTS = """
SELECT p.id, p.title, p.brand, c.path AS category, p.tags, min(shop.effective_amount(r, $3)) AS price_minor
FROM shop.products p
LEFT JOIN shop.categories c ON c.id = p.category_id
JOIN shop.variants v ON v.product_id = p.id AND v.active
JOIN shop.prices r ON r.variant_id = v.id AND r.currency = $2
WHERE p.id = ANY($1::text[]) AND p.status = 'published' GROUP BY p.id, c.path"""


class NamedProducts:
    """The products that the newest message names by their titles; keeps the catalogue's titles in memory."""

    name = NAMED_PRODUCTS

    def __init__(self) -> None:
        self._names = ProductNames({})
        self._stamp: tuple[Any, ...] = ()
        self._read_at: datetime | None = None

    async def observe(self, context: RunContext) -> Sequence[Evidence]:
        context.slots.pop(NAMED_PRODUCTS, None)
        said = context.task.get("said")
        if not isinstance(said, str) or not said.strip():
            return []
        async with context.read() as connection:
            names = await self._current(connection, context.now)
            named = names.named_in(said[:LONGEST_MESSAGE_CHARACTERS])
            known = names.known_in(said[:LONGEST_MESSAGE_CHARACTERS])
            context.slots[NAMED_PRODUCTS] = {"named": [], "known_words": known}
            if not named:
                return []
            currency = (await shop_settings.current(connection)).currency
            keys = [key for one in named for key in (*one.keys, *one.also)]
            rows = await connection.fetch(_PRODUCTS, keys, currency, context.now)
        records = {row["id"]: {**dict(row), "currency": currency} for row in rows}
        slots = [_slot(said, one, records) for one in named]
        context.slots[NAMED_PRODUCTS] = {"named": slots, "known_words": known}
        value = {"products": list(records.values())}
        return [Evidence(f"{context.run.id}.{NAMED_PRODUCTS}", self.name, value, PRODUCT, observed_at=context.now)]

    async def _current(self, connection: Connection, now: datetime) -> ProductNames:
        if self._read_at is None or now - self._read_at >= TITLES_AGE or now < self._read_at:
            stamp = tuple(await connection.fetchrow(_STAMP) or ())
            if stamp != self._stamp:
                rows = await connection.fetch(_TITLES)
                self._names = ProductNames({row["id"]: row["title"] for row in rows})
                self._stamp = stamp
            self._read_at = now
        return self._names


def _slot(said: str, named: Named, records: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "words": said[named.start : named.end],
        "products": [records[key] for key in named.keys if key in records],
        "also": [records[key] for key in named.also if key in records],
    }
