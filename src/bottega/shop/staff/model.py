"""Staff and API keys as they are read."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

StaffRole = Literal["owner", "manager", "support", "warehouse", "analyst"]
Scope = Annotated[str, Field(pattern=r"^([a-z_]{1,40}|\*)$", examples=["stock"])]


class StaffMember(BaseModel):
    """A person of the staff."""

    model_config = ConfigDict(frozen=True)

    id: str
    email: str | None
    name: str | None
    role: StaffRole
    active: bool
    created_at: datetime


class ApiKey(BaseModel):
    """A key without its token, which is shown once when it is made."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    role: StaffRole
    scopes: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_on: str | None
