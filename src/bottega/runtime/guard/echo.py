"""Echo: a role's instructions stay where they are, however nicely somebody asks for them."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bottega.runtime.guard.guard import Fault
from bottega.runtime.guard.words import normalised

if TYPE_CHECKING:
    from bottega.runtime.context import RunContext

WORDS_IN_A_ROW = 9


@dataclass(frozen=True)
class EchoCheck:
    """Refuses a reply that repeats so many words of the instructions in a row; `house_rules` go with every role."""

    house_rules: str
    name = "echo"

    def check(self, said: str, context: "RunContext") -> str | Fault:
        secret = _runs_of_words(f"{context.role.instructions}\n{self.house_rules}")
        repeated = secret & _runs_of_words(said)
        return Fault("echo", {"runs_of_words": len(repeated)}) if repeated else said


@lru_cache(maxsize=64)
def _runs_of_words(text: str) -> frozenset[str]:
    words = normalised(text).split()
    return frozenset(" ".join(words[at : at + WORDS_IN_A_ROW]) for at in range(max(0, len(words) - WORDS_IN_A_ROW + 1)))


@dataclass(frozen=True)
class LengthCheck:
    """Refuses a reply longer than the role's limit."""

    name = "length"

    def check(self, said: str, context: "RunContext") -> str | Fault:
        limit = context.role.limits.reply_characters
        return said if len(said) <= limit else Fault("too_long", {"characters": len(said), "limit": limit})
