"""Playing shoppers' sentences against a shop: what is found for each, and why that is not what it demands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bottega.bootstrap import Application
from bottega.retrieval.search import embedder_of
from bottega.shop.catalogue.listing import Filters
from bottega.shop.catalogue.search import search_products
from bottega.shop.catalogue.search_records import SearchRequest
from tests.sentences.checking import Catalogue, Sentence, reasons_against, some_missing

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one sentence led to; `reasons` is empty when all of it holds."""

    id: str
    sentence: str
    found: tuple[str, ...]
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.id}: {self.sentence!r}: {'; '.join(self.reasons[:3]) or 'right'}"


async def played(
    application: Application, sentence: Sentence, catalogue: Catalogue, names: Mapping[str, str]
) -> Verdict:
    """Searches a sentence as a shopper would and judges the first ten; `names` are the catalogue's by product id."""
    ids = {name: product_id for product_id, name in names.items()}
    shown = None if sentence.shown is None else ids[sentence.shown]
    request = SearchRequest(sentence.sentence, Filters("EUR"), shown=shown, limit=SHOWN)
    async with application.database.search() as connection:
        now, embedder = application.clock.now(), embedder_of(application.services)
        page = await search_products(connection, request, now, embedder=embedder)
    found = [names[product_id] for product_id in page.product_ids]
    reasons = reasons_of(sentence, found, catalogue)
    return Verdict(sentence.id, sentence.sentence, tuple(found), tuple(reasons))


def reasons_of(sentence: Sentence, found: Sequence[str], catalogue: Catalogue) -> list[str]:
    """Why these products are no answer; empty when they are."""
    if not found:
        return ["nothing was found"]
    products = [catalogue.products[name] for name in found]
    reasons = [
        f"{name}: {reason}"
        for name, product in zip(found, products, strict=True)
        for reason in reasons_against(sentence, product, catalogue)
    ]
    return [*reasons, *some_missing(sentence, products, catalogue)]


async def handles_of(application: Application) -> dict[str, str]:
    """Handles by product id: what the demo's sentences call its products."""
    async with application.database.search() as connection:
        return {row["id"]: row["handle"] for row in await connection.fetch("SELECT id, handle FROM shop.products")}
