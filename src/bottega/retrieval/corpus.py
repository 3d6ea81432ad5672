"""What is searched: a corpus with its fields and their weights, and the documents that it is made of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bottega.kernel import canonical_json

_NAME = re.compile(r"[a-z][a-z_]{0,30}\Z")


@dataclass(frozen=True, slots=True)
class Field:
    """How much a word in this part of a document counts, and how much less in a long one (BM25F's weight and b)."""

    weight: float
    length_share: float = 0.75
    # Numbers and letters that stand side by side are one term as well: only where models and measures are written.
    joins_neighbours: bool = False


@dataclass(frozen=True, slots=True)
class Corpus:
    """A set of documents that are searched together; its tables are `search.<name>_…`.

    `saturation` is BM25's k1: how soon a word's repetition stops to count.
    """

    name: str
    fields: Mapping[str, Field]
    saturation: float = 1.2

    def __post_init__(self) -> None:
        assert _NAME.match(self.name), "names of corpora become names of tables"
        assert self.fields, "a document without fields has no words"

    @property
    def recipe(self) -> str:
        """What postings were made with; a corpus whose recipe changed is written anew."""
        fields = [[name, field.weight, field.length_share, field.joins_neighbours] for name, field in self._sorted]
        return canonical_json.digest([ANALYSIS_VERSION, self.saturation, fields])[:16]

    @property
    def _sorted(self) -> list[tuple[str, Field]]:
        return sorted(self.fields.items())

    @property
    def documents(self) -> str:
        return f"search.{self.name}_documents"

    @property
    def terms(self) -> str:
        return f"search.{self.name}_terms"

    @property
    def remainders(self) -> str:
        return f"search.{self.name}_remainders"

    @property
    def postings(self) -> str:
        return f"search.{self.name}_postings"

    @property
    def vectors(self) -> str:
        return f"search.{self.name}_vectors"

    @property
    def waiting(self) -> str:
        return f"search.{self.name}_waiting"

    @property
    def near_index(self) -> str:
        return f"search.{self.name}_vectors_near"

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.documents, self.terms, self.remainders, self.postings, self.vectors, self.waiting)


# Another number when the same text becomes other terms than before.
ANALYSIS_VERSION = 1


@dataclass(frozen=True, slots=True)
class Document:
    """Something to find: the texts of its fields, and the one text that stands for its meaning (empty: it has none)."""

    id: str
    fields: Mapping[str, str]
    meaning: str = ""
