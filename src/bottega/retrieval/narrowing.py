"""What a search is narrowed to, in the words of the corpus' own tables; retrieval itself knows only that it holds."""

from dataclasses import dataclass, field

# So few documents are all looked at, whatever is asked of them.
FEW_DOCUMENTS = 3_000
# Of a condition that others ask for as well, the numbers of so many are kept at hand: to be among them is quicker to
# see than whether a row meets a condition.
KNOWN_DOCUMENTS = 20_000
# Fewer known documents are what postings and vectors are held against; where more are known the best soon lead to them.
LEAD_BY_KNOWN = 8_000


@dataclass(frozen=True, slots=True)
class Documents:
    """Numbers of documents as the database writes an array: they go into the next statement as they came."""

    array: str = "{}"
    number: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """What meets a condition: all documents when they are not too many, and whether anything does."""

    known: Documents | None
    anything: bool = True


NOTHING_MEETS = Counted(Documents(), anything=False)


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
    # The part of the condition by which a document has one row, and how many of the values, the first ones, it takes;
    # empty: the whole condition has to be held against a document to find its row.
    row: str = ""
    row_values: int = 0
    # Whether it was chosen from what is offered to everybody: then it is asked for again, and worth counting further.
    is_common: bool = False
    # Whether next to all documents of the corpus meet the condition: then it is looked at last.
    is_wide: bool = False
    # Another one whenever something was written that may meet the condition or no longer meet it; empty: not known.
    stamp: str = ""
    # What counting found, once it is done.
    counted: Counted | None = None

    @property
    def known(self) -> Documents | None:
        """All documents that meet it, when they were counted and are not too many."""
        return None if self.counted is None else self.counted.known

    @property
    def few(self) -> Documents | None:
        """The same, when they are few."""
        return self.known if self.known is not None and self.known.number <= FEW_DOCUMENTS else None

    @property
    def of_known(self) -> tuple[str, tuple[object, ...]]:
        """What is still held against the rows of known documents, and its values: which row of a document it is.

        That makes one statement of all conditions, which the database need not read anew for each of them.
        """
        return (self.row, self.values[: self.row_values]) if self.row else (self.condition, self.values)

    @property
    def asks_other_tables(self) -> bool:
        """Whether what is held against a row asks other tables as well."""
        return "SELECT" in (self.condition if self.few is None else self.of_known[0])

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
