"""The changes of staff and API keys; all of them are administration, which is the owner's."""

from bottega.shop.staff.actions.api_keys import CreateApiKey, RevokeApiKey, bind_token
from bottega.shop.staff.actions.members import (
    ChangeStaffRole,
    CreateOwner,
    DeactivateStaff,
    InviteStaff,
    ReactivateStaff,
)

__all__ = [
    "ChangeStaffRole",
    "CreateApiKey",
    "CreateOwner",
    "DeactivateStaff",
    "InviteStaff",
    "ReactivateStaff",
    "RevokeApiKey",
    "bind_token",
]
