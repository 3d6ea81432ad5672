"""What a sentence was understood as: words to search by, typed constraints, a wish for an order, and what was relaxed."""

from dataclasses import dataclass, field
from typing import Literal

# A hard constraint holds for everything that is shown until it is relaxed aloud; a soft one is dropped without asking.
Strength = Literal["hard", "soft"]
OrderWish = Literal["price", "-price", "rating", "newest", "popular", "lowest_number", "highest_number"]


@dataclass(frozen=True, slots=True)
class Stated:
    """What all constraints have: a key to remove them by, the chip's text, and the words that said so."""

    key: str
    label: str
    said: str
    strength: Strength = "hard"


@dataclass(frozen=True, slots=True)
class PriceBound:
    """Bounds of the price of one variant, both included, in minor units of the search's currency."""

    stated: Stated
    least_minor: int | None = None
    most_minor: int | None = None


@dataclass(frozen=True, slots=True)
class BrandIs:
    """One of these brands, or none of them; folded as the facets are."""

    stated: Stated
    brands: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class CategoryIs:
    """In one of these categories or below, or in none of them; `words` in the title count as well where given."""

    stated: Stated
    paths: tuple[str, ...]
    words: tuple[str, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class TraitIs:
    """One of these values of a trait, or none of them; of one variant where variants differ in it.

    A trait is a text the index keeps as `name:value`: an option, a text attribute, or a semantic one (colour, material).
    """

    stated: Stated
    trait: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class FlagIs:
    """A yes-or-no attribute: one of these traits must be there (or, unwanted, none of them)."""

    stated: Stated
    traits: tuple[str, ...]
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class NumberBound:
    """Bounds, both included, of the first of these numbers that a product has; in the number's base unit."""

    stated: Stated
    numbers: tuple[str, ...]
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class RatingBound:
    """At least so many stars on average."""

    stated: Stated
    least: float


@dataclass(frozen=True, slots=True)
class AvailabilityIs:
    """Something about being sold: in stock, on sale."""

    stated: Stated
    facet: Literal["in_stock", "on_sale"]
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class OtherThan:
    """Not the product that was shown."""

    stated: Stated
    product_id: str


@dataclass(frozen=True, slots=True)
class WordsExcluded:
    """None of these words in the title: what was ruled out and is no trait the catalogue knows."""

    stated: Stated
    words: tuple[str, ...]


Constraint = (
    PriceBound
    | BrandIs
    | CategoryIs
    | TraitIs
    | FlagIs
    | NumberBound
    | RatingBound
    | AvailabilityIs
    | OtherThan
    | WordsExcluded
)


@dataclass(frozen=True, slots=True)
class SortWish:
    """An order that was asked for ("cheapest", "best rated", "lightest"); `number` for the two orders by a number."""

    order: OrderWish
    said: str
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """A word that was read as another."""

    said: str
    read: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """A sentence read. `words` is what is left to search by and may be empty where constraints say everything."""

    text: str
    words: str
    currency: str
    constraints: tuple[Constraint, ...] = ()
    sort: SortWish | None = None
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A weaker form of an understanding, with what was given up for it."""

    understanding: Understanding
    dropped: tuple[Constraint, ...]


@dataclass(frozen=True, slots=True)
class ShownProduct:
    """A product on the shopper's screen that words such as "cheaper" or "like this" compare with."""

    product_id: str
    title: str
    brand: str
    category: str | None
    price_minor: int
    currency: str
    rating: float | None = None
    traits: frozenset[str] = frozenset()
    numbers: dict[str, float] = field(default_factory=dict[str, float])
