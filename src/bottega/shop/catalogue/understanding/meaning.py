"""From phrases to constraints: what a colour, a material or a kind of thing means for traits of the catalogue."""

from collections.abc import Iterable, Sequence

from bottega.shop.catalogue.understanding.categories import MOST_EXCLUDED_TRAITS, rule_out_category, rule_out_word
from bottega.shop.catalogue.understanding.matches import Match
from bottega.shop.catalogue.understanding.model import (
    BrandIs,
    FlagIs,
    Stated,
    TraitIs,
)
from bottega.shop.catalogue.understanding.reading import Named, Reading

# Where most things of a kind tell "no" as well as "yes", "without" means those that tell "no".
TOLD_NO_SHARE = 0.4


def add_constraint(
    reading: Reading, matches: Sequence[Match], said: str, place: int, *, negated: bool, both: bool
) -> None:
    """Adds what a group of matches of one kind means; `both` where all of it is wanted, not any."""
    kind = matches[0].kind
    match kind:
        case "brand":
            _brands(reading, matches, said, place, negated=negated)
        case "colour":
            _colours(reading, matches, said, place, negated=negated, both=both)
        case "material":
            _materials(reading, matches, said, place, negated=negated, both=both)
        case "gender":
            _genders(reading, matches, said, place, negated=negated)
        case "flag" | "mention":
            for one in matches:
                _flag(reading, one, said, place, negated=negated)
        case "value":
            _value(reading, matches[0], said, place, negated=negated)
        case "word":
            _word(reading, matches, said, place)
        case "category":
            if negated:
                for one in matches:
                    rule_out_category(reading, one.values[0], one.label, said, place)
            else:
                reading.named.extend(Named(match.values[0], match.label, match.start) for match in matches)


def _key(kind: str, values: Iterable[str], *, negated: bool) -> str:
    return f"{'not:' if negated else ''}{kind}:{'|'.join(values)}"


def _label(matches: Sequence[Match], *, negated: bool, both: bool = False) -> str:
    text = (" and " if both else " or ").join(dict.fromkeys(match.label for match in matches))
    return f"not {text}" if negated else text


def _brands(reading: Reading, matches: Sequence[Match], said: str, place: int, *, negated: bool) -> None:
    brands = tuple(dict.fromkeys(brand for match in matches for brand in match.values))
    stated = Stated(_key("brand", brands, negated=negated), _label(matches, negated=negated), said)
    reading.found(BrandIs(stated, brands, negated), place)


def _genders(reading: Reading, matches: Sequence[Match], said: str, place: int, *, negated: bool) -> None:
    genders = tuple(dict.fromkeys(gender for match in matches for gender in match.values))
    stated = Stated(_key("gender", genders, negated=negated), _label(matches, negated=negated), said)
    traits = tuple(f"gender:{gender}" for gender in genders)
    # What is for everybody is also for them, when nothing is for them alone.
    unisex = () if negated or "children" in genders else ("gender:unisex",)
    wider = TraitIs(stated, traits + unisex) if unisex and "gender:unisex" not in traits else None
    reading.found(TraitIs(stated, traits, negated, wider=wider), place)


def _colours(reading: Reading, matches: Sequence[Match], said: str, place: int, *, negated: bool, both: bool) -> None:
    colours = tuple(dict.fromkeys(match.values[0] for match in matches))
    if both and not negated and len(colours) == 2:
        pair = "+".join(sorted(colours))
        if pair in reading.vocabulary.colours:
            stated = Stated(_key("colour", [pair], negated=False), " and ".join(colours), said)
            either = TraitIs(stated, tuple(f"colour:{colour}" for colour in colours))
            reading.found(TraitIs(stated, (f"colour:{pair}",), wider=either), place)
            return
    stated = Stated(_key("colour", colours, negated=negated), _label(matches, negated=negated), said)
    exact = tuple(colour for colour in colours if colour in reading.vocabulary.colours)
    shades = tuple(dict.fromkeys(shade for colour in colours for shade in shades_of(reading, colour)))
    if negated:
        ruled_out = dict.fromkeys((*colours, *shades))
        traits = tuple(trait for colour in ruled_out for trait in (f"colour:{colour}", f"tint:{colour}"))
        reading.found(TraitIs(stated, traits, negated=True), place)
        return
    wide = tuple(f"colour:{colour}" for colour in dict.fromkeys((*exact, *shades)))
    narrow = tuple(f"colour:{colour}" for colour in exact) or wide or tuple(f"colour:{colour}" for colour in colours)
    reading.found(TraitIs(stated, narrow, wider=TraitIs(stated, wide) if wide and wide != narrow else None), place)


def shades_of(reading: Reading, colour: str) -> list[str]:
    """The catalogue's colours that people count to this one: shades of a family; of a shade, its family and sisters."""
    language, known = reading.language, reading.vocabulary.colours
    families = [colour] if colour in language.colour_families else []
    if not families:
        families = [family for family, shades in language.colour_families.items() if colour in shades][:1]
        families = families or [word for word in colour.split() if word in language.colour_families]
    found = [family for family in families if family in known]
    for name in known:
        if "+" in name:
            continue
        words = name.split()
        for family in families:
            in_family = name in language.colour_families[family] or family in words
            if in_family and not (len(words) > 1 and _is_other_pair(reading, words, family)):
                found.append(name)
    return found


def _is_other_pair(reading: Reading, words: Sequence[str], family: str) -> bool:
    """Whether a name of two colours is of both ("black orange"), so that it is no shade of one."""
    return sum(word in reading.language.colour_families for word in words) > 1 and family not in words


def _materials(reading: Reading, matches: Sequence[Match], said: str, place: int, *, negated: bool, both: bool) -> None:
    names = tuple(dict.fromkeys(match.values[0] for match in matches))
    stated = Stated(_key("material", names, negated=negated), _label(matches, negated=negated, both=both), said)
    if both and not negated:
        for name, match in zip(names, matches, strict=False):
            alone = Stated(_key("material", [name], negated=False), match.label, said)
            reading.found(TraitIs(alone, _of_material(reading, name)), place)
        return
    traits = tuple(dict.fromkeys(trait for name in names for trait in _of_material(reading, name)))
    if not negated:
        kinds = {trait.partition(":")[2] for trait in traits}
        mentioned = tuple(f"{told}:{kind}" for told in ("made", "w") for kind in sorted(kinds))
        reading.found(TraitIs(stated, traits, wider=TraitIs(stated, (*traits, *mentioned))), place)
        return
    everywhere = {f"made:{trait.partition(':')[2]}" for trait in traits}
    for name in names:
        everywhere.update({f"w:{name}", f"tag:{name}", f"is:contains_{name.replace(' ', '_')}"})
        everywhere.update(t for t in reading.vocabulary.value_words.get(name, ()) if not _only_resembles(reading, t))
    reading.found(TraitIs(stated, traits, True, everywhere=tuple(sorted(everywhere))[:MOST_EXCLUDED_TRAITS]), place)


def _only_resembles(reading: Reading, trait: str) -> bool:
    """ "Synthetic leather" is not leather, and what fits "leather boots" is none either."""
    value = reading.language.keys.of(_value_of(trait))
    if trait.startswith("v:") and not any(part in trait for part in ("material", "lining", "insulation", "upper")):
        return True
    return any(modifier in value for modifier in reading.language.not_really)


def _of_material(reading: Reading, name: str) -> tuple[str, ...]:
    """The traits of a material and of what counts as it."""
    kinds = (name, *reading.language.material_families.get(name, ()))
    known = [kind for kind in kinds if kind in reading.vocabulary.materials]
    return tuple(f"material:{kind}" for kind in dict.fromkeys(known or [name]))


def _flag(reading: Reading, match: Match, said: str, place: int, *, negated: bool) -> None:
    key = _key("is", [match.values[0]], negated=negated)
    text = match.label
    said_otherwise = tuple(
        trait
        for name in match.values
        for trait in (f"told:{name}", f"tag:{reading.language.keys.of(name.replace('_', ' '))}")
        if trait in reading.vocabulary.trait_counts
    )
    if negated:
        stated = Stated(
            key, f"not {text}" if text.endswith(("proof", "able", "ed", "vegan")) else f"without {text}", said
        )
        ruled_out = (*(f"is:{name}" for name in match.values), *said_otherwise)
        told_no = tuple(f"not:{name}" for name in match.values)
        loose = FlagIs(stated, (), none_of=ruled_out)
        tells = reading.vocabulary.flags.get(match.values[0], (0, 0))[1] > 0
        if tells and reading.coverage(match.values) >= TOLD_NO_SHARE:
            reading.found(FlagIs(stated, told_no, none_of=ruled_out, wider=loose), place)
        else:
            reading.found(loose, place)
        return
    stated = Stated(key, text, said)
    traits = (*(f"is:{name}" for name in match.values), *said_otherwise)
    words = reading.language.keys.of(text).split()
    if match.kind == "mention":
        reading.found(FlagIs(stated, (*traits, f"w:{words[0]}")), place)
        return
    wider = None
    if len(words) == 1:
        mentioned = (f"w:{words[0]}", *reading.vocabulary.told_under.get(words[0], ()))
        wider = FlagIs(stated, (*traits, *mentioned), none_of=(f"not:{match.values[0]}",))
    reading.found(FlagIs(stated, traits, wider=wider), place)


def _value(reading: Reading, match: Match, said: str, place: int, *, negated: bool) -> None:
    stated = Stated(
        _key("value", [reading.language.keys.of(match.label)], negated=negated),
        f"not {match.label}" if negated else match.label,
        said,
        "hard" if negated else "soft",
    )
    reading.found(TraitIs(stated, match.values, negated), place)


def _word(reading: Reading, matches: Sequence[Match], said: str, place: int) -> None:
    """Words ruled out that the catalogue has no name for: not in the title, and in no value."""
    for match in matches:
        if free := _told_free(reading, match.values[0]):
            stated = Stated(f"not:word:{match.values[0]}", f"without {match.label}", said)
            reading.found(TraitIs(stated, free), place)
            return
    label = f"without {' or '.join(match.label for match in matches)}"
    rule_out_word(reading, [match.values[0] for match in matches], label, said, place)


def _told_free(reading: Reading, word: str) -> tuple[str, ...]:
    """Traits that say a thing is free of it: "PFAS-free", which names what it has not."""
    keys = reading.language.keys
    found = [f"is:{name}" for name in reading.vocabulary.flag_phrases.get(f"{word} free", ())]
    told = reading.vocabulary.value_words.get(word, ())
    found.extend(trait for trait in told if f"{word} free" in keys.of(_value_of(trait)))
    return tuple(found)


def _value_of(trait: str) -> str:
    """What a trait says, without the name that it says it of."""
    told = trait.partition(":")[2]
    return told.partition("=")[2] or told
