"""Claims: that something was done is said only when a read-back or a record says so."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bottega.runtime.guard.guard import Fault
from bottega.runtime.guard.words import normalised

if TYPE_CHECKING:
    from bottega.runtime.context import RunContext

# Words of any trade in which an agent would say that it did something. A role's tools add those of theirs.
GENERAL_CLAIMS = frozenset(
    {
        *("done", "changed", "updated", "added", "removed", "sent", "created", "saved", "deleted", "forwarded"),
        *("notified", "scheduled", "applied", "completed", "submitted", "arranged", "processed"),
    }
)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_OPEN = re.compile(
    r"\b(?:can|could|will|would|shall|should|may|might|must|cannot|not|never|nothing|if|once|when|until|before|after|"
    r"unless|to be|want|need|needs|please|let me|going to|cant|wont|isnt|hasnt|havent|wasnt|didnt|dont|yet to)\b"
)
_BEFORE = (
    r"(?:\b(?:i|we)(?: have|ve)?(?: now| just| already| successfully)*"
    r"|\b(?:has|have|had)(?: now| just| already)* been(?: now| already| successfully)*"
    r"|\b(?:is|are|was|were|its|thats)(?: now| all| already| successfully)*|^(?:ok |okay |great |perfect |all )?)"
)


@dataclass(frozen=True)
class ClaimCheck:
    """Refuses a reply that says something was done which no tool of this run did and no record shows."""

    general: frozenset[str] = field(default=GENERAL_CLAIMS)
    name = "claims"

    def check(self, said: str, context: "RunContext") -> str | Fault:
        words = self.general.union(*(tool.accomplishes for tool in context.role.tools))
        claimed = set(claims_in(said, words))
        if not claimed:
            return said
        unproven = sorted(claimed - _accomplished(context) - _recorded(context, claimed))
        return Fault("unproven_claim", {"claims": unproven}) if unproven else said


def claims_in(text: str, words: frozenset[str]) -> Iterator[str]:
    """The words by which a text says that something was done: not as a question, a condition, a wish or a plan."""
    pattern = re.compile(rf"{_BEFORE} ?({'|'.join(sorted(map(re.escape, words), key=len, reverse=True))})\b")
    for sentence in _SENTENCE.findall(text):
        if sentence.rstrip().endswith("?"):
            continue
        plain = normalised(sentence.replace("'", "").replace("’", ""))
        for match in pattern.finditer(plain):
            if _OPEN.search(plain[: match.end()]) is None:
                yield match[1]


def _accomplished(context: "RunContext") -> set[str]:
    """What tools have done in this run and read back; "done" then holds as well."""
    done = {word for step in context.steps for word in step.detail.get("accomplished", ())}
    return done | {"done", "completed", "processed"} if done else done


def _recorded(context: "RunContext", claimed: set[str]) -> set[str]:
    """Of the claims, those that a record of our own says in so many words."""
    texts = " ".join(
        normalised(leaf.value)
        for evidence in context.evidence
        for leaf in evidence.leaves()
        if isinstance(leaf.value, str) and leaf.trust == "shop"
    )
    return {claim for claim in claimed if f" {claim} " in f" {texts} "}
