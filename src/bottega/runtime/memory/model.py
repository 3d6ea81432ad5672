"""The records of memory: what is to be remembered, what is, and for how long."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bottega.runtime.evidence import Json, Trust

Span = Literal["working", "profile"]
"""`working`: recent dealings, gone after weeks. `profile`: what stays true of somebody, until they say otherwise."""
Purpose = Literal["service", "personalisation"]
"""`service` serves what they asked for; `personalisation` needs their consent to profiling each time it is used."""

KEPT_FOR: dict[Span, timedelta] = {"working": timedelta(days=30), "profile": timedelta(days=730)}
CONFIRMED_WITHIN = timedelta(days=180)
"""What has not been confirmed for so long counts as stale: it is recalled with its age, and may be asked about."""
SUPERSEDED_KEPT_FOR = timedelta(days=30)
MOST_FACTS = 200
LARGEST_VALUE_BYTES = 2_000
LONGEST_QUOTE_CHARACTERS = 300

NAME = re.compile(r"[a-z][a-z_]{0,30}(\.[a-z][a-z_]{0,30}){0,3}\Z")


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to remember. `source` says where it comes from: `turn:<session>.<ordinal>`, `order:<id>`, `staff:<id>`.

    `said` is the principal's own words that say it, required where the source is a turn.
    """

    name: str
    value: Json
    source: str
    trust: Trust
    purpose: Purpose
    span: Span = "profile"
    said: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """Something that is remembered; `is_stale` when nothing has confirmed it for half a year."""

    id: str
    name: str
    value: Json
    span: Span
    said: str
    source: str
    trust: Trust
    purpose: Purpose
    learnt_at: datetime
    confirmed_at: datetime
    expires_at: datetime
    is_stale: bool
    recalls: int
