"""What a search is asked and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import orjson

from bottega.shop.catalogue.listing import Filters
from bottega.shop.catalogue.tuning import UNTUNED, Tuning
from bottega.shop.catalogue.understanding.model import Constraint, Correction, SortWish

if TYPE_CHECKING:
    from bottega.shop.catalogue.taste import Taste

SearchSort = Literal["relevance", "newest", "price", "-price", "title", "rating", "popular"]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search: what was typed and what was chosen beside it.

    `without` holds the keys of constraints that the shopper took away, `shown` the id or handle of the product on the
    screen that words like "cheaper" compare with. `understands` false takes the text as words alone. `taste` is what
    the shopper tends to choose, where they let the shop go by it. The query path itself looks `tuning` up.
    """

    text: str
    filters: Filters
    sort: SearchSort = "relevance"
    without: frozenset[str] = frozenset()
    shown: str | None = None
    after: str = ""
    limit: int = 20
    understands: bool = True
    facets: bool = False
    explain: bool = False
    taste: Taste | None = None
    tuning: Tuning = UNTUNED


@dataclass(frozen=True, slots=True)
class Relaxed:
    """What was given up because nothing met all of it, and what was taken less narrowly."""

    dropped: tuple[Constraint, ...] = ()
    widened: tuple[Constraint, ...] = ()
    # Words that no product has among those that meet the constraints.
    words: str = ""


NOTHING_RELAXED = Relaxed()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a product stands where it does: every signal with its value; ranks count from 1."""

    product_id: str
    score: float
    bm25: float
    keyword_rank: int | None
    coverage: float
    words: tuple[str, ...]
    missing: tuple[str, ...]
    cosine: float | None
    meaning_rank: int | None
    in_stock: bool
    constraints: tuple[str, ...]
    pinned: bool = False
    # What it gained of its score by the shopper's own taste.
    personal_gain: float = 0.0


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Cards as JSON text, the best first, and what is to be said about the search as a whole."""

    cards: list[str]
    next_position: str | None
    # How many products were found; with `total_is_exact` false there are at least so many.
    total: int
    total_is_exact: bool
    product_ids: tuple[str, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    removed: tuple[Constraint, ...] = ()
    relaxed: Relaxed = NOTHING_RELAXED
    sort: SearchSort = "relevance"
    sort_wish: SortWish | None = None
    corrections: tuple[Correction, ...] = ()
    # The text in another spelling, where little was found and that finds more.
    did_you_mean: str | None = None
    # Whether what the shopper bought and looked at moved something.
    personal: bool = False
    degraded: dict[str, str] = field(default_factory=dict[str, str])
    facets: dict[str, list[tuple[str, int]]] | None = None
    explanations: tuple[Explanation, ...] | None = None

    def about(self) -> dict[str, Any]:
        """Everything but the cards and the position, JSON-ready."""
        told: dict[str, Any] = {
            "total": self.total,
            "total_is_exact": self.total_is_exact,
            "sort": self.sort,
            "constraints": [_chip(constraint) for constraint in self.constraints],
            "removed": [_chip(constraint) for constraint in self.removed],
            "relaxed": {
                "dropped": [_chip(constraint) for constraint in self.relaxed.dropped],
                "widened": [_chip(constraint) for constraint in self.relaxed.widened],
                "words": self.relaxed.words,
            },
            "corrections": [{"said": one.said, "read": one.read} for one in self.corrections],
            "did_you_mean": self.did_you_mean,
            "personal": self.personal,
            "degraded": self.degraded,
        }
        if self.facets is not None:
            told["facets"] = {
                name: [{"value": value, "products": number} for value, number in values]
                for name, values in self.facets.items()
            }
        if self.explanations is not None:
            told["explanations"] = [_explained(one) for one in self.explanations]
        return told

    def as_record(self) -> dict[str, Any]:
        """All of it, JSON-ready: what the command line and the agents' tool show."""
        return {
            "items": [orjson.loads(card) for card in self.cards],
            "next_position": self.next_position,
            **self.about(),
        }


def _chip(constraint: Constraint) -> dict[str, str]:
    """A constraint as shoppers see it: a label, and the key that takes it away."""
    stated = constraint.stated
    return {"key": stated.key, "label": stated.label, "said": stated.said, "strength": stated.strength}


def _explained(one: Explanation) -> dict[str, Any]:
    return {
        "product_id": one.product_id,
        "score": round(one.score, 6),
        "bm25": round(one.bm25, 4),
        "keyword_rank": one.keyword_rank,
        "coverage": round(one.coverage, 4),
        "words": one.words,
        "missing": one.missing,
        "cosine": None if one.cosine is None else round(one.cosine, 4),
        "meaning_rank": one.meaning_rank,
        "in_stock": one.in_stock,
        "constraints": one.constraints,
        "pinned": one.pinned,
        "personal_gain": round(one.personal_gain, 4),
    }
