"""The anchor: the newest signed head kept outside the database, so that a log whose tail was cut off is found."""

import asyncio
import json
import os
from pathlib import Path
from typing import Protocol

from bottega.actions.log.canonical import Block, block_as_line, block_from_line
from bottega.kernel.errors import Invalid


class Anchor(Protocol):
    """Keeps the newest head it was offered."""

    async def keep(self, head: Block) -> None: ...


class FileAnchor:
    """An anchor in one small file, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def keep(self, head: Block) -> None:
        """Writes the head unless the file holds a newer one."""
        await asyncio.to_thread(self._keep, head)

    def read(self) -> Block | None:
        """The kept head; None when there is none yet, `Invalid` when the file is not an anchor."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            return block_from_line(json.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise Invalid(
                "anchor_unreadable",
                f"{self.path} is not an anchor of a log: {error}",
                next_step="Restore the file; if it is lost, verify the log against an earlier export, then delete it.",
            ) from error

    def _keep(self, head: Block) -> None:
        kept = self.read()
        if kept is not None and kept.number >= head.number:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        draft.write_text(json.dumps(block_as_line(head)) + "\n", encoding="utf-8")
        draft.replace(self.path)
