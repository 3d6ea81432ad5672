"""Sets of roles that pages of the console are for."""

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
