"""The vocabulary of the catalogue: learnt from the read model, kept in one row, and held by each process."""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from bottega.platform.database.pool import Connection, Row
from bottega.shop.catalogue.product_documents import READER
from bottega.shop.catalogue.tuning import TUNING, AskedParts, Tuning, tuned, tuning_of
from bottega.shop.catalogue.understanding.language import language
from bottega.shop.catalogue.understanding.measures import measures
from bottega.shop.catalogue.understanding.vocabulary import PRICE_SHARES, Vocabulary, vocabulary_of

# Words of so many products at most are looked at for what goes together; a sample of a larger catalogue tells the same.
MOST_SAMPLED = 25_000
MOST_TRAITS_KEPT = 40_000
MOST_KINDS = 6_000
MOST_WORDS = 60_000
# How many vocabularies a process holds: more than one only where it serves several databases, as tests do.
MOST_MADE = 3
NOTHING_LEARNT = Vocabulary()
LEAST_FIELD_SHARE = 0.03
LONGEST_STATEMENT_SECONDS = 300.0
# A change of this share of the catalogue is learnt at once, a smaller one by the clock.
LEARNT_AT_ONCE_SHARE = 0.3
LEARNT_AT_LEAST_EVERY_SECONDS = 600
SMALL_CATALOGUE = 5_000


@dataclass(frozen=True, slots=True)
class Due:
    """How much has changed since the vocabulary was learnt."""

    changed: int
    products: int
    learnt_at: datetime | None

    def at_once(self) -> bool:
        """Whether so much of a small catalogue changed that waiting would mislead; a large one takes too long."""
        enough = self.learnt_at is None or self.changed >= LEARNT_AT_ONCE_SHARE * self.products
        return self.changed > 0 and self.products <= SMALL_CATALOGUE and enough

    def by_the_clock(self, now: datetime) -> bool:
        """Whether a job should learn now: small catalogues always, larger ones when it is worth it."""
        if self.changed == 0:
            return False
        if self.learnt_at is None or self.products <= SMALL_CATALOGUE or self.changed >= 0.02 * self.products:
            return True
        return (now - self.learnt_at).total_seconds() >= LEARNT_AT_LEAST_EVERY_SECONDS


# What this process has made of vocabularies, by version: the newest few, whichever database they are from.
_made: dict[str, Vocabulary] = {}


async def current(connection: Connection) -> Vocabulary:
    """The vocabulary as it was last learnt; made once per process and version, empty before anything was learnt."""
    return _taken(await connection.fetchrow(_CURRENT, list(_made), READER))[0]


async def with_tuning(connection: Connection, text: str) -> tuple[Vocabulary, str, Tuning]:
    """The same, a stamp that is another one whenever the read model was written, empty before it ever was, and how
    staff tuned the search for a query. Every search asks for all three: one statement brings them."""
    asked = AskedParts.of(text)
    rows = await connection.fetch(_CURRENT_AND_TUNING, list(_made), READER, asked.phrases, asked.keys)
    if not rows:
        return NOTHING_LEARNT, "", await tuning_of(connection, text)
    vocabulary, stamp = _taken(rows[0])
    return vocabulary, stamp, tuned(asked, [row for row in rows if row["said"] is not None])


def _taken(row: Row | None) -> tuple[Vocabulary, str]:
    if row is None or not row["version"]:
        return NOTHING_LEARNT, "" if row is None else row["stamp"]
    if row["version"] not in _made:
        made = vocabulary_of(row["version"], orjson.loads(zlib.decompress(row["content"])))
        while len(_made) >= MOST_MADE:
            del _made[next(iter(_made))]
        _made[made.version] = made
    return _made[row["version"]], row["stamp"]


async def due(connection: Connection) -> Due:
    """What has changed; cheap."""
    row = await connection.fetchrow(
        "SELECT changed - learnt AS changed, learnt_at, (SELECT count(*) FROM search.traits) AS products "
        "FROM search.vocabulary"
    )
    assert row is not None, "the table has its one row from the first"
    return Due(row["changed"], row["products"], row["learnt_at"])


async def learn(connection: Connection, at: datetime) -> str:
    """Reads the whole read model and keeps what it calls things; returns the version. In a transaction.

    The row is locked only for the writing at the end: the index goes on counting changes in it meanwhile.
    """
    changed = await connection.fetchval("SELECT changed FROM search.vocabulary")
    content = orjson.dumps(await _content(connection))
    version = hashlib.sha256(content).hexdigest()[:32]
    await connection.execute(
        "UPDATE search.vocabulary SET version = $1, content = $2, learnt = $3, learnt_at = $4",
        version,
        zlib.compress(content, 6),
        changed,
        at,
    )
    return version


async def learn_if_due(connection: Connection, at: datetime, *, by_the_clock: bool = False) -> bool:
    """Learns when enough has changed; True when it did."""
    state = await due(connection)
    if not (state.by_the_clock(at) if by_the_clock else state.at_once()):
        return False
    await learn(connection, at)
    return True


async def _content(connection: Connection) -> dict[str, Any]:
    products: int = await connection.fetchval("SELECT count(*) FROM search.traits")
    share = min(1.0, MOST_SAMPLED / max(products, 1))
    least = 1 if products <= SMALL_CATALOGUE else 2
    traits = await connection.fetch(_TRAITS, least, MOST_TRAITS_KEPT)
    fields = await connection.fetch("SELECT f, count(*) AS n FROM search.traits, unnest(fields) AS f GROUP BY 1")
    prices = await connection.fetch(_PRICES, list(PRICE_SHARES))
    return {
        "products": products,
        "traits": {row["trait"]: row["n"] for row in traits},
        "fields": {row["f"]: row["n"] for row in fields},
        "prices": {row["currency"]: _whole(row["prices"]) for row in prices},
        "brands": await _brands(connection, share),
        "categories": await _categories(connection),
        "numbers": await _numbers(connection),
        "kinds": await _kinds(connection, share, 1 if products <= SMALL_CATALOGUE else 3),
        "titles": {row["word"]: row["n"] for row in await connection.fetch(_TITLES, MOST_WORDS, least)},
    }


async def _brands(connection: Connection, share: float) -> list[list[Any]]:
    """Facet, title, products, and how much of the use of its first word in titles is this brand's own."""
    rows = await connection.fetch(_BRANDS, timeout=LONGEST_STATEMENT_SECONDS)
    key = language().keys.of
    first = {row["brand"]: (key(row["brand"]).split() or [""])[0] for row in rows}
    used = await connection.fetch(
        _BRAND_WORDS, [f"w:{word}" for word in set(first.values())], share, timeout=LONGEST_STATEMENT_SECONDS
    )
    total: dict[str, int] = {}
    own: dict[tuple[str, str], int] = {}
    for row in used:
        total[row["word"]] = total.get(row["word"], 0) + row["n"]
        own[row["word"], row["brand"]] = row["n"]
    return [
        [row["facet"], row["brand"], row["n"], _own_share(first[row["brand"]], row["brand"], own, total)]
        for row in rows
    ]


def _own_share(word: str, brand: str, own: Mapping[tuple[str, str], int], total: Mapping[str, int]) -> float:
    return round(own.get((word, brand), 0) / total[word], 3) if total.get(word) else 1.0


async def _categories(connection: Connection) -> list[list[Any]]:
    rows = await connection.fetch(_CATEGORIES, list(PRICE_SHARES))
    found: dict[str, list[Any]] = {}
    for row in rows:
        line = found.setdefault(row["path"], [row["path"], row["title"], row["n"], {}])
        if row["currency"] is not None:
            line[3][row["currency"]] = _whole(row["prices"])
    return list(found.values())


async def _numbers(connection: Connection) -> list[dict[str, Any]]:
    rows = await connection.fetch(_NUMBERS)
    values = await connection.fetch(_NUMBER_VALUES)
    units = await connection.fetch(_NUMBER_UNITS)
    frequent: dict[str, list[list[float]]] = {}
    for row in values:
        frequent.setdefault(row["name"], []).append([row["value"], row["n"]])
    evidence: dict[str, dict[str, int]] = {}
    for row in units:
        evidence.setdefault(row["name"], {})[row["unit"]] = row["n"]
    known = measures()
    return [
        {
            "name": row["name"],
            "products": row["n"],
            "quantiles": list(row["quantiles"]),
            "values": frequent.get(row["name"], []),
            "units": evidence.get(row["name"], {}),
        }
        for row in rows
        if not known.is_about_parcel(row["name"])
    ]


async def _kinds(connection: Connection, share: float, least: int) -> list[dict[str, Any]]:
    words = await connection.fetch(_KINDS, share, least, MOST_KINDS)
    named = [row["word"] for row in words]
    found: dict[str, dict[str, Any]] = {
        row["word"]: {
            "word": row["word"],
            "products": row["n"],
            "fields": {},
            "categories": {},
            "prices": {},
        }
        for row in words
    }
    for row in await connection.fetch(_PLACES):
        word = row["word"]
        found[word] = {
            "word": word, "products": row["n"], "fields": {}, "categories": {}, "prices": {},
        }  # fmt: skip
        named.append(word)
    for row in await connection.fetch(_KIND_FIELDS, share, least, named, timeout=LONGEST_STATEMENT_SECONDS):
        if row["n"] >= LEAST_FIELD_SHARE * found[row["word"]]["products"]:
            found[row["word"]]["fields"][row["f"]] = row["n"]
    for row in await connection.fetch(_KIND_CATEGORIES, share, named):
        found[row["word"]]["categories"][row["category"]] = row["n"]
    for row in await connection.fetch(_KIND_PRICES, share, named, list(PRICE_SHARES)):
        found[row["word"]]["prices"][row["currency"]] = _whole(row["prices"])
    return list(found.values())


def _whole(prices: Any) -> list[int]:
    return [round(price) for price in prices]


# The transaction that last wrote the reader's row, which is every one that writes the read model.
_COLUMNS = """
SELECT v.version, CASE WHEN NOT v.version = ANY ($1::text[]) THEN v.content END AS content,
       coalesce((SELECT r.xmin::text FROM log.readers r WHERE r.name = $2), '') AS stamp"""
_CURRENT = f"{_COLUMNS} FROM search.vocabulary v"
_CURRENT_AND_TUNING = f"""{_COLUMNS}, t.keys, t.said, t.means, t.both_ways
FROM search.vocabulary v LEFT JOIN ({TUNING.format(phrases="$3", keys="$4")}) AS t ON true"""

_TRAITS = """
SELECT trait, sum(n)::bigint AS n FROM (
    SELECT trait, count(*) AS n FROM search.traits, unnest(traits) AS trait
    WHERE NOT trait LIKE ANY ('{w:%,category:%,end:%,thing:%,v:model=%,v:released=%,v:eans=%}') GROUP BY 1
    UNION ALL
    SELECT trait, count(DISTINCT product_id) FROM search.variant_traits, unnest(traits) AS trait
    WHERE NOT trait LIKE 'tint:%' GROUP BY 1) AS counted
GROUP BY 1 HAVING sum(n) >= $1 ORDER BY 2 DESC, 1 LIMIT $2"""

_PRICES = """
SELECT currency, percentile_cont($1::float8[]) WITHIN GROUP (ORDER BY price_minor) AS prices
FROM search.products GROUP BY 1"""

_BRANDS = """
SELECT lower(brand COLLATE "C") AS facet, brand, count(*) AS n FROM search.traits WHERE brand <> ''
GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 20000"""

_BRAND_WORDS = """
SELECT substr(w, 3) AS word, brand, count(*) AS n
FROM search.traits t, unnest(t.traits) AS w
WHERE w = ANY ($1::text[]) AND hashtext(t.product_id) & 1023 < $2 * 1024 GROUP BY 1, 2"""

_CATEGORIES = """
WITH placed AS (
    SELECT c.path, c.title, t.product_id FROM shop.categories c
    JOIN search.traits t ON t.category = c.path OR starts_with(t.category, c.path || '/'))
SELECT g.path, g.title, g.currency, g.n, g.prices FROM (
    SELECT l.path, l.title, p.currency, count(DISTINCT l.product_id) AS n,
           percentile_cont($1::float8[]) WITHIN GROUP (ORDER BY p.price_minor) AS prices
    FROM placed l LEFT JOIN search.products p ON p.product_id = l.product_id
    GROUP BY 1, 2, 3) AS g
ORDER BY g.path LIMIT 20000"""

_NUMBERS = """
SELECT name, count(DISTINCT product_id) AS n,
       percentile_cont('{0.05,0.25,0.5,0.75,0.95}'::float8[]) WITHIN GROUP (ORDER BY value) AS quantiles
FROM search.numbers GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3000"""

_NUMBER_VALUES = """
SELECT name, value, n FROM (
    SELECT name, value, count(DISTINCT product_id) AS n,
           row_number() OVER (PARTITION BY name ORDER BY count(DISTINCT product_id) DESC, value) AS place
    FROM search.numbers GROUP BY 1, 2) AS ranked
WHERE place <= 60"""

_NUMBER_UNITS = "SELECT name, unit, count(*) AS n FROM search.numbers WHERE unit IS NOT NULL GROUP BY 1, 2"

_KINDS = """
SELECT substr(w, 5) AS word, count(*) AS n FROM search.traits t, unnest(t.traits) AS w
WHERE w LIKE 'end:%' AND hashtext(t.product_id) & 1023 < $1 * 1024
GROUP BY 1 HAVING count(*) >= $2 ORDER BY 2 DESC, 1 LIMIT $3"""

_KIND_FIELDS = """
SELECT word, f, count(*) AS n
FROM (SELECT CASE WHEN w LIKE 'end:%' THEN substr(w, 5) ELSE w END AS word, t.fields
      FROM search.traits t, unnest(t.traits) AS w
      WHERE w LIKE ANY ('{end:%,category:%}') AND hashtext(t.product_id) & 1023 < $1 * 1024) AS used,
     unnest(fields) AS f
WHERE word = ANY ($3::text[])
GROUP BY 1, 2 HAVING count(*) >= $2"""

_PLACES = """
SELECT w AS word, count(*) AS n FROM search.traits t, unnest(t.traits) AS w WHERE w LIKE 'category:%'
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3000"""

_KIND_CATEGORIES = """
SELECT substr(w, 5) AS word, t.category, count(*) AS n
FROM search.traits t, unnest(t.traits) AS w
WHERE w LIKE 'end:%' AND t.category IS NOT NULL AND hashtext(t.product_id) & 1023 < $1 * 1024
  AND substr(w, 5) = ANY ($2::text[])
GROUP BY 1, 2"""

_KIND_PRICES = """
SELECT substr(w, 5) AS word, p.currency, percentile_cont($3::float8[]) WITHIN GROUP (ORDER BY p.price_minor) AS prices
FROM search.traits t JOIN search.products p USING (product_id), unnest(t.traits) AS w
WHERE w LIKE 'end:%' AND hashtext(t.product_id) & 1023 < $1 * 1024 AND substr(w, 5) = ANY ($2::text[])
GROUP BY 1, 2"""

_TITLES = """
SELECT substr(w, 3) AS word, count(*) AS n FROM search.traits, unnest(traits) AS w WHERE w LIKE 'w:%'
GROUP BY 1 HAVING count(*) >= $2 ORDER BY 2 DESC, 1 LIMIT $1"""
