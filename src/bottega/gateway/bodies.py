"""What every request body has in common."""

from pydantic import BaseModel, ConfigDict


class RequestBody(BaseModel):
    """Base of request bodies: a field that nobody knows is refused, because a misspelt one would be lost silently."""

    model_config = ConfigDict(extra="forbid", frozen=True)
