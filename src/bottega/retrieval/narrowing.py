"""What a search is narrowed to, in the words of the corpus' own tables; retrieval itself knows only that it holds."""

from dataclasses import dataclass, field

# So few documents are all looked at, whatever is asked of them.
FEW_DOCUMENTS = 2_000
# The numbers of so many are kept at hand: to be among them is quicker to see than whether a row meets a condition.
KNOWN_DOCUMENTS = 3_000


@dataclass(frozen=True, slots=True)
class Counted:
    """What meets a condition: all documents when they are at most `KNOWN_DOCUMENTS`, and whether anything does."""

    known: tuple[int, ...] | None
    anything: bool = True


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A condition on rows that belong to documents.

    `source` is a table with an alias, `document` its column with the document's number, `condition` SQL about it whose
    parameters are numbered from 1 and given in `values`. `columns` are read for every document that is found.
    """

    source: str
    document: str
    condition: str = "true"
    values: tuple[object, ...] = ()
    columns: tuple[str, ...] = ()
    # Whether next to all documents of the corpus meet the condition: then it is looked at last.
    is_wide: bool = False
    # Another one whenever something was written that may meet the condition or no longer meet it; empty: not known.
    stamp: str = ""
    # What counting found, once it is done.
    counted: Counted | None = None

    @property
    def known(self) -> tuple[int, ...] | None:
        """All documents that meet it, when they were counted and are not too many."""
        return None if self.counted is None else self.counted.known

    @property
    def few(self) -> tuple[int, ...] | None:
        """The same, when they are few."""
        return self.known if self.known is not None and len(self.known) <= FEW_DOCUMENTS else None

    @property
    def selected(self) -> str:
        """The columns, each after a comma."""
        return "".join(f", {column}" for column in self.columns)


@dataclass(slots=True)
class Parameters:
    """The parameters of a statement in the making, after those of a narrowing."""

    values: list[object] = field(default_factory=list[object])

    def add(self, value: object) -> str:
        """The placeholder of one more value."""
        self.values.append(value)
        return f"${len(self.values)}"
