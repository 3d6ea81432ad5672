"""The kind of thing that is asked for as a constraint: categories that hold such things, else words of titles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bottega.shop.catalogue.understanding.kinds import TINY_SHARE, named_categories, titled_with
from bottega.shop.catalogue.understanding.model import CategoryIs, NumberBound, Stated, TraitIs
from bottega.shop.catalogue.understanding.reading import Named, Reading
from bottega.shop.catalogue.understanding.vocabulary import CategoryFigures, halves_of

LONGEST_BEFORE = 3
MOST_EXCLUDED_TRAITS = 400
# "Without nuts" means hazelnuts too, but "without ink" nothing pink.
SHORTEST_OF_COMPOUND = 3
# A category stands for a word when so many of the things called so are in it.
FAITHFUL_SHARE = 0.55
# Beside other words, and with nothing else to narrow the search, it must hold all but a few of them.
PLAIN_SHARE = 0.6
# Of a category that names several things, the word must be in the titles of so many products to be required of all.
TITLED_SHARE = 0.1
# Fewer, and the category holds other things as well.
PURE_SHARE = 0.8
# Where so many of the things called so are, they are at home.
HOME_SHARE = 0.5
# Of a category with so few products the title is believed.
FEW_PRODUCTS = 10


@dataclass(frozen=True, slots=True)
class _Kind:
    """One way to say in traits and categories what a word means."""

    paths: tuple[str, ...]
    traits: tuple[str, ...] = ()
    not_paths: tuple[str, ...] = ()
    not_traits: tuple[str, ...] = ()


def add_categories(reading: Reading, names: Sequence[Named]) -> None:
    """One constraint for the kinds of thing that are named, and what they are when taken less narrowly."""
    meanings = [_meanings(reading, name.phrase) for name in names]
    levels: list[_Kind] = _said_nearer(reading, names[0]) if len(names) == 1 else []
    for depth in range(max(len(meaning) for meaning in meanings)):
        level = _together([meaning[min(depth, len(meaning) - 1)] for meaning in meanings])
        if level not in levels:
            levels.append(level)
    said = reading.sentence.text[_start(reading, names[0]) : _end(reading, names[-1])]
    if len(levels) > 1 and _tells_nothing(reading):
        # "Lamp" is the shelf of emergency lamps here and says nothing of hours: all lighting is meant.
        levels = levels[1:]
    key = f"category:{'|'.join(name.phrase for name in names)}"
    stated = Stated(key, " or ".join(name.said for name in names), said)
    reading.found(_constraint(reading, [name.phrase for name in names], levels, stated), names[0].place)


def called(reading: Reading, phrase: str, stated: Stated) -> CategoryIs:
    """What is called so, as if the sentence had said it."""
    return _constraint(reading, [phrase], _meanings(reading, phrase), stated)


def _constraint(reading: Reading, phrases: Sequence[str], levels: Sequence[_Kind], stated: Stated) -> CategoryIs:
    called = tuple(dict.fromkeys(trait for phrase in phrases for trait in _worded(_group(reading, phrase))))
    constraint: CategoryIs | None = None
    for level in reversed(levels):
        constraint = CategoryIs(
            stated,
            level.paths,
            level.traits,
            not_paths=level.not_paths,
            not_traits=level.not_traits,
            called=called,
            wider=constraint,
        )
    assert constraint is not None, "every name has a meaning"
    return constraint


def _said_nearer(reading: Reading, name: Named) -> list[_Kind]:
    """What the words right before a kind's name make of it, where they name a category: "fleece jackets" are fleeces, a
    "first aid kit" is first aid."""
    sentence, vocabulary, key = reading.sentence, reading.vocabulary, reading.language.keys.of
    paths = _paths(reading, name.phrase)
    for length in range(LONGEST_BEFORE, 0, -1):
        start = name.place - length
        phrase = sentence.key(start, length)
        known = vocabulary.category_phrases.get(phrase, ()) if sentence.free(start, length) else ()
        inside = [path for path in known if any(path.startswith(f"{own}/") for own in paths)]
        own = [path for path in known if length > 1 and _is_titled(vocabulary.categories[path], phrase, key)]
        if not (inside or own):
            continue
        sentence.claim(start, length, "ranking")
        words = "".join(f"+w:{word}" for word in phrase.split())
        return [_Kind(tuple(inside or own), tuple(f"{end}{words}" for end in _ends(_group(reading, name.phrase))))]
    return []


def rule_out_category(reading: Reading, phrase: str, label: str, said: str, place: int) -> None:
    """None of the things that are named; where these are no such things, nothing that tells of it: nuts of a snack."""
    group = _group(reading, phrase)
    paths = _paths(reading, phrase)
    asked = named_categories(reading, (reading.kind_phrase, *_group(reading, reading.kind_phrase)))
    if asked and not {path.partition("/")[0] for path in asked} & {path.partition("/")[0] for path in paths}:
        rule_out_word(reading, [phrase], f"without {label}", said, place)
        return
    stated = Stated(f"not:category:{phrase}", f"not {label}", said)
    traits = (*_ends(group), *_kinds(reading, group))
    reading.found(CategoryIs(stated, paths, traits, negated=True), place)


def rule_out_word(reading: Reading, phrases: Sequence[str], label: str, said: str, place: int) -> None:
    """Words that the catalogue has no name for: in no title and no value, nor as the end of a compound there."""
    everywhere: dict[str, None] = {}
    told = reading.vocabulary.value_words
    parts = [part for phrase in phrases for part in phrase.split()]
    for word in dict.fromkeys(one for part in parts for one in (part, *reading.language.contained.get(part, ()))):
        everywhere[f"w:{word}"] = None
        compounds = [one for one in told if len(word) >= SHORTEST_OF_COMPOUND and one.endswith(word)]
        for one in sorted(compounds, key=lambda one: (one != word, one)):
            everywhere.update(dict.fromkeys(told[one]))
    stated = Stated(f"not:word:{' '.join(phrases)}", label, said)
    reading.found(TraitIs(stated, (), True, everywhere=tuple(everywhere)[:MOST_EXCLUDED_TRAITS]), place)


def is_plainly(reading: Reading, phrase: str, *, alone: bool) -> bool:
    """Whether a phrase is the name of categories that hold what is called so, all but surely beside other words."""
    paths = _paths(reading, phrase)
    if not paths or not _faithful(reading, phrase, paths):
        return False
    if alone:
        return True
    titles = {reading.language.keys.of(reading.vocabulary.categories[path].title) for path in paths}
    # "Pack" is what several categories are called at the end.
    named = len(paths) > 1 or any(word in titles for word in (phrase, *_group(reading, phrase)))
    return named and (" " in phrase or _share_in(reading, _group(reading, phrase), paths) >= PLAIN_SHARE)


def _start(reading: Reading, name: Named) -> int:
    return reading.sentence.tokens[name.place].start


def _end(reading: Reading, name: Named) -> int:
    return reading.sentence.tokens[name.place + name.length - 1].end


def _together(kinds: Sequence[_Kind]) -> _Kind:
    """Any of them; what one leaves out is left out of it alone where another one does not want it."""
    paths = tuple(dict.fromkeys(path for kind in kinds for path in kind.paths))
    traits = tuple(dict.fromkeys(trait for kind in kinds for trait in kind.traits))
    not_paths = tuple(dict.fromkeys(path for kind in kinds for path in kind.not_paths if path not in paths))
    not_traits = tuple(trait for trait in kinds[0].not_traits if all(trait in kind.not_traits for kind in kinds))
    return _Kind(paths, traits, not_paths, not_traits)


def _meanings(reading: Reading, phrase: str) -> list[_Kind]:
    """What a word means, the narrowest first: its categories, with what they hold besides, and wider ones."""
    group = _group(reading, phrase)
    paths = _paths(reading, phrase)
    not_paths = () if phrase in reading.language.accessory_words else accessories_below(reading, paths, group)
    broader = _broader(reading, phrase)
    if paths and _faithful(reading, phrase, paths):
        found = _placed(reading, phrase, group, paths, not_paths)
    else:
        found = _titled(reading, group, paths, not_paths)
        if broader and not paths and " " not in phrase:
            others = _other_kinds(reading, group, broader)
            found = [_Kind((*kind.paths, *broader), kind.traits, kind.not_paths, others) for kind in found]
    wide = found[-1]
    if broader and not set(broader) <= set(wide.paths):
        found.append(_Kind(tuple(dict.fromkeys((*wide.paths, *broader))), wide.traits, wide.not_paths))
    return found


def _placed(
    reading: Reading, phrase: str, group: Sequence[str], paths: Sequence[str], not_paths: Sequence[str]
) -> list[_Kind]:
    """The categories; of one that names several things ("Toner and ink") first what the title says is this of them."""
    plain: list[str] = []
    titled: list[str] = []
    for path in paths:
        leaf = not any(other.startswith(f"{path}/") for other in reading.vocabulary.categories)
        shared = _other_halves(reading, phrase, group, [path])
        share = _titled_share(reading, group, path)
        category = reading.vocabulary.categories[path]
        is_called_so = " " in phrase and _is_titled(category, phrase, reading.language.keys.of)
        if not shared and is_called_so and category.products < FEW_PRODUCTS:
            # "Head torches" stands above them all; of so few a share of titles tells nothing.
            plain.append(path)
            continue
        if leaf and (share >= TITLED_SHARE if shared else TITLED_SHARE <= share < PURE_SHARE):
            titled.extend(f"category:{path}+{trait}" for trait in _ends(group))
        elif leaf and shared and _worded_share(reading, group, path) >= TITLED_SHARE:
            titled.extend(f"category:{path}+{trait}" for trait in _worded(group))
        else:
            plain.append(path)
    others = _other_halves(reading, phrase, group, plain)
    ends = _ends(group)
    whole = _Kind(tuple(paths), ends, tuple(not_paths))
    if not titled and not others:
        return [whole]
    return [_Kind(tuple(plain), (*titled, *ends), tuple(not_paths), others), whole]


def _other_kinds(reading: Reading, group: Sequence[str], paths: Sequence[str]) -> tuple[str, ...]:
    """What titles call other kinds of thing that are at home in these categories: televisions among the displays."""
    others = (word for word in reading.language.kinds if " " not in word and word not in group)
    known = ((word, reading.vocabulary.kinds[word]) for word in others if word in reading.vocabulary.kinds)
    return tuple(
        f"w:{word}"
        for word, figures in known
        if sum(figures.categories.get(path, 0) for path in paths) >= HOME_SHARE * figures.products
    )


def _titled(reading: Reading, group: Sequence[str], paths: Sequence[str], not_paths: Sequence[str]) -> list[_Kind]:
    """What product types, categories and titles call so, where no category holds most of it; nothing that only goes
    with such things: a "phone case" is no phone."""
    named = [end.replace("end:", "thing:", 1) for end in _ends(group)]
    said = {part for word in group for part in word.split()}
    plain = "" if said & reading.language.goes_with else "+thing:*"
    words = [f"{word}{plain}" for word in _worded(group)]
    kinds = (*_kinds(reading, group), *_told(reading, group))
    longer = _longer_names(reading, group)
    return [
        _Kind(tuple(paths), (*named, *kinds), tuple(not_paths), longer),
        _Kind(tuple(paths), (*words, *named, *kinds), tuple(not_paths), longer),
    ]


def _longer_names(reading: Reading, group: Sequence[str]) -> tuple[str, ...]:
    """What begins the name of another kind that ends as this one does: an uninterruptible power supply."""
    ends = tuple(f" {word}" for word in group if " " in word)
    if not ends:
        return ()
    longer = [other for other in reading.language.kinds if other.endswith(ends) and other not in group]
    return tuple(dict.fromkeys(f"w:{other.split()[0]}" for other in longer))


def _group(reading: Reading, phrase: str) -> tuple[str, ...]:
    return reading.language.kinds.get(phrase, (phrase,))


def _ends(group: Sequence[str]) -> tuple[str, ...]:
    """Names in titles that end with one of these: "end:card+w:graphics" for a graphics card."""
    found: list[str] = []
    for word in group:
        *before, last = word.split()
        found.append("+".join([f"end:{last}", *(f"w:{part}" for part in before)]))
    return tuple(found)


def _worded(group: Sequence[str]) -> tuple[str, ...]:
    """Titles with one of these somewhere."""
    return tuple(f"w:{'+w:'.join(word.split())}" for word in group)


def _kinds(reading: Reading, group: Sequence[str]) -> tuple[str, ...]:
    """Product types of the catalogue that are such things."""
    return tuple(
        f"kind:{kind}"
        for kind in reading.vocabulary.kind_phrases
        if any(kind == word or kind.endswith(f" {word}") for word in group)
    )


def _told(reading: Reading, group: Sequence[str]) -> tuple[str, ...]:
    """What only such things tell of themselves, whatever their titles call them: telephones that take a SIM card."""
    told = dict.fromkeys(f"v:{value}" for word in group for value in reading.language.told_of.get(word, ()))
    return tuple(trait for trait in told if trait in reading.vocabulary.trait_counts)


def _tells_nothing(reading: Reading) -> bool:
    """Whether things called so never tell a number that is asked for: then the word is likely used otherwise here."""
    if reading.kind is None:
        return False
    asked = [known for known in reading.constraints if isinstance(known, NumberBound)]
    return any(reading.kind.coverage(*(one.name for one in bound.ranges)) == 0 for bound in asked)


def _broader(reading: Reading, phrase: str) -> tuple[str, ...]:
    """Categories of what is meant more widely: of the last word ("trekking poles" are poles), of a wider name."""
    language, vocabulary = reading.language, reading.vocabulary
    head = phrase.split()[-1]
    names = [*language.broader.get(phrase, ()), *(language.broader.get(head, ()) if " " in phrase else ())]
    found = [path for name in names for path in vocabulary.category_phrases.get(name, ())]
    if " " in phrase:
        paths = _paths(reading, head)
        if paths and _faithful(reading, head, paths):
            found.extend(paths)
    return tuple(path for path in dict.fromkeys(found) if not any(path.startswith(f"{other}/") for other in found))


def _paths(reading: Reading, phrase: str) -> tuple[str, ...]:
    """The categories a word names, without those inside another of them; a title of just these words before others."""
    vocabulary, keys = reading.vocabulary, reading.language.keys
    found = named_categories(reading, (phrase, *_group(reading, phrase)))
    own = [path for path in found if _is_titled(vocabulary.categories[path], phrase, keys.of)]
    # "Shoes" is also what "Hiking shoes" are, wherever they stand; "Mittens" are no "Gloves and mittens".
    chosen = [path for path in found if not any(other.startswith(f"{path}/") for other in own)]
    return tuple(path for path in chosen if not any(path.startswith(f"{other}/") for other in chosen))


def _is_titled(category: CategoryFigures, phrase: str, key: Callable[[str], str]) -> bool:
    return key(category.title) == phrase


def _other_halves(reading: Reading, phrase: str, group: Sequence[str], paths: Sequence[str]) -> tuple[str, ...]:
    """What shares a category's title with the word: "Gloves and mittens", when gloves are asked for."""
    keys, known = reading.language.keys, reading.vocabulary.categories
    found: dict[str, None] = {}
    for path in paths:
        halves = [keys.of(half) for half in halves_of(known[path].title, reading.language.accessory_words)]
        if len(halves) < 2 or not any(half == phrase or half in group for half in halves):
            continue
        found.update(dict.fromkeys(f"w:{half.split()[-1]}" for half in halves if half not in group and half != phrase))
    return tuple(trait for trait in found if trait.removeprefix("w:") not in phrase.split())


def _titled_share(reading: Reading, group: Sequence[str], path: str) -> float:
    """The share of a category's products that have one of these words in their title."""
    known = [reading.vocabulary.kinds[word] for word in group if word in reading.vocabulary.kinds]
    titled = max((figures.categories.get(path, 0) for figures in known), default=0)
    return titled / max(reading.vocabulary.categories[path].products, 1)


def _worded_share(reading: Reading, group: Sequence[str], path: str) -> float:
    """At most that share of a category's products has one of these words somewhere in its title."""
    worded = max((titled_with(reading, word) for word in group), default=0)
    return worded / max(reading.vocabulary.categories[path].products, 1)


def accessories_below(reading: Reading, paths: Sequence[str], group: Sequence[str]) -> tuple[str, ...]:
    """Categories inside these that hold what only goes with such things: tent repair among the tents."""
    accessories = reading.language.accessory_words
    if any(word.split()[-1] in accessories for word in group):
        return ()
    found: list[str] = []
    for path, category in reading.vocabulary.categories.items():
        if not any(path.startswith(f"{other}/") for other in paths):
            continue
        words = reading.language.keys.of(f"{category.title} {path.rpartition('/')[2]}").split()
        if any(word in accessories for word in words):
            found.append(path)
    return tuple(found)


def _share_in(reading: Reading, group: Sequence[str], paths: Sequence[str]) -> float:
    """The share of things called so that are in these categories."""
    single = [word for word in group if " " not in word]
    total = inside = 0
    for word in single or group:
        figures = reading.vocabulary.kinds.get(word) or reading.vocabulary.kinds.get(word.split()[-1])
        if figures is None:
            continue
        total += figures.products
        inside += sum(
            number
            for path, number in figures.categories.items()
            if any(path == own or path.startswith(f"{own}/") for own in paths)
        )
    return inside / total if total else 1.0


def _faithful(reading: Reading, phrase: str, paths: Sequence[str]) -> bool:
    """Whether the categories are what the word means; a title of just these several words is, unless it is tiny."""
    group = _group(reading, phrase)
    titles = {reading.language.keys.of(reading.vocabulary.categories[path].title) for path in paths}
    named = [word for word in (phrase, *group) if " " in word and word in titles]
    if named:
        inside = sum(reading.vocabulary.categories[path].products for path in paths)
        return inside >= TINY_SHARE * max(titled_with(reading, word) for word in named)
    return _share_in(reading, group, paths) >= FAITHFUL_SHARE
