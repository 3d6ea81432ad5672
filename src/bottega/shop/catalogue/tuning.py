"""What staff tune the search by, synonyms and pinned products: found for a query in one statement, and listed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from bottega.platform.database.pool import Connection, Row
from bottega.retrieval.analysis import LONGEST_QUERY_WORDS, Word, words_of
from bottega.shop.catalogue.understanding.vocabulary import Vocabulary

MOST_PHRASE_WORDS = 4
MOST_QUERY_WORDS = LONGEST_QUERY_WORDS
LONGEST_PAGE = 200


class Synonyms(BaseModel):
    """Words that mean the same; with `both_ways` each of them leads to the others, else the phrase alone does."""

    model_config = ConfigDict(frozen=True)

    id: str
    phrase: str
    means: list[str]
    both_ways: bool
    updated_at: datetime


class PinnedProduct(BaseModel):
    """A product that comes first; `status` says whether shoppers see it, and is null when there is no such product."""

    model_config = ConfigDict(frozen=True)

    id: str
    handle: str | None
    title: str | None
    status: str | None


class Pin(BaseModel):
    """A query and the products that come first for it, in this order."""

    model_config = ConfigDict(frozen=True)

    id: str
    query: str
    products: list[PinnedProduct]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was found for a query: synonyms by the stems they answer, and pinned products by the key of their query."""

    synonyms: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict[tuple[str, ...], tuple[str, ...]])
    pins: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    # Words of the query, folded, that have synonyms: they are meant as they are written.
    known_words: frozenset[str] = frozenset()

    def known_to(self, vocabulary: Vocabulary) -> Vocabulary:
        """The vocabulary with these words known: what staff gave a meaning is no slip of another word."""
        if self.known_words <= vocabulary.known_words:
            return vocabulary
        return replace(vocabulary, known_words=vocabulary.known_words | self.known_words)


UNTUNED = Tuning()


def query_key(text: str) -> str:
    """What a query or phrase is known by: its stems in their order, as the query path makes them."""
    return " ".join(word.term for word in words_of(text))


@dataclass(frozen=True, slots=True)
class AskedParts:
    """What of a query may be tuned: `phrases` may have synonyms, any of the `keys` may be a pinned query."""

    words: Sequence[Word]
    parts: Mapping[tuple[int, int], str]
    phrases: Sequence[str]
    keys: Sequence[str]

    @classmethod
    def of(cls, text: str) -> "AskedParts":
        """All runs of its words, by where they start and end."""
        words = words_of(text)[:MOST_QUERY_WORDS]
        stems = [word.term for word in words]
        parts = {
            (start, end): " ".join(stems[start:end])
            for start in range(len(stems))
            for end in range(start + 1, len(stems) + 1)
        }
        phrases = {key for (start, end), key in parts.items() if end - start <= MOST_PHRASE_WORDS}
        return cls(words, parts, sorted(phrases), sorted(set(parts.values())))


async def tuning_of(connection: Connection, text: str) -> Tuning:
    """The synonyms and pins for any part of a query; one statement, so what was set a moment ago counts."""
    asked = AskedParts.of(text)
    return tuned(asked, await connection.fetch(TUNING.format(phrases="$1", keys="$2"), asked.phrases, asked.keys))


def tuned(asked: AskedParts, rows: Sequence[Row]) -> Tuning:
    """What the rows of `TUNING` say."""
    if not rows:
        return UNTUNED
    synonyms: dict[tuple[str, ...], dict[str, None]] = {}
    for row in rows:
        if row["keys"] is not None:
            _add(synonyms, asked.phrases, row["keys"], [row["said"], *row["means"]], both_ways=row["both_ways"])
    known = {
        word.folded
        for (start, end), key in asked.parts.items()
        if tuple(key.split(" ")) in synonyms
        for word in asked.words[start:end]
    }
    return Tuning(
        {stems: tuple(same) for stems, same in synonyms.items()},
        {row["said"]: tuple(row["means"]) for row in rows if row["keys"] is None},
        frozenset(known),
    )


async def pins_of(connection: Connection, text: str) -> tuple[str, ...]:
    """The products pinned for exactly this query."""
    found = await connection.fetchval("SELECT product_ids FROM shop.search_pins WHERE key = $1", query_key(text))
    return tuple(found or ())


def _add(
    synonyms: dict[tuple[str, ...], dict[str, None]],
    asked: Iterable[str],
    keys: Sequence[str],
    said: Sequence[str],
    *,
    both_ways: bool,
) -> None:
    """What the phrases of one set lead to, for those of its phrases that are asked for."""
    for place, key in enumerate(keys if both_ways else keys[:1]):
        if key in asked:
            others = synonyms.setdefault(tuple(key.split(" ")), {})
            others.update(dict.fromkeys(text for other, text in enumerate(said) if other != place))


async def list_synonyms(connection: Connection, *, after: str = "", limit: int = 50) -> list[Synonyms]:
    """Sets by their phrase's key; `after` is the id seen last, `limit` ≤ 200."""
    rows = await connection.fetch(
        "SELECT id, phrase, means, both_ways, updated_at FROM shop.search_synonyms "
        "WHERE $1 = '' OR key > (SELECT key FROM shop.search_synonyms WHERE id = $1) ORDER BY key LIMIT $2",
        after,
        min(limit, LONGEST_PAGE + 1),
    )
    return [Synonyms(**row) for row in rows]


async def list_pins(connection: Connection, *, after: str = "", limit: int = 50) -> list[Pin]:
    """Pinned queries by their key, with what became of their products; `after` is the id seen last, `limit` ≤ 200."""
    rows = await connection.fetch(_PINS, after, min(limit, LONGEST_PAGE + 1))
    return [Pin(**row) for row in rows]


# A row without `keys` is a pin: its key as `said`, its products as `means`.
TUNING = """
SELECT keys, phrase AS said, means, both_ways FROM shop.search_synonyms WHERE keys && {phrases}::text[]
UNION ALL
SELECT NULL, key, product_ids, NULL FROM shop.search_pins WHERE key = ANY ({keys}::text[])"""

_PINS = """
SELECT s.id, s.query, s.updated_at,
       (SELECT jsonb_agg(jsonb_build_object('id', n.id, 'handle', p.handle, 'title', p.title, 'status', p.status)
                         ORDER BY n.place)
        FROM unnest(s.product_ids) WITH ORDINALITY AS n (id, place)
        LEFT JOIN shop.products p ON p.id = n.id) AS products
FROM shop.search_pins s
WHERE $1 = '' OR s.key > (SELECT key FROM shop.search_pins WHERE id = $1) ORDER BY s.key LIMIT $2"""
