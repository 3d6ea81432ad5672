"""What became of one seeded fault."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from bottega.proof.mutants.catalogue import Mutant

Fate = Literal["caught", "survived", "not caught in time", "does not run"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`by` is the first test that failed, or what refused to load."""

    mutant: Mutant
    fate: Fate
    seconds: float
    by: str

    @classmethod
    def of(cls, mutant: Mutant, record: Mapping[str, Any]) -> Self:
        """From what `as_record` gave."""
        return cls(mutant, record["fate"], record["seconds"], record["by"])

    def as_record(self) -> dict[str, Any]:
        """JSON-ready, without the fault itself."""
        return {"fate": self.fate, "seconds": round(self.seconds, 1), "by": self.by}
