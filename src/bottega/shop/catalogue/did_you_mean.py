"""Another spelling, offered when little was found: a rare word may be a slip of one that the catalogue knows well.

Words that are in no product are read as another at once and said to be; this is for those that are in some.
"""

import re

from bottega.platform.database.pool import Connection
from bottega.retrieval import keyword
from bottega.retrieval.analysis import fold, words_of
from bottega.retrieval.asked import KeywordQuery, ask
from bottega.retrieval.counting import count, plan_for
from bottega.retrieval.narrowing import Narrowing
from bottega.retrieval.vocabulary import readings
from bottega.shop.catalogue.product_documents import PRODUCTS

# So few products are a poor answer.
POOR_TOTAL = 5
# A word may be a slip of one that so many times as many products have.
FREQUENT_TIMES = 10
_WORD = re.compile(r"\w+")


async def did_you_mean(
    connection: Connection, text: str, query: KeywordQuery, total: int, narrowing: Narrowing
) -> str | None:
    """The text with rare words replaced, when that finds more products that have all words; None when it does not."""
    if total >= POOR_TOTAL or not query.words:
        return None
    own = {term.text: query.frequencies[term.number] for term in query.terms if term.origin == "word" and term.bits}
    rare = {term: number for term, number in own.items() if number * FREQUENT_TIMES <= query.documents}
    likely = await readings(connection, PRODUCTS, sorted(rare), query.documents)
    better = {
        term: found[0][0].word
        for term, found in likely.items()
        if found[0][0].documents >= FREQUENT_TIMES * max(1, rare[term])
    }
    if not better:
        return None
    offered = _WORD.sub(lambda match: _replaced(match[0], better), text)
    asked = await ask(connection, PRODUCTS, offered)
    narrowing = await count(connection, narrowing)
    await plan_for(connection, narrowing)
    matches = await keyword.rank(connection, PRODUCTS, asked, narrowing, POOR_TOTAL)
    whole = sum(asked.coverage(match.bits) > 1 - 1e-9 for match in matches.found)
    return offered if whole > total else None


def _replaced(word: str, better: dict[str, str]) -> str:
    read = words_of(fold(word))
    return better.get(read[0].term, word) if read else word
