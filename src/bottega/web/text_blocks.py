"""Plain text as pages show it: paragraphs, tables and lists, told apart by how their lines begin."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

BlockKind = Literal["paragraph", "table", "list", "steps"]
_ITEM = re.compile(r"[-*] +")
_STEP = re.compile(r"[0-9]{1,2}[.)] +")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of text; `rows` are the cells of a table, or the items of a list with one cell each."""

    kind: BlockKind
    rows: tuple[tuple[str, ...], ...]


def blocks_of(text: str) -> list[Block]:
    """Paragraphs, tables and lists, told apart by how their lines begin."""
    blocks: list[Block] = []
    for kind, lines in groupby(_continued(text.splitlines()), key=_kind_of):
        match kind:
            case "table":
                rows = [tuple(cell.strip() for cell in line.strip().strip("|").split("|")) for line in lines]
                blocks.append(Block("table", tuple(row for row in rows if not _is_rule(row))))
            case "list":
                blocks.append(Block("list", tuple((_ITEM.sub("", line, count=1),) for line in lines)))
            case "steps":
                blocks.append(Block("steps", tuple((_STEP.sub("", line, count=1),) for line in lines)))
            case "paragraph":
                blocks += [Block("paragraph", ((line,),)) for line in lines if line]
    return blocks


def _continued(lines: Iterable[str]) -> list[str]:
    """Lines that were only wrapped belong to the one before."""
    whole: list[str] = []
    for line in (raw.strip() for raw in lines):
        begins = not line or _kind_of(line) != "paragraph"
        if whole and whole[-1] and not begins and _kind_of(whole[-1]) != "table":
            whole[-1] = f"{whole[-1]} {line}"
        else:
            whole.append(line)
    return whole


def _kind_of(line: str) -> BlockKind:
    if line.startswith("|"):
        return "table"
    if _ITEM.match(line):
        return "list"
    return "steps" if _STEP.match(line) else "paragraph"


def _is_rule(row: Sequence[str]) -> bool:
    """The line that parts a table's head from its body."""
    return all(set(cell) <= {"-", ":"} for cell in row)
