"""What a shopper's sentence demands, checked against the raw lines of a catalogue.

The language of the constraints is described in README.md next to this file.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

Product = Mapping[str, Any]
Constraint = Mapping[str, Any]
Families = Mapping[str, tuple[str, ...]]
Terms = Mapping[str, Constraint]

HERE = Path(__file__).parent
SEVERAL_VALUES = re.compile(r"[,/;]")
COMPARED_FIELDS = ("price", "weight")
BOUNDS: Mapping[str, Callable[[float, float], bool]] = {
    "min": lambda value, bound: value >= bound,
    "max": lambda value, bound: value <= bound,
    "above": lambda value, bound: value > bound,
    "below": lambda value, bound: value < bound,
}
NEGATED_TESTS = ("not", "not_in", "lacks")


class Malformed(Exception):
    """A constraint or a sentence that the language does not know."""


@dataclass(frozen=True)
class Sentence:
    """One thing a shopper says, and what every product shown in answer must satisfy."""

    id: str
    sentence: str
    shown: str | None
    constraints: tuple[Constraint, ...]
    some: tuple[Constraint, ...]
    narrow: bool
    note: str


@dataclass(frozen=True)
class Variant:
    """One thing that can be bought: its options, its price as paid, its stock."""

    options: Mapping[str, tuple[str, ...]]
    price_minor: float | None
    weight_grams: float | None
    in_stock: bool
    on_sale: bool


@dataclass(frozen=True)
class Catalogue:
    """The lines of one catalogue by handle or id, with the words that describe them."""

    products: Mapping[str, Product]
    variants_of: Callable[[Product], tuple[Variant, ...]]
    terms: Terms
    families: Families
    ratings: Mapping[str, float] = field(default_factory=dict[str, float])

    def name_of(self, product: Product) -> str:
        return str(product.get("handle") or product["id"])


@dataclass(frozen=True)
class Question:
    """Where a constraint is judged: the catalogue, and the product the shopper is looking at."""

    catalogue: Catalogue
    shown: Product | None = None


def load_sentences(file: Path) -> tuple[Sentence, ...]:
    return tuple(_sentence(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines() if line.strip())


def _sentence(line: Mapping[str, Any]) -> Sentence:
    unknown = set(line) - {"id", "sentence", "shown", "constraints", "some", "narrow", "note"}
    if unknown:
        raise Malformed(f"{line.get('id')}: unknown keys {sorted(unknown)}")
    return Sentence(
        id=line["id"],
        sentence=line["sentence"],
        shown=line["shown"],
        constraints=tuple(line["constraints"]),
        some=tuple(line.get("some", ())),
        narrow=line.get("narrow", False),
        note=line["note"],
    )


def load_demo(folder: Path, hidden_reviews: Iterable[str] = ()) -> Catalogue:
    """The published products of the demo shop; `folder` holds `products/` and `reviews.jsonl`."""
    terms, families = load_vocabulary("demo")
    lines = [line for file in sorted(folder.glob("products/*.jsonl")) for line in _lines(file.read_bytes())]
    published = {str(line["handle"]): line for line in lines if line["published"]}
    reviews = _lines((folder / "reviews.jsonl").read_bytes())
    ratings = average_ratings(reviews, frozenset(hidden_reviews))
    return Catalogue(published, demo_variants, terms, families, ratings)


def load_icecat(file: Path) -> Catalogue:
    terms, families = load_vocabulary("icecat")
    products = {str(line["id"]): line for line in _lines(gzip.decompress(file.read_bytes()))}
    return Catalogue(products, lambda product: icecat_variants(product, families), terms, families)


def load_vocabulary(catalogue: str) -> tuple[Terms, Families]:
    vocabulary = json.loads((HERE / "vocabulary.json").read_text(encoding="utf-8"))
    families = {name: tuple(colours) for name, colours in vocabulary["colours"].items()}
    return vocabulary["terms"][catalogue], families


def _lines(text: bytes) -> list[Product]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def average_ratings(reviews: Iterable[Product], hidden: frozenset[str] = frozenset()) -> dict[str, float]:
    """The mean of each product's reviews, those that moderation hides left out."""
    grades: dict[str, list[float]] = {}
    for review in reviews:
        if review["id"] not in hidden:
            grades.setdefault(review["product"], []).append(review["rating"])
    return {product: sum(given) / len(given) for product, given in grades.items()}


def demo_variants(product: Product) -> tuple[Variant, ...]:
    return tuple(
        Variant(
            options={name: (str(value),) for name, value in variant["options"].items()},
            price_minor=(variant["sale"] or variant["prices"])["EUR"],
            weight_grams=variant["weight_grams"] or None,
            in_stock=any(count > 0 for count in variant["stock"].values()),
            on_sale=bool(variant["sale"]),
        )
        for variant in product["variants"]
    )


def icecat_variants(product: Product, families: Families) -> tuple[Variant, ...]:
    """An Icecat line is its own only variant; the title tells the colour where no attribute does."""
    told = [product[name] for name in ("attr_t_product_colour", "attr_t_cable_colour") if name in product]
    colours = [part.strip() for value in told for part in SEVERAL_VALUES.split(str(value))]
    if not colours:
        names = tuple(name for members in families.values() for name in members)
        colours = _words_pattern(names).findall(str(product["title"]))
    return (Variant({"colour": tuple(colours)}, product["price"], product.get("attr_n_weight"), True, False),)


def reasons_against(sentence: Sentence, product: Product, catalogue: Catalogue) -> list[str]:
    """Why this product is no answer to the sentence; empty when it is one."""
    question = _question(sentence, catalogue)
    return [
        f"{catalogue.name_of(product)} does not satisfy {json.dumps(constraint)}"
        for constraint in sentence.constraints
        if not satisfies(product, constraint, question)
    ]


def answers(sentence: Sentence, catalogue: Catalogue) -> Iterator[str]:
    """The names of the products of the catalogue that satisfy every constraint, one after another."""
    question = _question(sentence, catalogue)
    for name, product in catalogue.products.items():
        if all(satisfies(product, constraint, question) for constraint in sentence.constraints):
            yield name


def _question(sentence: Sentence, catalogue: Catalogue) -> Question:
    return Question(catalogue, catalogue.products[sentence.shown] if sentence.shown else None)


def some_missing(sentence: Sentence, products: Iterable[Product], catalogue: Catalogue) -> list[str]:
    """What at least one of the answered products should satisfy, and none does."""
    question = _question(sentence, catalogue)
    answered = list(products)
    return [
        f"no answer satisfies {json.dumps(constraint)}"
        for constraint in sentence.some
        if not any(satisfies(product, constraint, question) for product in answered)
    ]


def satisfies(product: Product, constraint: Constraint, question: Question) -> bool:
    match constraint:
        case {"any": inner}:
            return any(satisfies(product, each, question) for each in inner)
        case {"all": inner}:
            return all(satisfies(product, each, question) for each in inner)
        case {"none": inner}:
            return not any(satisfies(product, each, question) for each in inner)
        case {"is": term}:
            return satisfies(product, question.catalogue.terms[term], question)
        case {"is_not": term}:
            return not satisfies(product, question.catalogue.terms[term], question)
        case {"field": path, **tests}:
            return _field_passes(values_at(product, path), tests)
        case {"any_variant": tests}:
            variants = question.catalogue.variants_of(product)
            return any(all(_variant_passes(each, test, question) for test in tests) for each in variants)
        case {"rating": bounds}:
            rating = question.catalogue.ratings.get(question.catalogue.name_of(product))
            return rating is not None and within(rating, bounds)
        case {"compared": what, "with_shown": relation}:
            return _compares(product, what, relation, question)
        case {"other_than_shown": True}:
            catalogue, shown = question.catalogue, _shown(question)
            return catalogue.name_of(product) != catalogue.name_of(shown)
        case _:
            raise Malformed(f"unknown constraint {json.dumps(constraint)}")


def values_at(product: Product, path: str) -> list[Any]:
    """The values a field holds: none when unknown, several for a list, everything legible for `text`."""
    if path == "text":
        return [" ".join(str(value) for value in _legible(product))]
    value: Any = product
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _legible(product: Product) -> Iterable[Any]:
    for name, value in product.items():
        if name in ("title", "description", "short_description", "category", "tags") or name.startswith("attr_t_"):
            yield value
    yield from product.get("attributes", {}).values()
    for variant in product.get("variants", ()):
        yield from variant["options"].values()


def _field_passes(values: list[Any], tests: Mapping[str, Any]) -> bool:
    if not tests:
        raise Malformed("a field needs a test")
    for name, wanted in tests.items():
        if name in NEGATED_TESTS:
            passes = not any(_value_passes(value, _positive(name), wanted) for value in values)
        else:
            passes = any(_value_passes(value, name, wanted) for value in values)
        if not passes:
            return False
    return True


def _positive(negated: str) -> str:
    return {"not": "equals", "not_in": "in", "lacks": "contains"}[negated]


def _value_passes(value: Any, test: str, wanted: Any) -> bool:
    match test:
        case "known":
            return wanted is True
        case "equals":
            return _plain(value) == _plain(wanted)
        case "in":
            return _plain(value) in [_plain(each) for each in wanted]
        case "contains":
            return any(_plain(each) in str(_plain(value)) for each in _listed(wanted))
        case "word":
            return _words_pattern(tuple(_listed(wanted))).search(str(value)) is not None
        case "begins":
            return any(str(_plain(value)).startswith(_plain(each)) for each in _listed(wanted))
        case "min" | "max" | "above" | "below":
            return _is_number(value) and BOUNDS[test](value, wanted)
        case _:
            raise Malformed(f"unknown test {test}")


def _plain(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _listed(wanted: Any) -> list[str]:
    return wanted if isinstance(wanted, list) else [wanted]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@cache
def _words_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Any of these as a whole word, the longest first: dark grey is not read as grey."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def within(value: float, bounds: Mapping[str, float]) -> bool:
    return all(BOUNDS[name](value, bound) for name, bound in bounds.items())


def _variant_passes(variant: Variant, test: Constraint, question: Question) -> bool:
    match test:
        case {"option": name, **tests}:
            return _option_passes(variant.options.get(name, ()), tests, question.catalogue.families)
        case {"price_minor": bounds}:
            return variant.price_minor is not None and within(variant.price_minor, bounds)
        case {"weight_grams": bounds}:
            return variant.weight_grams is not None and within(variant.weight_grams, bounds)
        case {"in_stock": wanted}:
            return variant.in_stock is wanted
        case {"on_sale": wanted}:
            return variant.on_sale is wanted
        case _:
            raise Malformed(f"unknown test of a variant {json.dumps(test)}")


def _option_passes(values: tuple[str, ...], tests: Mapping[str, Any], families: Families) -> bool:
    match tests:
        case {"family": names}:
            return any(_plain(value) in families[name] for value in values for name in names)
        case {"not_family": names}:
            return not any(_plain(value) in families[name] for value in values for name in names)
        case _:
            return _field_passes(list(values), tests)


def _shown(question: Question) -> Product:
    if question.shown is None:
        raise Malformed("a comparison needs a product that is shown")
    return question.shown


def _compares(product: Product, what: str, relation: str, question: Question) -> bool:
    shown = _shown(question)
    if relation == "same":
        mine, theirs = values_at(product, what), values_at(shown, what)
        return bool(mine) and [_plain(value) for value in mine] == [_plain(value) for value in theirs]
    mine, theirs = _figures(product, what, question), _figures(shown, what, question)
    if not mine or not theirs:
        return False
    # Of products with several variants, one end of the range is enough: shoppers compare like with like.
    if relation == "lower":
        return min(mine) < min(theirs) or max(mine) < max(theirs)
    if relation == "higher":
        return min(mine) > min(theirs) or max(mine) > max(theirs)
    raise Malformed(f"unknown comparison {relation}")


def _figures(product: Product, what: str, question: Question) -> list[float]:
    if what not in COMPARED_FIELDS:
        return [value for value in values_at(product, what) if _is_number(value)]
    variants = question.catalogue.variants_of(product)
    figures = [each.price_minor if what == "price" else each.weight_grams for each in variants]
    return [figure for figure in figures if figure is not None]
