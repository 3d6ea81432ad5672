"""What a product is, as short texts and numbers that constraints can be held against; made when it is indexed."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bottega.shop.catalogue.understanding.language import Language
from bottega.shop.catalogue.understanding.measures import Measures, Role, Unit
from bottega.shop.catalogue.understanding.words import folded, name_key, words_in

MOST_TRAITS = 800
MOST_NUMBERS = 400
LONGEST_TRAIT = 80
LONGEST_PHRASE_WORDS = 6
MOST_PARTS = 20

_SEPARATOR = re.compile(r"\s*(?:[,;/\n|]|\\n|\s\+\s|\s&\s|\band\b)\s*")
_MENTION = re.compile(r"(?<![\w.,-])(-?\d+(?:[.,]\d+)*)[\s-]?([a-zµ°\"″''/²]+[²2]?)", re.IGNORECASE)
_AMOUNT = re.compile(r"^(-?\d+(?:[.,]\d+)?)\s*([a-zµ°\"″/²]+[²2]?)?$", re.IGNORECASE)
_RANGE = re.compile(r"^(\d{1,3})\s*[-–]\s*(\d{1,3})$")
# Where the name of the thing ends in a title: what follows only describes it.
_TITLE_END = re.compile(r"\s(?:with|for|in|by|from|to|compatible|equivalent|w/)\s|\s[-–|]\s|[,(;]", re.IGNORECASE)
# "Mouse to PS/2 Adapter" names an adapter, "Mouse, 80 cm cable" no cable.
_JOINS = re.compile(r"\sto\s", re.IGNORECASE)
_TITLE_END_BUT_JOINS = re.compile(
    r"\s(?:with|for|in|by|from|compatible|equivalent|w/)\s|\s[-–|]\s|[,(;]", re.IGNORECASE
)
_TITLE_PIECE = re.compile(r"[^\W_]+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class ProductText:
    """What is read from the shop's tables about one product."""

    product_id: str
    title: str
    description: str
    brand: str
    category: str | None
    tags: Sequence[str]
    attributes: Mapping[str, Any]
    variants: Sequence[tuple[str, Mapping[str, str], int]]


@dataclass(frozen=True, slots=True)
class NumberOf:
    """A number of a product, or of one of its variants."""

    variant_id: str
    name: str
    value: float
    unit: str | None


@dataclass(frozen=True, slots=True)
class ProductTraits:
    """A product's traits and numbers, and those of each variant."""

    traits: list[str]
    fields: list[str]
    variants: dict[str, list[str]]
    numbers: list[NumberOf]


def traits_of(product: ProductText, language: Language, measures: Measures) -> ProductTraits:
    """Everything that constraints on this product can ask for."""
    reader = _Reader(product, language, measures)
    return reader.read()


def colours_of(text: str, language: Language) -> list[str]:
    """The colours in a colour value ("Black,Silver", "dark green", "grey orange"), each in its one spelling."""
    found: list[str] = []
    for part in parts_of(text):
        spelt = language.colour_spellings.get(part, part)
        words = [language.colour_spellings.get(word, word) for word in spelt.split()]
        found.append(" ".join(words))
        known = [word for word in words if word in language.colour_families]
        if len(known) == len(words) > 1:
            found.extend(known)
    return list(dict.fromkeys(found))


def parts_of(text: str) -> list[str]:
    """The parts of a listing value, folded: "Nylon, duck down" → nylon, duck down."""
    found: list[str] = []
    for part in _SEPARATOR.split(folded(text))[:MOST_PARTS]:
        cleaned = " ".join(part.strip(" -–.()").split())
        if cleaned and len(cleaned) <= LONGEST_TRAIT - 20:
            found.append(cleaned)
    return list(dict.fromkeys(found))


def materials_of(part: str, language: Language) -> list[str]:
    """What one part of a material value may be asked for by: itself, what stands in brackets, and each of its words."""
    spelt = language.material_spellings.get(part, part)
    words = [language.material_spellings.get(word, word) for word in words_in(spelt)]
    if len(words) > 1 and any(set(modifier.split()) <= set(words) for modifier in language.not_really):
        return [spelt]
    bracketed = re.findall(r"\(([^)]+)\)", part)
    return list(dict.fromkeys([spelt, re.sub(r"\s*\([^)]*\)", "", spelt), *words, *bracketed]))


def sizes_of(text: str, measures: Measures) -> list[str]:
    """The sizes that an option's value stands for: "S/M" → s, m; "39-41" → 39, 40, 41; itself always."""
    value = folded(text).strip()
    found = [value]
    if ranged := _RANGE.match(value):
        least, most = int(ranged[1]), int(ranged[2])
        if least < most <= least + 10:
            found.extend(str(size) for size in range(least, most + 1))
    letters = [measures.letter_names.get(part.upper(), part.upper()) for part in re.split(r"\s*[/–-]\s*", value)]
    if all(letter in measures.letters for letter in letters):
        found.extend(letter.lower() for letter in letters)
    return list(dict.fromkeys(found))


def ends_of(title: str, language: Language, besides: Collection[str] = ()) -> list[str]:
    """The names of things in a title's first part, by their last word and their last two; none of `besides`.

    "Wireless Notebook Mouse SPM7800" names a mouse and a notebook mouse, "USB keyboard cable 2 m" a cable, "Down Jacket
    for Kids" a jacket: what follows a preposition is what the thing is for. Where what only goes with a thing is named
    last ("Digital Camera Black Sport Case", "USB Mouse to PS/2 Adapter"), that is what it is.
    """
    joined = _TITLE_END_BUT_JOINS.split(title, maxsplit=1)[0]
    if _JOINS.search(joined):
        last = [name for name in _ends(_JOINS.split(joined)[-1], language, besides) if name in language.goes_with]
        if last:
            return last
    return _ends(_TITLE_END.split(title, maxsplit=1)[0], language, besides)


def _ends(text: str, language: Language, besides: Collection[str]) -> list[str]:
    pieces = _TITLE_PIECE.findall(text)
    found: list[str] = []
    for place, piece in enumerate(pieces):
        following = pieces[place + 1] if place + 1 < len(pieces) else ""
        if not _is_name(piece, language, besides) or not _ends_name(piece, following, language):
            continue
        word = language.keys.of_word(folded(piece))
        if word in language.goes_with:
            found.clear()
        found.append(word)
        before = pieces[place - 1] if place else ""
        if _is_name(before, language, besides):
            found.append(f"{language.keys.of_word(folded(before))} {word}")
    return list(dict.fromkeys(found))


def _things(ends: Sequence[str], language: Language) -> list[str]:
    """What a title names without naming something that only goes with it ("phone case"); `thing:*` where it names no
    such thing at all. Told here, because a search would look through all the traits of every product for it."""
    beside = {end for end in ends if end in language.goes_with}
    found = [f"thing:{end}" for end in ends if " " not in end and beside <= {end}]
    return found if beside else [*found, "thing:*"]


def _is_name(piece: str, language: Language, besides: Collection[str]) -> bool:
    word = folded(piece)
    return piece.isalpha() and len(piece) > 1 and not _is_colour(word, language) and word not in besides


def _ends_name(piece: str, following: str, language: Language) -> bool:
    """Whether what follows only describes: nothing, figures, colours, acronyms, capitals after small letters."""
    if not following or any(sign.isdigit() for sign in following) or _is_colour(folded(following), language):
        return True
    if following in "/&":
        return False
    acronym = following.isupper() and following.isalpha() and not piece.isupper()
    return acronym or not following.isalnum() or (piece.islower() and following[0].isupper())


def _is_colour(word: str, language: Language) -> bool:
    return language.colour_spellings.get(word, word) in language.colour_families


class _Reader:
    def __init__(self, product: ProductText, language: Language, measures: Measures) -> None:
        self._product = product
        self._language = language
        self._measures = measures
        self._attributes = {name_key(name): value for name, value in product.attributes.items()}
        self._traits: dict[str, None] = {}
        self._fields: dict[str, None] = {}
        self._mentions = self._units_mentioned(f"{product.title} {product.description}")

    def read(self) -> ProductTraits:
        self._title_and_place()
        for name, value in self._attributes.items():
            self._attribute(name, value)
        common = self._shared_by_variants()
        variants = {variant_id: self._variant(options, common) for variant_id, options, _ in self._product.variants}
        for role in ("colour", "size", "material", "gender"):
            prefix = f"{role}:"
            told = (trait for traits in (self._traits, *variants.values()) for trait in traits)
            if any(trait.startswith(prefix) for trait in told):
                self._fields[f"role:{role}"] = None
        numbers = self._numbers()
        return ProductTraits(
            traits=[trait[:LONGEST_TRAIT] for trait in self._traits][:MOST_TRAITS],
            fields=list(self._fields),
            variants=variants,
            numbers=numbers[:MOST_NUMBERS],
        )

    def _add(self, *traits: str) -> None:
        for trait in traits:
            self._traits[trait] = None

    def _title_and_place(self) -> None:
        product, key = self._product, self._language.keys.of_word
        self._add(*(f"w:{key(word)}" for word in words_in(product.title)))
        title = product.title.removeprefix(product.brand)
        # "Case Logic" makes bags; a title that begins with it names no case.
        besides = {*self._measures.unit_names, *(words_in(product.brand) if title == product.title else ())}
        ends = ends_of(title, self._language, besides)
        self._add(*(f"end:{name}" for name in ends), *_things(ends, self._language))
        kind = self._measures.roles["kind"]
        for name, value in self._attributes.items():
            if kind.rank(name) is not None and isinstance(value, str) and not value.isdigit():
                self._add(f"kind:{self._language.keys.of(value)}")
        if product.category:
            steps = product.category.split("/")
            self._add(*(f"category:{'/'.join(steps[:depth])}" for depth in range(1, len(steps) + 1)))
        self._add(*(f"tag:{self._language.keys.of(tag)}" for tag in product.tags))

    def _attribute(self, name: str, value: Any) -> None:
        self._fields[name] = None
        if isinstance(value, bool):
            self._add(f"{'is' if value else 'not'}:{name}")
            return
        if isinstance(value, int | float):
            # Having two HDMI ports is having HDMI.
            if name.endswith(("_quantity", "_ports")) or name.startswith("number_of_"):
                self._add(f"{'is' if value > 0 else 'not'}:{name}")
            elif value and (told := self._measures.name_without_unit(name)):
                # A water column of ten metres says waterproof.
                self._add(f"told:{told}")
            return
        texts: list[str] = [value] if isinstance(value, str) else list(value)
        truth = self._language.truths.get(folded(texts[0]).strip()) if len(texts) == 1 else None
        if truth is not None:
            self._add(f"{'is' if truth else 'not'}:{name}")
            return
        parts = [part for text in texts for part in parts_of(text)]
        self._add(*(f"v:{name}={part}" for part in parts if len(part.split()) <= LONGEST_PHRASE_WORDS))
        if self._role("gender").rank(name) is not None:
            self._add(*self._genders(texts))
        if self._is_about_making(name):
            self._add(*(f"made:{word}" for part in parts for word in materials_of(part, self._language)))

    def _role(self, name: str) -> Role:
        return self._measures.roles[name]

    def _is_about_making(self, name: str) -> bool:
        return self._role("material").rank(name) is not None or self._role("also_made_of").rank(name) is not None

    def _genders(self, texts: Iterable[str]) -> list[str]:
        values = self._language.gender_values
        parts = (part for text in texts for part in (folded(text), *parts_of(text)))
        return [f"gender:{values[part]}" for part in parts if part in values]

    def _shared_by_variants(self) -> dict[str, list[str]]:
        """Traits by role that every variant has unless its own options say otherwise."""
        words = words_in(self._product.title)
        in_title = [self._language.colour_spellings.get(word, word) for word in words]
        titled = [word for word in in_title if word in self._language.colour_families]
        colour = self._of_role("colour")
        own = colours_of(colour, self._language) if colour else titled
        mentioned = {
            shade
            for name, value in self._attributes.items()
            if isinstance(value, str) and self._role("colour").rank(name) is not None
            for shade in colours_of(value, self._language)
        }
        material = self._of_role("material")
        made = [word for part in parts_of(material) for word in materials_of(part, self._language)] if material else []
        size = self._attributes.get("size")
        sizes = sizes_of(size, self._measures) if isinstance(size, str) else []
        return {
            "colour": [*_coloured(own), *(f"tint:{shade}" for shade in {*own, *mentioned, *titled})],
            "material": [f"material:{word}" for word in made],
            "size": [f"size:{value}" for value in sizes],
        }

    def _of_role(self, role: str) -> str:
        """The text of the attribute that means this, the one whose name is nearest to it."""
        ranked = [
            (rank, name)
            for name, value in self._attributes.items()
            if isinstance(value, str | list)
            and not (isinstance(value, str) and folded(value).strip() in self._language.truths)
            and (rank := self._role(role).rank(name)) is not None
        ]
        if not ranked:
            return ""
        least = min(rank for rank, _ in ranked)
        values = [self._attributes[name] for rank, name in ranked if rank == least]
        return ",".join(value if isinstance(value, str) else ",".join(value) for value in values)

    def _variant(self, options: Mapping[str, str], common: Mapping[str, list[str]]) -> list[str]:
        found: dict[str, None] = {}
        told: set[str] = set()
        for name, value in options.items():
            option = name_key(name)
            for role in ("colour", "size", "material"):
                if self._role(role).rank(option) is not None:
                    told.add(role)
                    found.update(dict.fromkeys(self._option(role, value)))
            if self._role("gender").rank(option) is not None:
                self._add(*self._genders([value]))
            found[f"o:{option}={folded(value).strip()}"[:LONGEST_TRAIT]] = None
        for role, traits in common.items():
            if role not in told:
                found.update(dict.fromkeys(traits))
        return list(found)[:MOST_TRAITS]

    def _option(self, role: str, value: str) -> list[str]:
        if role == "colour":
            shades = colours_of(value, self._language)
            return [*_coloured(shades), *(f"tint:{shade}" for shade in shades)]
        if role == "size":
            return [f"size:{size}" for size in sizes_of(value, self._measures)]
        words = [word for part in parts_of(value) for word in materials_of(part, self._language)]
        return [*(f"material:{word}" for word in words), *(f"made:{word}" for word in words)]

    def _numbers(self) -> list[NumberOf]:
        found: list[NumberOf] = []
        for name, value in self._attributes.items():
            number = _plain_number(value)
            if number is not None:
                found.append(NumberOf("", name, number, self._unit_beside(number)))
        has_weight = any(number.name == "weight" for number in found)
        for variant_id, options, grams in self._product.variants:
            if grams and not has_weight:
                found.append(NumberOf(variant_id, "weight", float(grams), "g"))
            for option, value in options.items():
                if (amount := self._amount(value)) is not None:
                    number, unit = amount
                    base = self._measures.units[_base(unit)]
                    name = f"option.{name_key(option)}.{unit.dimension}"
                    found.append(NumberOf(variant_id, name, unit.converted(number, base), base.name))
        for number in found:
            self._fields.setdefault(number.name, None)
        return found

    def _amount(self, text: str) -> tuple[float, Unit] | None:
        matched = _AMOUNT.match(text.strip())
        if matched is None or matched[2] is None:
            return None
        unit = self._measures.glued_unit_names.get(folded(matched[2]))
        return (float(matched[1].replace(",", ".")), unit) if unit is not None else None

    def _units_mentioned(self, text: str) -> dict[float, set[str]]:
        """Which units stand behind which numbers in the product's own text: the evidence for an attribute's unit."""
        found: dict[float, set[str]] = {}
        for number, name in _MENTION.findall(text):
            unit = self._measures.glued_unit_names.get(folded(name))
            # A bare degree sign may be an angle as well.
            if unit is None or name == "°":
                continue
            for written in {number.replace(",", "."), number.replace(",", "")}:
                try:
                    found.setdefault(float(written), set()).add(unit.name)
                except ValueError:
                    continue
        return found

    def _unit_beside(self, value: float) -> str | None:
        units = self._mentions.get(value, set())
        return next(iter(units)) if len(units) == 1 else None


def _coloured(shades: Sequence[str]) -> list[str]:
    """Colour traits: each shade, and each pair of them, so that "black and white" is one thing to ask for."""
    single = list(dict.fromkeys(shades))
    pairs = [f"colour:{'+'.join(sorted((one, other)))}" for one in single for other in single if one < other]
    return [*(f"colour:{shade}" for shade in single), *pairs[:20]]


def _plain_number(value: Any) -> float | None:
    """A number, also where it stands as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,9}(?:\.\d{1,6})?", value.strip()):
        return float(value)
    return None


def _base(unit: Unit) -> str:
    """The unit that numbers of options are kept in, per dimension."""
    return {"mass": "g", "length": "mm", "volume": "ml", "time": "min", "storage": "gb"}.get(unit.dimension, unit.name)
