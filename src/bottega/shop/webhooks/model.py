"""Endpoints and deliveries as they are read."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

EVERY_TOPIC = "*"
Topic = Annotated[str, Field(pattern=r"^([A-Z][A-Za-z]{1,60}|\*)$", examples=["PlaceOrder"])]
EndpointUrl = Annotated[str, Field(min_length=8, max_length=2_000, examples=["https://example.com/hooks/bottega"])]
DeliveryState = Literal["waiting", "delivered", "dead"]


class WebhookEndpoint(BaseModel):
    """Where deliveries go; its signing secret is shown once, when it is made."""

    model_config = ConfigDict(frozen=True)

    id: str
    url: str
    topics: list[str] = Field(description="Names of actions, or * for all of them.")
    active: bool
    created_at: datetime
    waiting: int = Field(description="Deliveries that are not there yet.")
    dead: int = Field(description="Deliveries given up.")


class WebhookDelivery(BaseModel):
    """One entry of the log on its way to one endpoint."""

    model_config = ConfigDict(frozen=True)

    id: str
    endpoint_id: str
    position: int = Field(description="The entry's position in the log.")
    topic: str
    body: dict[str, Any]
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime
    last_status: int | None
    last_error: str | None
    delivered_at: datetime | None
    created_at: datetime
