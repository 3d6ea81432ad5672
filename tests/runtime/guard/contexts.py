"""Contexts for testing parts of the guard alone: no database, no model."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Evidence, FieldLabels
from bottega.runtime.guard.handles import HandleTable
from bottega.runtime.role import Role
from bottega.runtime.run import Principal, Run

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def context_of(
    *,
    words: Sequence[str] = (),
    evidence: Sequence[Evidence] = (),
    role: Role | None = None,
    customer_id: str | None = "cus_alice",
) -> RunContext:
    """A turn in which this was said and seen."""
    run = Run("run_1", "clerk", "running", Principal("customer", "cus_alice", customer_id), {}, NOW, session_id="s1")
    return RunContext(
        run=run,
        role=role or Role("clerk", "You help customers with their parcels, kindly and in few words, day and night."),
        performer=None,  # pyright: ignore[reportArgumentType] - nothing here performs
        now=NOW,
        evidence=list(evidence),
        words=list(words),
        handles=HandleTable({"ord": "order", "prd": "product", "psg": "passage"}),
    )


def record(value: Any, **labels: Any) -> Evidence:
    """A record that a tool returned."""
    return Evidence("run_1.1", "tool", value, FieldLabels(**labels))


def identifier(prefix: str, number: int = 1) -> str:
    """A well-formed identifier."""
    return f"{prefix}_0{number:025d}"
