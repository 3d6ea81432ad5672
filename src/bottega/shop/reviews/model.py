"""What a review is."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

ReviewState = Literal["pending", "published", "rejected"]


class PublicReview(BaseModel):
    """A published review; texts are null once their author was forgotten."""

    model_config = ConfigDict(frozen=True)

    id: str
    product_id: str
    rating: int
    title: str | None
    text: str | None
    author: str | None
    verified_purchase: bool
    created_at: datetime


class Review(PublicReview):
    """A review as staff see it."""

    customer_id: str | None
    state: ReviewState
