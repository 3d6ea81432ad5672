"""Passages of documents as pages show them: those of one section together, under a heading with an anchor."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from bottega.shop.catalogue.model import handle_of
from bottega.web.text_blocks import Block, blocks_of


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading; `depth` is 0 for what comes before the first."""

    anchor: str
    title: str
    depth: int
    blocks: tuple[Block, ...]


def anchor_of(section: Sequence[str]) -> str:
    """The anchor of a section, by its own heading."""
    return handle_of(section[-1]) if section else "top"


def sections_of(passages: Iterable[Mapping[str, Any]]) -> list[Section]:
    """Passages in their order, those of one section together."""
    found: list[Section] = []
    for section, ours in groupby(passages, key=lambda passage: tuple(passage["section"])):
        blocks = [block for passage in ours for block in blocks_of(passage["text"])]
        found.append(Section(anchor_of(section), section[-1] if section else "", len(section), tuple(blocks)))
    return found
