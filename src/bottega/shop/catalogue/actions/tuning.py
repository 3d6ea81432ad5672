"""Tuning the search: words that mean the same, and products that come first for a query."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import PinId, ProductId, SynonymsId
from bottega.shop.catalogue.errors import NoSuchPin, NoSuchProduct, NoSuchSynonyms, NoWords, TooManyTunings
from bottega.shop.catalogue.tuning import MOST_PHRASE_WORDS, MOST_QUERY_WORDS, query_key

MOST_SETS = 2_000
MOST_PINNED_QUERIES = 2_000

Phrase = Annotated[str, Field(min_length=1, max_length=80, description="Up to 4 words.", examples=["sofa"])]
Phrases = Annotated[tuple[Phrase, ...], Field(min_length=1, max_length=12, examples=[["couch", "settee"]])]
PinnedQuery = Annotated[str, Field(min_length=1, max_length=120, examples=["winter jacket"])]
PinnedProducts = Annotated[
    tuple[ProductId, ...], Field(min_length=1, max_length=20, description="The first comes first.")
]


class SetSynonyms(Action):
    """Words that mean the same to the search from now on; replaces what was set for the phrase before.

    With `both_ways` a search for any of them finds the others too; without, a search for the phrase alone does.
    """

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    phrase: Phrase
    means: Phrases
    both_ways: bool = True


class RemoveSynonyms(Action):
    """Takes a set of synonyms away again."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    synonyms_id: SynonymsId


class PinResults(Action):
    """Products that come first for a query from now on, where they are for sale and meet what else was asked for.

    Replaces what was pinned for the query before. Queries of the same stems in the same order are the same.
    """

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    query: PinnedQuery
    product_ids: PinnedProducts


class UnpinResults(Action):
    """Takes the pins of a query away again."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    pin_id: PinId


async def pin_facts(action: PinResults, work: Work) -> Facts:
    """How many products at once."""
    del work
    return {"rows_changed": len(action.product_ids)}


@handles(SetSynonyms, undoable=True)
async def set_synonyms(action: SetSynonyms, work: Work) -> dict[str, Any]:
    """One row, found by the stems of its phrase."""
    key = _key(action.phrase, MOST_PHRASE_WORDS)
    same = {_key(text, MOST_PHRASE_WORDS): text for text in action.means}
    if key in same:
        raise Invalid(
            "synonym_of_itself",
            f"To the search '{same[key]}' and '{action.phrase}' are the same word already.",
            next_step="Leave it out.",
        )
    await _lock(work, "shop.search_synonyms")
    row = await work.connection.fetchrow(
        _SET,
        work.new_id("syn"),
        key,
        action.phrase,
        list(same.values()),
        action.both_ways,
        [key, *same],
        work.now,
        MOST_SETS,
    )
    if row is None:
        raise TooManyTunings("sets of synonyms", MOST_SETS)
    return {"synonyms_id": row["id"], "phrase": action.phrase, "means": list(same.values())}


@handles(RemoveSynonyms, undoable=True)
async def remove_synonyms(action: RemoveSynonyms, work: Work) -> dict[str, Any]:
    found = await work.connection.fetchval(
        "DELETE FROM shop.search_synonyms WHERE id = $1 RETURNING id", action.synonyms_id
    )
    if found is None:
        raise NoSuchSynonyms(action.synonyms_id)
    return {"synonyms_id": action.synonyms_id}


@handles(PinResults, facts=pin_facts, undoable=True)
async def pin_results(action: PinResults, work: Work) -> dict[str, Any]:
    """One row, found by the stems of its query; a product that is not published yet may be pinned."""
    key = _key(action.query, MOST_QUERY_WORDS)
    product_ids = list(dict.fromkeys(action.product_ids))
    missing = await work.connection.fetchval(
        "SELECT n.id FROM unnest($1::text[]) WITH ORDINALITY AS n (id, place) "
        "WHERE NOT EXISTS (SELECT FROM shop.products p WHERE p.id = n.id) ORDER BY n.place LIMIT 1",
        product_ids,
    )
    if missing is not None:
        raise NoSuchProduct(missing)
    await _lock(work, "shop.search_pins")
    pin_id = await work.connection.fetchval(
        _PIN, work.new_id("pin"), key, action.query, product_ids, work.now, MOST_PINNED_QUERIES
    )
    if pin_id is None:
        raise TooManyTunings("pinned queries", MOST_PINNED_QUERIES)
    return {"pin_id": pin_id, "query": action.query, "product_ids": product_ids}


@handles(UnpinResults, undoable=True)
async def unpin_results(action: UnpinResults, work: Work) -> dict[str, Any]:
    found = await work.connection.fetchval("DELETE FROM shop.search_pins WHERE id = $1 RETURNING id", action.pin_id)
    if found is None:
        raise NoSuchPin(action.pin_id)
    return {"pin_id": action.pin_id}


def _key(phrase: str, most: int) -> str:
    key = query_key(phrase)
    if not 1 <= len(key.split()) <= most:
        raise NoWords(phrase, most)
    return key


async def _lock(work: Work, table: str) -> None:
    """One after the other, so that the limit on their number holds."""
    await work.connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", table)


_SET = """
INSERT INTO shop.search_synonyms AS s (id, key, phrase, means, both_ways, keys, updated_at)
SELECT $1, $2, $3, $4::text[], $5, $6::text[], $7::timestamptz
WHERE (SELECT count(*) FROM shop.search_synonyms) < $8::int
   OR EXISTS (SELECT FROM shop.search_synonyms WHERE key = $2)
ON CONFLICT (key) DO UPDATE SET phrase = excluded.phrase, means = excluded.means, both_ways = excluded.both_ways,
    keys = excluded.keys, updated_at = excluded.updated_at
RETURNING id"""

_PIN = """
INSERT INTO shop.search_pins AS s (id, key, query, product_ids, updated_at)
SELECT $1, $2, $3, $4::text[], $5::timestamptz
WHERE (SELECT count(*) FROM shop.search_pins) < $6::int OR EXISTS (SELECT FROM shop.search_pins WHERE key = $2)
ON CONFLICT (key) DO UPDATE SET query = excluded.query, product_ids = excluded.product_ids,
    updated_at = excluded.updated_at
RETURNING id"""
