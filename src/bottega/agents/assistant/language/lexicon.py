"""The words of a language by which slots are recognised, read once from its `words.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bottega.agents.assistant.language import ENGLISH
from bottega.runtime.models.offline.splitting import Joints


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words of one language; see the comments in `words.toml` for what each table holds."""

    joints: Joints
    numbers: Mapping[str, int]
    spoken_digits: Mapping[str, int]
    amounts: Mapping[str, int]
    ordinals: Mapping[str, int]
    references: Mapping[str, tuple[str, ...]]
    answers: Mapping[str, frozenset[str]]
    offers: Mapping[str, tuple[str, ...]]
    canonical: Mapping[str, str]
    documents: Mapping[str, tuple[str, ...]]
    silent: Mapping[str, frozenset[str]]
    corrections: tuple[str, ...]
    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    days: Mapping[str, int]
    sizes: Mapping[str, str]
    colours: Mapping[str, tuple[str, ...]]
    indifferent: tuple[str, ...]
    reasons: Mapping[str, tuple[str, ...]]
    countries: Mapping[str, str]
    postcodes: Mapping[str, str]
    introductions: Mapping[str, tuple[str, ...]]
    greetings: Mapping[str, tuple[str, ...]]


@cache
def lexicon() -> Lexicon:
    """The words of English, the only language so far."""
    tables: dict[str, Any] = tomllib.loads((ENGLISH / "words.toml").read_text(encoding="utf-8"))
    longest_first = sorted(tables["corrections"]["openings"], key=len, reverse=True)
    return Lexicon(
        joints=Joints(tuple(tables["joining"]), frozenset(tables["beginning"])),
        numbers=tables["numbers"],
        spoken_digits=tables["spoken_digits"],
        amounts=tables["amounts"],
        ordinals=tables["ordinals"],
        references=_tuples(tables["references"]),
        answers={name: frozenset(words) for name, words in tables["answers"].items()},
        offers=_tuples(tables["offers"]),
        canonical=tables["canonical"],
        documents=_tuples(tables["documents"]),
        silent={name: frozenset(words) for name, words in tables["silent"].items()},
        corrections=tuple(longest_first),
        months=tables["months"],
        weekdays=tables["weekdays"],
        days=tables["days"],
        sizes=tables["sizes"],
        colours=_tuples(tables["colours"]),
        indifferent=tuple(tables["indifferent"]["words"]),
        reasons=_tuples(tables["reasons"]),
        countries=tables["countries"],
        postcodes=tables["postcodes"],
        introductions={
            name: tuple(sorted(words, key=len, reverse=True)) for name, words in tables["introductions"].items()
        },
        greetings=_tuples(tables["greetings"]),
    )


def _tuples(table: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(words) for name, words in table.items()}
