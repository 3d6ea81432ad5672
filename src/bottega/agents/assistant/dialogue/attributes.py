"""Attributes of a product in words: which of them a question is about, and what they say."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from bottega.agents.assistant.dialogue.json_values import record, values
from bottega.agents.assistant.dialogue.state import Json
from bottega.agents.assistant.language import ENGLISH
from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.slots.said import holds, plainly, words_of
from bottega.runtime.evidence import leaves_of
from bottega.runtime.guard.figures import figures_in

# Units that stand at the end of an attribute's name.
_UNITS = {
    "celsius": "°C",
    "grams": "g",
    "kilograms": "kg",
    "kg": "kg",
    "litres": "l",
    "liters": "l",
    "cm": "cm",
    "mm": "mm",
    "metres": "m",
    "m": "m",
    "lumens": "lumens",
    "hours": "hours",
    "minutes": "minutes",
    "watts": "W",
    "mah": "mAh",
    "cuin": "cuin",
    "kn": "kN",
    "percent": "%",
    "persons": "persons",
    "people": "people",
    "kcal": "kcal",
    "years": "years",
    "days": "days",
    "inch": "inches",
    "inches": "inches",
    "hz": "Hz",
    "gb": "GB",
    "tb": "TB",
    "ml": "ml",
}


@dataclass(frozen=True, slots=True)
class About:
    """A subject of questions: the words that raise it, and parts of names of attributes that answer it."""

    name: str
    ask: tuple[str, ...]
    attributes: tuple[str, ...]


@cache
def subjects() -> tuple[About, ...]:
    """Every subject of the language's `attributes.toml`."""
    tables: dict[str, Any] = tomllib.loads((ENGLISH / "attributes.toml").read_text(encoding="utf-8"))
    return tuple(About(one["name"], tuple(one["ask"]), tuple(one["attributes"])) for one in tables["about"])


def asked_about(question: str, attributes: Mapping[str, Json]) -> list[str]:
    """Names of the attributes that the question is about, those named in it first."""
    plain = plainly(question)
    said = set(words_of(plain))
    named = [name for name in attributes if (tokens := set(_tokens(name))) and _stems(tokens) & _stems(said)]
    raised = [subject for subject in subjects() if any(holds(plain, word) for word in subject.ask)]
    found = [name for subject in raised for part in subject.attributes for name in attributes if part in name]
    return list(dict.fromkeys([*named, *found]))


def words_around(question: str) -> str:
    """All words of the subjects that a question raises: a description may call them otherwise."""
    plain = plainly(question)
    raised = (subject for subject in subjects() if any(holds(plain, word) for word in subject.ask))
    return " ".join(word for subject in raised for word in subject.ask)


def _tokens(name: str) -> list[str]:
    return [token for token in re.split(r"[_\W]+", name.lower()) if token and token not in _UNITS and len(token) > 2]


def _stems(words: set[str]) -> set[str]:
    return {word.removesuffix("s") for word in words if len(word) > 3}


def in_words(name: str, value: Json) -> str:
    """ "comfort temperature: −8 °C", "hood: yes" """
    tokens = re.split(r"_", name)
    of_area = len(tokens) > 2 and [one.lower() for one in tokens[-2:]] == ["g", "m2"]
    unit = "g/m²" if of_area else _UNITS.get(tokens[-1].lower(), "") if len(tokens) > 1 else ""
    label = " ".join(tokens[: -2 if of_area else -1] if unit else tokens)
    unit = "" if value is None else unit
    return f"{label}: {valued(value)}{f' {unit}' if unit else ''}"


def valued(value: Json) -> str:
    """A value as people say it."""
    held: Any = value
    match held:
        case bool():
            return "yes" if held else "no"
        case float() if held.is_integer():
            return str(int(held))
        case list():
            return ", ".join(valued(one) for one in values(held))
        case dict() if "third_party_text" in record(held):
            return str(record(held)["third_party_text"])
        case dict():
            return ", ".join(f"{name} {valued(one)}" for name, one in record(held).items())
        case None:
            return "–"
        case _:
            return str(value)


_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_ELSEWHERE = re.compile(r"://|www\.|@|\+\d{2}")


def sentences_about(question: str, description: str, limit: int = 2) -> list[str]:
    """Sentences of the description that speak of what the question speaks of, in their order."""
    said = _stems({word for word in words_of(question) if word not in lexicon().silent["question"]})
    sentences = told_sentences(description)
    scored = [
        (len(said & _stems(set(words_of(sentence)))), place, sentence) for place, sentence in enumerate(sentences)
    ]
    best = sorted((one for one in scored if one[0] > 0), key=lambda one: (-one[0], one[1]))[:limit]
    return [sentence for _, _, sentence in sorted(best, key=lambda one: one[1])]


def first_sentences(description: str, limit: int = 2) -> list[str]:
    """How the description begins."""
    return told_sentences(description)[:limit]


def vouched(sentences: Sequence[str], product: Mapping[str, Json]) -> list[str]:
    """Of a supplier's sentences those whose figures the product's own record holds too: no others may be passed on."""
    record_without = {name: value for name, value in product.items() if name != "description"}
    known = {float(leaf) for _, leaf in leaves_of(record_without) if isinstance(leaf, int | float)}
    return [
        one
        for one in sentences
        if all(figure.kind == "number" and figure.meanings & known for figure in figures_in(one))
    ]


def told_sentences(description: str) -> list[str]:
    """Its sentences without those that lead elsewhere: a description has no business with addresses."""
    sentences = (sentence.strip() for sentence in _SENTENCE.split(description))
    return [sentence for sentence in sentences if sentence and not _ELSEWHERE.search(sentence)]


def differing(names: Sequence[str], records: Sequence[Mapping[str, Json]]) -> list[str]:
    """Names of attributes in which the records differ."""
    return [name for name in names if len({valued(record.get(name)) for record in records}) > 1]
