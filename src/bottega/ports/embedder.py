"""The port to a model that turns texts into vectors, so that texts of like meaning lie close together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from bottega.kernel.errors import Invalid, Unavailable

if TYPE_CHECKING:
    # Loading numpy costs a web process time and memory; only those who compute with vectors pay for it.
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
else:
    Vector = Any

# A query is what somebody searches with, a passage what is found; some models embed the two differently.
Purpose = Literal["query", "passage"]
# `idle`: nothing is loaded or tried yet, the next call wakes it. `away`: it was asked and cannot; the reason says why.
EmbedderState = Literal["ready", "warming", "idle", "away"]

QUERY_TIMEOUT_SECONDS = 0.3
PASSAGES_TIMEOUT_SECONDS = 60.0
LARGEST_BATCH_TEXTS = 256
# What follows is not read: every model cuts far earlier or charges for it.
LARGEST_TEXT_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class EmbedderHealth:
    """How an embedder is, as known without asking it to embed; `reason` is empty when it is ready."""

    state: EmbedderState
    model: str
    dimensions: int
    reason: str = ""


class Embedder(Protocol):
    """Embeds texts. Vectors of different `model` values must never be compared with each other."""

    @property
    def model(self) -> str:
        """Name and identity of the weights; stored beside each vector."""
        ...

    @property
    def dimensions(self) -> int:
        """The length of each vector."""
        ...

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose, timeout_seconds: float | None = None
    ) -> list[Vector]:
        """One vector of length one (L2) per text, in order; at most `LARGEST_BATCH_TEXTS` texts, none of them blank.

        Without `timeout_seconds` a query gets `QUERY_TIMEOUT_SECONDS` and passages `PASSAGES_TIMEOUT_SECONDS`.
        Raises `Invalid` for the caller's mistakes, and `Unavailable` (from `meaning_is_away`) at once while the model
        is loading and whenever the vectors are not there in time; the caller goes on by keyword. Does not retry.
        """
        ...

    async def wait_ready(self, *, timeout_seconds: float) -> None:
        """Wake the model and wait until it is loaded: for bulk work. Raises `Unavailable` when it is not by then."""
        ...

    async def health(self) -> EmbedderHealth:
        """How it is, quickly and free of charge: neither wakes the model nor embeds anything."""
        ...

    async def close(self) -> None:
        """Give back connections; calls still on their way end as `Unavailable`."""
        ...


def meaning_is_away(
    code: str, reason: str, *, next_step: str = "", retry_after_seconds: float | None = None
) -> Unavailable:
    """The refusal of an embedder that cannot embed just now; its message can be shown to a shopper."""
    return Unavailable(code, f"Meaning is away: {reason}", next_step=next_step, retry_after_seconds=retry_after_seconds)


def checked_texts(texts: Sequence[str]) -> list[str]:
    """The texts as a model gets them, each cut to `LARGEST_TEXT_CHARACTERS`; `Invalid` says which is blank."""
    if len(texts) > LARGEST_BATCH_TEXTS:
        raise Invalid(
            "too_many_texts",
            f"{len(texts)} texts are too many to embed at once.",
            next_step=f"Send at most {LARGEST_BATCH_TEXTS} at a time.",
        )
    for number, text in enumerate(texts):
        if not text.strip():
            raise Invalid("blank_text", f"Text {number} is blank: there is no meaning to embed.")
    # Half of a surrogate pair has no place in any encoding; it becomes a question mark.
    return [text[:LARGEST_TEXT_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]


def timeout_for(purpose: Purpose, timeout_seconds: float | None) -> float:
    """The time a call may take, in seconds."""
    if timeout_seconds is not None:
        return timeout_seconds
    return QUERY_TIMEOUT_SECONDS if purpose == "query" else PASSAGES_TIMEOUT_SECONDS
