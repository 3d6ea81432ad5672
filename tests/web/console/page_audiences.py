"""Which roles of staff get into each page of the console; a new page needs a line here, or its test fails.

Strangers, customers, guests and API keys get into none but `STRANGERS`.
"""

from collections.abc import Mapping

Audience = frozenset[str]


def roles(names: str) -> Audience:
    return frozenset(names.split())


OWNER = roles("owner")
MANAGER = OWNER | {"manager"}
SUPPORT = MANAGER | {"support"}
WAREHOUSE = MANAGER | {"warehouse"}
PEOPLE = SUPPORT | WAREHOUSE
STAFF = PEOPLE | {"analyst"}
READING_MANAGER = MANAGER | {"analyst"}

# How one gets in, and out again.
STRANGERS = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-in/code"),
    ("POST", "/sign-in/codes"),
    ("GET", "/password-reset"),
    ("POST", "/password-reset"),
    ("GET", "/password-reset/choice"),
    ("POST", "/password-reset/choice"),
    ("POST", "/sign-out"),
}

PAGES: Mapping[tuple[str, str], Audience] = {
    ("GET", ""): STAFF,
    ("GET", "/today/sales.json"): STAFF,
    ("GET", "/approvals"): PEOPLE,
    ("GET", "/approvals/{approval_id}"): PEOPLE,
    ("POST", "/approvals/{approval_id}/grant"): MANAGER,
    ("POST", "/approvals/{approval_id}/denial"): MANAGER,
    ("GET", "/approvals/{approval_id}/edit"): MANAGER,
    ("POST", "/approvals/{approval_id}/edit"): MANAGER,
}

# What parameters of addresses stand for in the tests that walk every page, where the identifier itself matters.
PARAMETERS: Mapping[str, str] = {}
