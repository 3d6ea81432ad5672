"""What a review is."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

ReviewState = Literal["pending", "published", "rejected"]


class Review(BaseModel):
    """A review as it is shown; its words are the customer's, never the shop's."""

    model_config = ConfigDict(frozen=True)

    id: str
    product_id: str
    rating: int
    title: str
    text: str
    author: str
    verified_purchase: bool
    state: ReviewState
    created_at: datetime
