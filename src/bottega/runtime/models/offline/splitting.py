"""Takes a message apart that wants several things: "cancel my order and tell me the return policy"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

LARGEST_PARTS = 4
LEAST_WORDS = 2
_SENTENCE_END = re.compile(r"(?<=[.?!;])\s+|\n+")
_CLAUSE_START = re.compile(r"[\w']+")


@dataclass(frozen=True, slots=True)
class Joints:
    """How a language joins wishes: words between two of them, and words with which a new one begins."""

    joining: tuple[str, ...]
    beginning: frozenset[str]


def clauses(message: str, joints: Joints) -> list[str]:
    """The parts of a message that could each be a wish of its own, in order; one part when nothing can be taken apart.

    A joining word only separates where a new wish begins after it, so "a tent and two mats" stays whole. Parts of one
    word stay with what stands before them. At most `LARGEST_PARTS`; what comes after stays with the last.
    """
    parts: list[str] = []
    for sentence in _SENTENCE_END.split(message.strip()):
        for part in _at_joints(sentence, joints):
            if parts and (len(part.split()) < LEAST_WORDS or len(parts) == LARGEST_PARTS):
                parts[-1] = f"{parts[-1]} {part}"
            else:
                parts.append(part)
    return parts or [message.strip()]


def _at_joints(sentence: str, joints: Joints) -> Sequence[str]:
    pattern = "|".join(sorted((re.escape(word) for word in joints.joining), key=len, reverse=True))
    parts: list[str] = []
    start = 0
    for joint in re.finditer(rf"(?:,\s*|\s+)(?:{pattern})\s+|,\s+", sentence, re.IGNORECASE):
        first = _CLAUSE_START.match(sentence, joint.end())
        begins = first is not None and first.group().lower() in joints.beginning
        if begins and len(sentence[start : joint.start()].split()) >= LEAST_WORDS:
            parts.append(sentence[start : joint.start()].strip(" ,"))
            start = joint.end()
    parts.append(sentence[start:].strip(" ,"))
    return [part for part in parts if part]
