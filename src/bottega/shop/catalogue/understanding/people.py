"""Phrases for whom a thing is meant: men, women, children, everyone."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from bottega.shop.catalogue.understanding.words import PhraseKeys


def phrases_of_people(told: Mapping[str, Any], keys: PhraseKeys) -> dict[str, str]:
    """The key of each phrase, and whom it names: `told` has for each of them `phrases` and perhaps `aged`."""
    return {
        keys.of_sign(phrase): name
        for name, one in told.items()
        for phrase in (*one["phrases"], *_aged(one.get("aged")))
    }


def _aged(told: Mapping[str, Sequence[str]] | None) -> Iterator[str]:
    """The phrases that say how old somebody is, for each person and each age."""
    if told is None:
        return
    for phrase, person, age in product(told["phrases"], told["people"], told["ages"]):
        yield phrase.format(person=person, age=age)
