"""What a vendor answered, made into vectors of length one; and what its failures mean."""

import math
from collections.abc import Sequence
from typing import Any, cast

from bottega.kernel.errors import Unavailable
from bottega.ports.embedder import (
    Vector,
    meaning_is_away,
)

SLOW_RETRY_SECONDS = 5.0


def vectors_of(rows: Sequence[Any], *, count: int, dimensions: int) -> list[Vector]:
    """The vectors of `count` texts. Raises `Unavailable` when the answer is not that many rows of finite numbers."""
    import numpy as np

    if len(rows) != count:
        raise unusable(f"it gave {len(rows)} vectors for {count} texts")
    lengths = {len(cast("list[Any]", row)) for row in rows if isinstance(row, list)}
    if lengths != {dimensions}:
        found = ", ".join(map(str, sorted(lengths))) or "no"
        raise unusable(
            f"its vectors have {found} numbers and not {dimensions}",
            next_step="Set BOTTEGA_EMBEDDER_DIMENSIONS to what the model gives.",
        )
    try:
        matrix = np.asarray(rows, dtype=np.float32)
    except (ValueError, TypeError, OverflowError):
        raise unusable("its vectors are not numbers") from None
    scales = np.sqrt((matrix.astype(np.float64) ** 2).sum(axis=1))
    if not all(math.isfinite(scale) and scale > 0 for scale in scales):
        raise unusable("a vector has no direction")
    return list((matrix / scales[:, None]).astype(np.float32))


def unusable(reason: str, *, next_step: str = "See whether the model's name and address are right.") -> Unavailable:
    """The refusal of an answer that is no set of vectors."""
    return meaning_is_away(
        "embedder_answer_unusable",
        f"the language model's server answered what cannot be used: {reason}.",
        next_step=next_step,
    )


def slow() -> Unavailable:
    """The refusal when no answer came in time."""
    return meaning_is_away(
        "embedder_slow",
        "the language model's server did not answer in time.",
        retry_after_seconds=SLOW_RETRY_SECONDS,
    )


def unreachable(error: Exception) -> Unavailable:
    """The refusal when the server could not be asked."""
    return meaning_is_away(
        "embedder_unreachable",
        f"the language model's server is not reachable ({type(error).__name__}).",
        next_step="Check the address and the network.",
        retry_after_seconds=SLOW_RETRY_SECONDS,
    )


def refused_for(status: int, retry_after_seconds: float | None) -> Unavailable:
    """What a status that is no success means. The server's text is left out: it may quote what was searched for."""
    if status == 429:
        return meaning_is_away(
            "embedder_busy",
            "the language model's server takes no more requests just now.",
            retry_after_seconds=retry_after_seconds or SLOW_RETRY_SECONDS,
        )
    if status in {401, 403}:
        return meaning_is_away(
            "embedder_key_refused",
            f"the language model's server does not accept our key (status {status}).",
            next_step="Check BOTTEGA_EMBEDDER_KEY and what the key may do.",
        )
    if status == 404:
        return meaning_is_away(
            "embedder_model_unknown",
            "the language model's server does not know the model or the address (status 404).",
            next_step="Check BOTTEGA_EMBEDDER_MODEL and BOTTEGA_EMBEDDER_URL.",
        )
    if status < 500:
        return meaning_is_away(
            "embedder_request_refused",
            f"the language model's server refuses the request (status {status}).",
            next_step="Check BOTTEGA_EMBEDDER_MODEL and BOTTEGA_EMBEDDER_DIMENSIONS.",
        )
    return meaning_is_away(
        "embedder_failed",
        f"the language model's server failed (status {status}).",
        retry_after_seconds=retry_after_seconds or SLOW_RETRY_SECONDS,
    )
