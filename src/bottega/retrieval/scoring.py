"""The BM25 score of a document by the terms that it keeps itself, as a piece of the statements that need it."""

from bottega.retrieval.asked import KeywordQuery
from bottega.retrieval.narrowing import Parameters

# The terms of a query as a table `asked`, for the WITH of a statement.
ASKED_TERMS = """
asked AS MATERIALIZED (
    SELECT * FROM unnest({terms}::int[], {weights}::real[], {bits}::int[]) AS a (term, weight, bits))"""

# Of the document `d` of a corpus: its score, null when it has none of the terms, and the words that it answers.
SCORE = """
SELECT sum(a.weight * d.impacts[array_position(d.terms, a.term)]) AS score, bit_or(a.bits) AS bits
FROM asked a WHERE a.term = ANY (d.terms)"""


def asked_terms(query: KeywordQuery, parameters: Parameters) -> dict[str, str]:
    """The placeholders of `ASKED_TERMS` by their names."""
    return {
        "terms": parameters.add([term.number for term in query.terms]),
        "weights": parameters.add([term.weight for term in query.terms]),
        "bits": parameters.add([term.bits for term in query.terms]),
    }
