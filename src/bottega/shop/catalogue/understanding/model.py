"""What a sentence was understood as: words to search by, typed constraints, a wish for an order, relaxation."""

from dataclasses import dataclass, field
from typing import Literal

# A hard constraint holds for everything that is shown until it is relaxed aloud; a soft one is given up first.
Strength = Literal["hard", "soft"]
OrderWish = Literal["price", "-price", "rating", "newest", "popular", "lowest_number", "highest_number"]


# Ratings are kept to a hundredth: so much more is certainly more.
RATING_STEP = 0.005


@dataclass(frozen=True, slots=True)
class Stated:
    """What all constraints have: a key to remove them by, the chip's text, and the words that said so."""

    key: str
    label: str
    said: str
    strength: Strength = "hard"


@dataclass(frozen=True, slots=True)
class PriceBound:
    """Bounds of the price of one variant, both included, in minor units of the understanding's currency."""

    stated: Stated
    least_minor: int | None = None
    most_minor: int | None = None
    wider: "PriceBound | None" = None


@dataclass(frozen=True, slots=True)
class BrandIs:
    """One of these brands, or none of them; spelt as the facets of lists are."""

    stated: Stated
    brands: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class CategoryIs:
    """In one of these categories or below, or with one of these traits; or, negated, neither.

    A trait of several parts (`w:photo+w:paper`) needs all of them. `not_paths` and `not_traits` are left out. `called`
    are traits of what is called so in its title, which goes before what is only kept among such things.
    """

    stated: Stated
    paths: tuple[str, ...]
    traits: tuple[str, ...] = ()
    negated: bool = False
    not_paths: tuple[str, ...] = ()
    not_traits: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    wider: "CategoryIs | None" = None


@dataclass(frozen=True, slots=True)
class TraitIs:
    """One of these traits, or none of them; of one and the same variant where variants differ in it.

    `everywhere` holds further traits that a negation rules out wherever the product tells of them.
    """

    stated: Stated
    traits: tuple[str, ...]
    negated: bool = False
    everywhere: tuple[str, ...] = ()
    wider: "TraitIs | None" = None


@dataclass(frozen=True, slots=True)
class FlagIs:
    """A yes-or-no attribute: one of `traits` must be there, and none of `none_of`."""

    stated: Stated
    traits: tuple[str, ...]
    none_of: tuple[str, ...] = ()
    wider: "FlagIs | None" = None


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Bounds of one numeric attribute, both included, in the attribute's own unit (`unit`, where it is known)."""

    name: str
    least: float | None
    most: float | None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class NumberBound:
    """Bounds of the first of these numbers that a product has; a variant's must be that of the variant bought."""

    stated: Stated
    ranges: tuple[NumberRange, ...]
    wider: "NumberBound | None" = None


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


Constraint = (
    PriceBound | BrandIs | CategoryIs | TraitIs | FlagIs | NumberBound | RatingBound | AvailabilityIs | OtherThan
)


@dataclass(frozen=True, slots=True)
class SortWish:
    """An order that was asked for ("cheapest", "best rated", "lightest"); `numbers` for the two orders by a number."""

    order: OrderWish
    said: str
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Correction:
    """A word that was read as another."""

    said: str
    read: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """A sentence read.

    `words` is what is left to search by and may be empty where constraints say everything; `ranking_words` has the
    words of positive constraints as well, in their order: better to rank by, as the constraints hold anyway.
    `removed` are the constraints the shopper took away again.
    """

    text: str
    words: str
    ranking_words: str
    currency: str
    constraints: tuple[Constraint, ...] = ()
    sort: SortWish | None = None
    corrections: tuple[Correction, ...] = ()
    removed: tuple[Constraint, ...] = ()
    # Whether a variant that cannot be bought now may meet them; else only one that can.
    any_stock: bool = False
    # Whether it is said in a sentence, with the little words that a few words typed for a search lack.
    spoken: bool = False
    # Whether the words that are left name a thing, which no constraint asks for: a search without them finds others.
    names_thing: bool = False
    # The title of the shown product that the sentence compares with, to rank by.
    like: str = ""


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A weaker form of an understanding: what was given up for it, and what was taken less narrowly."""

    understanding: Understanding
    dropped: tuple[Constraint, ...]
    widened: tuple[Constraint, ...] = ()


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
