"""Injection signals: how much a text reads like an attempt to give orders to a model; telemetry, and no gate."""

import re
from typing import TYPE_CHECKING

from bottega.runtime.role import Gate

if TYPE_CHECKING:
    from bottega.runtime.context import RunContext

_SIGNS = tuple(
    re.compile(sign, re.IGNORECASE)
    for sign in (
        r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|rules?|prompts?|above|previous|policy)\b",
        r"\b(?:system|developer) (?:prompt|message|mode|override)\b",
        r"\byou are now\b|\bact as\b|\bpretend (?:to be|you)\b|\bjailbreak\b",
        r"\b(?:reveal|print|repeat|show)\b.{0,30}\b(?:prompt|instructions|rules)\b",
        r"<\|?(?:im_start|system|assistant|tool)|\[/?INST\]|^#+ *(?:system|instructions?)\b",
        r"\b(?:assistant|ai|bot|agent)s?[,:]? (?:must|should|please|has to)\b",
        r"\bdo not (?:tell|mention|inform)\b|\bwithout (?:asking|telling)\b",
    )
)


def injection_score(text: str) -> float:
    """From 0 to 1: the share of the known signs that a text shows. Such detectors miss most of what they were not made
    for; nothing may depend on it."""
    return sum(sign.search(text) is not None for sign in _SIGNS) / len(_SIGNS)


class InjectionSignals:
    """A reflector that notes the score of what was said, and of the worst third party's text in sight."""

    name = "injection"

    async def reflect(self, context: "RunContext") -> Gate:
        said = injection_score(context.words[-1]) if context.words else 0.0
        read = max(
            (
                injection_score(leaf.value)
                for evidence in context.evidence
                for leaf in evidence.leaves()
                if leaf.trust == "third_party" and isinstance(leaf.value, str)
            ),
            default=0.0,
        )
        return Gate(signals={"injection_said": round(said, 3), "injection_read": round(read, 3)})
