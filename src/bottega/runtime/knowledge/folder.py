"""A folder of documents on this machine: which files it holds, and their bytes."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bottega.kernel.errors import Invalid, Unavailable
from bottega.runtime.knowledge.model import DocumentTrust
from bottega.runtime.knowledge.reading import LARGEST_FILE_BYTES, SUFFIXES

MOST_FILES = 2_000
DEEPEST_FOLDER = 12


@dataclass(frozen=True, slots=True)
class DocumentFolder:
    """A folder whose files are documents; `trust` holds for those that do not state less of themselves.

    `name` is its name in citations and in the database, where it stays the same when the folder moves. A folder that
    `may_be_absent` is an empty one until it is made; any other that is not there is an error.
    """

    name: str
    root: Path
    trust: DocumentTrust = "shop"
    may_be_absent: bool = False

    def paths(self) -> list[str]:
        """The paths of its documents within it; `Unavailable` when the folder is not there."""
        if self.may_be_absent and not self.root.exists():
            return []
        if not self.root.is_dir():
            raise Unavailable(
                "documents_away",
                f"The folder of documents '{self.name}' is not there.",
                next_step="Create it, or correct BOTTEGA_DOCUMENT_FOLDERS.",
            )
        found = sorted(self._found())
        if len(found) > MOST_FILES:
            raise Invalid(
                "too_many_documents",
                f"The folder '{self.name}' holds more than {MOST_FILES} documents.",
                next_step="Move what customers never ask about somewhere else.",
            )
        return found

    def content(self, path: str) -> bytes:
        """A document's bytes, one more than are allowed at most."""
        with (self.root / PurePosixPath(path)).open("rb") as file:
            return file.read(LARGEST_FILE_BYTES + 1)

    def _found(self) -> Iterator[str]:
        """Symbolic links are not followed: what lies outside the folder was not put there to be read."""
        for folder, folders, files in os.walk(self.root, followlinks=False):
            here = Path(folder)
            depth = len(here.relative_to(self.root).parts)
            folders[:] = [] if depth >= DEEPEST_FOLDER else sorted(name for name in folders if not name.startswith("."))
            for name in files:
                path = here / name
                if path.suffix.lower() in SUFFIXES and not name.startswith((".", "~")) and not path.is_symlink():
                    yield path.relative_to(self.root).as_posix()
