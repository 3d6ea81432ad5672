"""What is given up, and in which order, when nothing meets all constraints."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bottega.shop.catalogue.understanding.model import (
    AvailabilityIs,
    BrandIs,
    CategoryIs,
    Constraint,
    FlagIs,
    NumberBound,
    OtherThan,
    PriceBound,
    RatingBound,
    Relaxation,
    Stated,
    TraitIs,
    Understanding,
)

# Steps in the order in which constraints are given up. Whatever is, the answer says so; prices, brands, what was ruled
# out and what kind of thing it is come last of all.
STEPS = (
    "soft",
    "size",
    "colour",
    "rating",
    "value",
    "material",
    "flag",
    "gender",
    "number",
    "availability",
    "price",
    "brand",
    "negation",
    "category",
    "model",
)


# In which order constraints are taken less narrowly: first what changes least.
WIDENED = (
    "gender",
    "flag",
    "category",
    "negation",
    "number",
    "material",
    "price",
    "colour",
    "size",
    "rating",
    "value",
    "availability",
    "brand",
    "model",
    "soft",
)


def relaxations(understanding: Understanding) -> Iterator[Relaxation]:
    """Weaker and weaker forms of an understanding; itself is not among them.

    Preferences go first. Then one constraint that can be taken less narrowly is (a shade for its family, a mention for
    a material), then all of them, one after the other. Then a single constraint is given up, each in the order of
    `STEPS`; then the first two of that order, the first three, and so on.
    """
    yield from _soft(understanding)
    stock = AvailabilityIs(Stated("in_stock", "in stock", "", "soft"), "in_stock")
    if not any(isinstance(constraint, AvailabilityIs) for constraint in understanding.constraints):
        # That it can be bought goes without saying; it is the first that may not hold, and is told.
        understanding = replace(understanding, any_stock=True)
        yield Relaxation(understanding, (stock,))
    kept = [constraint for constraint in understanding.constraints if step_of(constraint) != "soft"]
    dropped = [constraint for constraint in understanding.constraints if step_of(constraint) == "soft"]
    in_order = sorted(kept, key=lambda one: WIDENED.index(step_of(one)))
    for constraint in in_order:
        if (wider := wider_of(constraint)) is not None:
            alone = [wider if other is constraint else other for other in kept]
            yield _relaxed(understanding, alone, dropped, [constraint])
    widened: list[Constraint] = []
    for constraint in in_order:
        standing = constraint
        while (wider := wider_of(standing)) is not None:
            kept[kept.index(standing)] = standing = wider
            if constraint not in widened:
                widened.append(constraint)
            yield _relaxed(understanding, kept, dropped, widened)
    # First with the kind of thing as it was asked for: a wider kind is worth less than another constraint.
    kinds = {constraint.stated.key: constraint for constraint in in_order if isinstance(constraint, CategoryIs)}
    strict = [kinds.get(constraint.stated.key, constraint) for constraint in kept]
    narrow = [constraint for constraint in widened if constraint.stated.key not in kinds]
    forms = [(strict, narrow), (kept, widened)] if strict != kept else [(kept, widened)]
    for standing, less_narrow in forms:
        yield from _given_up(understanding, standing, dropped, less_narrow)


def _given_up(
    understanding: Understanding,
    kept: Sequence[Constraint],
    dropped: Sequence[Constraint],
    widened: Sequence[Constraint],
) -> Iterator[Relaxation]:
    """One constraint less, each in turn; then the first two of the order less, the first three, and so on."""
    order = _in_order(kept)
    for constraint in order:
        rest = [other for other in kept if other is not constraint]
        yield _relaxed(understanding, rest, [*dropped, constraint], _still(widened, rest))
    for number in range(2, len(order) + 1):
        rest = [other for other in kept if other not in order[:number]]
        yield _relaxed(understanding, rest, [*dropped, *order[:number]], _still(widened, rest))


def _in_order(constraints: Sequence[Constraint]) -> list[Constraint]:
    """By step; within one, the last said first: what people add last matters least to them."""
    return [constraint for step in STEPS for constraint in _of_step(constraints, step)]


def _soft(understanding: Understanding) -> Iterator[Relaxation]:
    soft = [constraint for constraint in understanding.constraints if step_of(constraint) == "soft"]
    if soft:
        kept = [constraint for constraint in understanding.constraints if constraint not in soft]
        yield _relaxed(understanding, kept, soft, [])


def _relaxed(
    understanding: Understanding,
    kept: Sequence[Constraint],
    dropped: Sequence[Constraint],
    widened: Sequence[Constraint],
) -> Relaxation:
    return Relaxation(replace(understanding, constraints=tuple(kept)), tuple(dropped), tuple(widened))


def _of_step(constraints: Sequence[Constraint], step: str) -> list[Constraint]:
    """The constraints of a step, the last said first: what people add last matters least to them."""
    return [constraint for constraint in reversed(constraints) if step_of(constraint) == step]


def _still(widened: Sequence[Constraint], kept: Sequence[Constraint]) -> list[Constraint]:
    keys = {constraint.stated.key for constraint in kept}
    return [constraint for constraint in widened if constraint.stated.key in keys]


def step_of(constraint: Constraint) -> str:
    """Which step gives a constraint up."""
    if constraint.stated.strength == "soft":
        return "soft"
    match constraint:
        case PriceBound():
            return "price"
        case BrandIs(negated=negated):
            return "negation" if negated else "brand"
        case CategoryIs(negated=negated):
            return "negation" if negated else "category"
        case TraitIs(negated=True) | OtherThan():
            return "negation"
        case TraitIs():
            kind = constraint.stated.key.partition(":")[0]
            return kind if kind in STEPS else "value"
        case FlagIs(none_of=none_of, traits=traits):
            return "negation" if none_of and all(trait.startswith("not:") for trait in traits) else "flag"
        case NumberBound():
            return "number"
        case RatingBound():
            return "rating"
        case AvailabilityIs():
            return "availability"


def wider_of(constraint: Constraint) -> Constraint | None:
    """The same constraint taken less narrowly, where that makes sense."""
    match constraint:
        case PriceBound(wider=wider) | CategoryIs(wider=wider) | TraitIs(wider=wider) | FlagIs(wider=wider):
            return wider
        case NumberBound(wider=wider):
            return wider
        case _:
            return None
