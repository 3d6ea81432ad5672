"""Grounding: every figure, code and quoted word of a reply stands in what this conversation has seen."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bottega.runtime.evidence import Evidence, Json, leaves_of
from bottega.runtime.guard.figures import QUOTED, Figure, amounts_in, date_of, figures_in
from bottega.runtime.guard.guard import Fault
from bottega.runtime.guard.handles import HandleTable
from bottega.runtime.guard.words import compact, normalised
from bottega.runtime.loop.records import records_in, trusted

if TYPE_CHECKING:
    from bottega.runtime.context import RunContext

_HANDLE = re.compile(r"\[([a-z]{3,20}_\d{1,4})\]|\b([a-z]{3,20}_\d{1,4})\b")


@dataclass(slots=True)
class Known:
    """What one source vouches for, in the forms in which replies say it."""

    amounts: set[tuple[float, str]] = field(default_factory=set[tuple[float, str]])
    percents: set[float] = field(default_factory=set[float])
    numbers: set[float] = field(default_factory=set[float])
    dates: set[tuple[int, int, int]] = field(default_factory=set[tuple[int, int, int]])
    codes: set[str] = field(default_factory=set[str])
    texts: list[str] = field(default_factory=list[str])

    def hear(self, text: str) -> None:
        """Takes in what a text says."""
        self.texts.append(normalised(text))
        self.codes.update(compact(word) for word in text.split())
        day = date_of(text)
        if day is not None:
            self.dates.add(day)
        for figure in figures_in(text):
            self._take(figure)

    def hold(self, name: str, value: float) -> None:
        """Takes in a number under its name."""
        self.numbers.add(float(value))
        if float(value).is_integer():
            # A long whole number reads like a code, and is no less said by its record.
            self.codes.add(str(int(value)))
        if "percent" in name or name.endswith(("_rate", "_share")):
            self.percents.update({float(value), round(float(value) * 100, 6)})

    def grounds(self, figure: Figure) -> bool:
        """Whether this source says the figure."""
        match figure.kind:
            case "amount":
                return any(
                    value in figure.meanings and (not currency or not figure.currency or currency == figure.currency)
                    for value, currency in self.amounts
                )
            case "percent":
                return not self.percents.isdisjoint(figure.meanings)
            case "date":
                return any(_same_day(day, said) for day in self.dates for said in figure.meanings)
            case "code" | "email":
                return not self.codes.isdisjoint(figure.meanings)
            case "number":
                return not self.numbers.isdisjoint(figure.meanings)

    def quotes(self, words: str) -> bool:
        """Whether the words stand in one of its texts."""
        return any(f" {words} " in f" {text} " for text in self.texts)

    def _take(self, figure: Figure) -> None:
        match figure.kind:
            case "amount":
                self.amounts.update((value, figure.currency) for value in figure.meanings)
            case "percent":
                self.percents.update(figure.meanings)
            case "date":
                self.dates.update(figure.meanings)
            case "code" | "email":
                self.codes.update(figure.meanings)
            case "number":
                self.numbers.update(figure.meanings)


@dataclass(frozen=True)
class GroundingCheck:
    """Refuses a reply with a figure that no record, cited passage or word of the principal has.

    Third parties vouch for nothing. Amounts and percentages are never taken from plain numbers. What only a passage
    says has to be said with its citation, and quoted words have to stand where they are quoted from.
    """

    name = "grounding"

    def check(self, said: str, context: "RunContext") -> str | Fault:
        cited = {match[1] or match[2] for match in _HANDLE.finditer(said)}
        text = _HANDLE.sub(" ", said)
        figures = figures_in(text)
        quotes = [normalised(next(filter(None, match))) for match in QUOTED.findall(text)]
        if not figures and not quotes:
            return said
        sources = _sources(context, cited)
        ungrounded = [figure.written for figure in figures if not any(source.grounds(figure) for source in sources)]
        unquoted = [words for words in quotes if words and not any(source.quotes(words) for source in sources)]
        if ungrounded or unquoted:
            return Fault("ungrounded", {"figures": ungrounded[:20], "quotes": [words[:100] for words in unquoted[:5]]})
        return said


def _sources(context: "RunContext", cited: set[str]) -> list[Known]:
    """Records, cited passages, and the principal's own words, each apart."""
    fresh = [one for one in context.evidence if one.fresh_until is None or one.fresh_until > context.now]
    records = known_of(one for one in fresh if one.kind == "record")
    passages = [known_of_value(value) for value in _cited_passages(fresh, cited, context.handles)]
    words = Known()
    for said in context.words:
        words.hear(said)
    return [records, *passages, words]


def known_of(evidence: Iterable[Evidence]) -> Known:
    """What records vouch for, third parties' fields left out."""
    known = Known()
    for one in evidence:
        known.amounts.update(amounts_in(one.value))
        known.numbers.update(_counts(one.value))
        for leaf in one.leaves():
            if leaf.trust == "third_party" or isinstance(leaf.value, bool):
                continue
            if isinstance(leaf.value, str):
                known.hear(leaf.value)
            else:
                known.hold(next((part for part in reversed(leaf.path) if not part.isdigit()), ""), leaf.value)
    return known


def known_of_value(value: Json) -> Known:
    """What one passage vouches for."""
    known = Known()
    for _, leaf in leaves_of(value):
        if isinstance(leaf, str):
            known.hear(leaf)
    return known


def _cited_passages(evidence: Iterable[Evidence], cited: set[str], handles: HandleTable) -> list[Mapping[str, Json]]:
    wanted = {handles.resolve(handle) for handle in cited}
    found: list[Mapping[str, Json]] = []
    for one in evidence:
        if one.kind == "passage":
            found += [record for record in records_in(trusted(one)) if record.get("id") in wanted]
    return found


def _counts(value: Any) -> Iterable[float]:
    """How many there are in each list: "I found three"."""
    members: Any = value
    match value:
        case dict():
            for member in members.values():
                yield from _counts(member)
        case list() | tuple():
            yield float(len(members))
            for member in members:
                yield from _counts(member)
        case _:
            return


def _same_day(day: tuple[int, int, int], said: tuple[int, int, int]) -> bool:
    """A date without a year is that day of any year."""
    return day == said or (day[1:] == said[1:] and 0 in (day[0], said[0]))
