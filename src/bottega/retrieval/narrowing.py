"""What a search is narrowed to, in the words of the corpus' own tables; retrieval itself knows only that it holds."""

from dataclasses import dataclass, field


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
