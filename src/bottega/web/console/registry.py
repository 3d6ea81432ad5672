"""How pages of the console are listed: each names the roles that may come, and nobody else gets in.

Whether a colleague may *do* something is policy's to decide when the action is performed; the roles here say who sees
the page that it stands on, and which buttons are worth showing to whom.
"""

from functools import wraps
from typing import TypeVar

from starlette.responses import Response

from bottega.kernel.errors import Forbidden
from bottega.web.faces import Endpoint, Method, Page
from bottega.web.visit import Visit, staff_of

Roles = frozenset[str]
Deed = TypeVar("Deed")

OWNERS: Roles = frozenset({"owner"})
MANAGERS: Roles = OWNERS | {"manager"}
SUPPORT: Roles = MANAGERS | {"support"}
WAREHOUSE: Roles = MANAGERS | {"warehouse"}
# Everybody who may see data about people.
PEOPLE: Roles = SUPPORT | WAREHOUSE
EVERYBODY: Roles = PEOPLE | {"analyst"}


def offered(visit: Visit, roles: Roles, deeds: tuple[Deed, ...]) -> tuple[Deed, ...]:
    """What is done from a list, for those who may send it; nothing for others."""
    return deeds if staff_of(visit).role in roles else ()


def page(path: str, endpoint: Endpoint, roles: Roles) -> Page:
    """A page, or the data of a plot, that these roles may look at."""
    return _listed("GET", path, endpoint, roles)


def deed(path: str, endpoint: Endpoint, roles: Roles) -> Page:
    """A form that these roles may send; what it asks for still goes by policy."""
    return _listed("POST", path, endpoint, roles)


def _listed(method: Method, path: str, endpoint: Endpoint, roles: Roles) -> Page:
    @wraps(endpoint)
    async def guarded(visit: Visit) -> Response:
        role = staff_of(visit).role
        if role not in roles:
            raise Forbidden(
                "page_not_for_role",
                f"This page is not for the role {role}.",
                next_step="Ask an owner, who can change your role.",
            )
        return await endpoint(visit)

    return Page(method, path, guarded, roles=roles)
