"""The headings that a reader has passed, as the section that the next block stands in."""

from pathlib import PurePosixPath

LONGEST_HEADING_CHARACTERS = 200


class Headings:
    """A stack of headings; one of level 1 that comes first is the title and no section."""

    def __init__(self) -> None:
        self.title = ""
        self._stack: list[tuple[int, str]] = []

    def enter(self, level: int, text: str) -> None:
        """Passes a heading of level 1 (highest) to 6."""
        words = " ".join(text.split())[:LONGEST_HEADING_CHARACTERS]
        if level == 1 and not self.title:
            self.title = words
            self._stack.clear()
            return
        while self._stack and self._stack[-1][0] >= level:
            self._stack.pop()
        if words:
            self._stack.append((level, words))

    @property
    def path(self) -> tuple[str, ...]:
        """The headings above, the outermost first."""
        return tuple(text for _, text in self._stack)


def title_from_path(path: str) -> str:
    """A title for a document that states none: its file's name."""
    return PurePosixPath(path).stem.replace("_", " ").replace("-", " ").strip().capitalize() or path
