"""What the readers of a sentence share: the sentence, the vocabulary, and the constraints found so far."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from bottega.shop.catalogue.understanding.language import Language
from bottega.shop.catalogue.understanding.measures import Measures
from bottega.shop.catalogue.understanding.model import Constraint, Correction, ShownProduct, SortWish
from bottega.shop.catalogue.understanding.sentence import Sentence
from bottega.shop.catalogue.understanding.vocabulary import KindFigures, Vocabulary


@dataclass(frozen=True, slots=True)
class Named:
    """A name of a kind of thing: its key, its words, where it stands, and in how many words where not in its own."""

    phrase: str
    said: str
    place: int
    said_in: int = 0

    @property
    def length(self) -> int:
        """The words of the sentence that name it."""
        return self.said_in or len(self.phrase.split())


@dataclass(slots=True)
class Reading:
    """The state of reading one sentence."""

    sentence: Sentence
    vocabulary: Vocabulary
    measures: Measures
    currency: str
    shown: ShownProduct | None = None
    kind: KindFigures | None = None
    kind_phrase: str = ""
    # Names of categories, until it is known whether anything else narrows the search.
    named: list[Named] = field(default_factory=list[Named])
    constraints: list[Constraint] = field(default_factory=list[Constraint])
    places: list[int] = field(default_factory=list[int])
    sort: SortWish | None = None
    corrections: list[Correction] = field(default_factory=list[Correction])

    @property
    def language(self) -> Language:
        return self.vocabulary.language

    def found(self, constraint: Constraint, place: int) -> None:
        """Adds a constraint that the sentence states at this token; a second one of a key gets a key of its own."""
        keys = {known.stated.key for known in self.constraints}
        key, number = constraint.stated.key, 2
        while key in keys:
            key = f"{constraint.stated.key}:{number}"
            number += 1
        if key != constraint.stated.key:
            constraint = replace(constraint, stated=replace(constraint.stated, key=key))
        self.constraints.append(constraint)
        self.places.append(place)

    def coverage(self, names: Iterable[str]) -> float:
        """The share of the kind of thing asked for (else of all) that has the most told of these attributes."""
        wanted = tuple(names)
        if self.kind is not None:
            return self.kind.coverage(*wanted)
        total = max(self.vocabulary.products, 1)
        return max((self.vocabulary.fields.get(name, 0) for name in wanted), default=0) / total
