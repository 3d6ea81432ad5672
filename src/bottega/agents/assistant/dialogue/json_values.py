"""Values out of tools' answers, read without trusting their form."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from bottega.agents.assistant.dialogue.state import Json


def record(value: Json) -> Mapping[str, Json]:
    """The value when it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def records(value: Json) -> Sequence[Mapping[str, Json]]:
    """The objects of a list; nothing for anything else."""
    return [record(one) for one in values(value) if isinstance(one, dict)]


def values(value: Json) -> Sequence[Json]:
    """The members of a list; nothing for anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []
