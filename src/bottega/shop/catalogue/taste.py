"""What one shopper tends to choose, and how far it may move what a search has found for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate

from bottega.platform.database.pool import Connection
from bottega.shop.catalogue.product_ranking import Ranked
from bottega.shop.catalogue.search_reading import Reading
from bottega.shop.catalogue.search_records import SearchRequest

# So much of its score a product gains at most. What fits the words badly is not lifted over what fits them well.
LARGEST_GAIN = 0.15
# So many of the best are ordered anew; the same however far somebody pages.
CONSIDERED = 100
_BRAND_SHARE, _CATEGORY_SHARE = 0.5, 0.5
_DEPARTMENT_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Taste:
    """Brands (as the facet spells them) and categories (paths) with how much they count, any positive numbers.

    Whoever passes it has the shopper's consent.
    """

    brands: Mapping[str, float] = field(default_factory=dict[str, float])
    categories: Mapping[str, float] = field(default_factory=dict[str, float])

    def gain(self, brand: str, category: str) -> float:
        """How much of its score such a product gains, from 0 to `LARGEST_GAIN`."""
        by_brand = self.brands.get(brand, 0.0) / max(self.brands.values(), default=1.0)
        most = max(self.categories.values(), default=1.0)
        department = category.partition("/")[0]
        below = sum(weight for path, weight in self.categories.items() if path.partition("/")[0] == department)
        by_category = max(self.categories.get(category, 0.0), _DEPARTMENT_SHARE * min(below, most)) / most
        return LARGEST_GAIN * (_BRAND_SHARE * by_brand + _CATEGORY_SHARE * by_category)


async def by_taste(connection: Connection, request: SearchRequest, reading: Reading, ranked: Ranked) -> Ranked:
    """The same products, those first among the best that the shopper tends to choose; only in the order by relevance.

    `gains` says for each what it gained.
    """
    taste = request.taste
    if taste is None or request.sort != "relevance" or reading.form.sort is not None or not ranked.found:
        return ranked
    front = ranked.found[:CONSIDERED]
    rows = await connection.fetch(_TRAITS, [one.row["product_id"] for one in front], reading.form.currency)
    gains = {row["product_id"]: taste.gain(row["brand"] or "", row["category"] or "") for row in rows}
    gains = {product_id: gain for product_id, gain in gains.items() if gain > 0}
    if not gains:
        return ranked

    # What stands where it does for another reason than its score (it is out of stock, say) counts like its place.
    scores = accumulate((one.score for one in front), min)
    lifted = [
        (-score * (1 + gains.get(one.row["product_id"], 0.0)), place)
        for place, (one, score) in enumerate(zip(front, scores, strict=True))
    ]
    ordered = [front[place] for _, place in sorted(lifted)]
    return replace(ranked, found=[*ordered, *ranked.found[CONSIDERED:]], gains=gains)


_TRAITS = """
SELECT p.product_id,
       (SELECT max(substr(f, 7)) FROM unnest(p.facets) AS f WHERE starts_with(f, 'brand:')) AS brand,
       (SELECT max(substr(f, 10)) FROM unnest(p.facets) AS f WHERE starts_with(f, 'category:')) AS category
FROM search.products p WHERE p.product_id = ANY ($1::text[]) AND p.currency = $2"""
