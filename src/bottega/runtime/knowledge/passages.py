"""Blocks gathered into passages: small enough to be quoted and embedded, never across two sections."""

import re
from collections.abc import Iterable, Iterator

from bottega.runtime.knowledge.model import Block, Passage

# The embedding model reads 256 tokens, which is about this much English.
AIMED_CHARACTERS = 900
LARGEST_CHARACTERS = 1_200
MOST_PASSAGES = 2_000

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def passages_of(blocks: Iterable[Block]) -> list[Passage]:
    """The passages of a document in their order; a table that is cut has its first row in each."""
    return list(_gathered(_cut(block) for block in blocks))[:MOST_PASSAGES]


def _gathered(cut: Iterable[Iterator[Block]]) -> Iterator[Passage]:
    section: tuple[str, ...] = ()
    heading_row = ""
    texts: list[str] = []
    for pieces in cut:
        for block in pieces:
            length = sum(map(len, texts)) + len(block.text)
            if texts and (block.section != section or length > AIMED_CHARACTERS):
                yield _passage(section, texts)
                texts, heading_row = [], ""
            section = block.section
            if block.heading_row and block.heading_row != heading_row:
                texts.append(block.heading_row)
            heading_row = block.heading_row
            texts.append(block.text)
    if texts:
        yield _passage(section, texts)


def _passage(section: tuple[str, ...], texts: list[str]) -> Passage:
    return Passage(section, "\n".join(texts))


def _cut(block: Block) -> Iterator[Block]:
    """A block that is too long, at the ends of its sentences, or where there are none, between words."""
    if len(block.text) <= LARGEST_CHARACTERS:
        yield block
        return
    gathered = ""
    for sentence in _SENTENCE_END.split(block.text):
        for piece in _bounded(sentence):
            if gathered and len(gathered) + len(piece) >= AIMED_CHARACTERS:
                yield Block(block.section, gathered, block.heading_row)
                gathered = ""
            gathered = f"{gathered} {piece}".strip()
    if gathered:
        yield Block(block.section, gathered, block.heading_row)


def _bounded(sentence: str) -> Iterator[str]:
    rest = sentence
    while len(rest) > LARGEST_CHARACTERS:
        end = rest.rfind(" ", 0, AIMED_CHARACTERS)
        end = AIMED_CHARACTERS if end <= 0 else end
        yield rest[:end]
        rest = rest[end:].strip()
    if rest:
        yield rest
