"""What a customer looks at while they talk: told by the page, and read from the shop."""

from collections.abc import Sequence
from typing import Any

from bottega.agents.tools.labels import PRODUCT
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Evidence, Json
from bottega.shop import shop_settings

# The name under which it travels in a message's attachments, and its slot for engines of our own.
ON_SCREEN = "on_screen"

_PRODUCT = """
SELECT p.id, p.title, p.brand, c.path AS category, p.tags, min(shop.effective_amount(r, $3)) AS price_minor
FROM shop.products p
LEFT JOIN shop.categories c ON c.id = p.category_id
JOIN shop.variants v ON v.product_id = p.id AND v.active
JOIN shop.prices r ON r.variant_id = v.id AND r.currency = $2
WHERE p.id = $1 AND p.status = 'published' GROUP BY p.id, c.path"""


class OnScreen:
    """The product whose page is open, if one is."""

    name = ON_SCREEN

    async def observe(self, context: RunContext) -> Sequence[Evidence]:
        attached: Json = context.task.get("attachments") or {}
        told: Json = attached.get(ON_SCREEN) or {}
        product_id = told.get("product_id")
        context.slots.pop(ON_SCREEN, None)
        if not isinstance(product_id, str):
            return []
        async with context.read() as connection:
            currency = (await shop_settings.current(connection)).currency
            row = await connection.fetchrow(_PRODUCT, product_id, currency, context.now)
        if row is None:
            return []
        product: dict[str, Any] = {**dict(row), "currency": currency}
        context.slots[ON_SCREEN] = product
        value = {"product": product}
        return [Evidence(f"{context.run.id}.{ON_SCREEN}", self.name, value, PRODUCT, observed_at=context.now)]
