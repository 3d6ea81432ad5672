"""Own words: after somebody else's text was read, a model's free words are told only as far as they claim nothing."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bottega.runtime.evidence import Json
from bottega.runtime.guard.figures import QUOTED, figures_in
from bottega.runtime.guard.guard import Fault
from bottega.runtime.guard.words import normalised, seen
from bottega.runtime.loop.records import HANDLE

if TYPE_CHECKING:
    from bottega.runtime.context import RunContext

# Levels at which code of our own speaks: no text that it reads changes what it says.
SPEAKS_BY_RULES = frozenset({"offline", "rules"})
# Words that say nothing of the world: pointing, greeting, asking. No verb of doing, no state, no negation.
_NEUTRAL = frozenset(
    re.findall(
        r"\w+",
        """
        a an the this that these those it its is are was were here there i we you your our my have has found looked
        look looking read up into for of from in on at to by with and or as which what who one two three four five six
        side following latest newest first last product products item items article articles order orders cart
        catalogue shop page pages document documents answer answers tell tells say says explains cost costs price prices
        stock review reviews customer customers written size sizes colour colours variant variants option options
        welcome thanks thank see show shows shown list listed below hello question eur usd gbp ticket tickets
        """,
    )
)
NAMING_FIELDS = frozenset({"title", "name", "number", "brand", "category", "sku", "label"})


@dataclass(frozen=True)
class OwnWordsCheck:
    """Refuses a model's free text in a run that has read a third party's, unless it says nothing but what our records
    are called and cost. What stands in its place is told from the records (see `retold`).

    Such a text can be anybody's: no check of figures or phrases finds "this shop is insolvent". So the test is the
    other way round: names of records, grounded figures, verified quotations and words that claim nothing may pass.
    """

    neutral: frozenset[str] = _NEUTRAL
    name = "own_words"

    def check(self, said: str, context: "RunContext") -> str | Fault:
        if not context.tainted or spoken_by_rules(context):
            return said
        foreign = self.foreign_words(said, context)
        return Fault("third_party_words", {"words": foreign[:20]}) if foreign else said

    def foreign_words(self, said: str, context: "RunContext") -> list[str]:
        """The words of a text that neither our records' names nor the neutral ones account for."""
        if seen(said) != said:
            return ["(invisible)"]
        text = HANDLE.sub(lambda found: found[0] if _resolved(found, context) is None else " ", said)
        # Grounding looks at these: quoted words have to stand where they come from, figures in a record.
        text = QUOTED.sub(" ", text)
        for figure in sorted(figures_in(text), key=lambda one: -len(one.written)):
            text = text.replace(figure.written, " ")
        named = _names(context)
        words = normalised(text).split()
        return [word for word in words if word not in self.neutral and word not in named]


def _resolved(found: re.Match[str], context: "RunContext") -> str | None:
    return context.handles.resolve(found[1] or found[2])


def spoken_by_rules(context: "RunContext") -> bool:
    """Whether the newest decision is that of an engine of our own."""
    decision = next((step for step in reversed(context.steps) if step.phase == "decide"), None)
    routed: Json = {} if decision is None else decision.detail.get("routed", {})
    return routed.get("level") in SPEAKS_BY_RULES


def _names(context: "RunContext") -> frozenset[str]:
    """Every word in what our records are called."""
    found: set[str] = set()
    for evidence in context.evidence:
        for leaf in evidence.leaves():
            if leaf.trust == "shop" and isinstance(leaf.value, str) and _is_naming(leaf.path):
                found.update(normalised(leaf.value).split())
    return frozenset(found)


def _is_naming(path: tuple[str, ...]) -> bool:
    return "option_values" in path or next((part for part in reversed(path) if not part.isdigit()), "") in NAMING_FIELDS
