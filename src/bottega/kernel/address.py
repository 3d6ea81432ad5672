"""A postal address; a personal value, so it is kept in the vault as canonical JSON."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
OptionalLine = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Email = Annotated[
    str,
    StringConstraints(
        pattern=r"^[^@\s,;<>()\x00-\x1f]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?\.[A-Za-z]{2,63}$",
        max_length=254,
        strip_whitespace=True,
    ),
]


class Address(BaseModel):
    """Where something goes; `country` is ISO 3166-1 alpha-2."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Line
    line1: Line
    line2: OptionalLine = ""
    city: Line
    region: OptionalLine = ""
    postal_code: Annotated[str, StringConstraints(max_length=20, strip_whitespace=True)] = ""
    country: Country
    phone: Annotated[str, StringConstraints(max_length=40, strip_whitespace=True)] = ""
