"""What people fill in to prove who they are, the same on both faces."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bottega.kernel.address import Email
from bottega.platform.sign_in.codes import DIGITS
from bottega.platform.sign_in.passwords import LONGEST_PASSWORD_CHARACTERS, SHORTEST_PASSWORD_CHARACTERS


class Who(BaseModel):
    """Whose account it is."""

    model_config = ConfigDict(frozen=True)

    email: Email


class GivenCode(Who):
    """A mailed code."""

    code: Annotated[str, Field(pattern=rf"^[0-9]{{{DIGITS}}}$")]


class NewPassword(BaseModel):
    """A password to have from now on."""

    model_config = ConfigDict(frozen=True)

    password: Annotated[
        str, Field(min_length=SHORTEST_PASSWORD_CHARACTERS, max_length=LONGEST_PASSWORD_CHARACTERS, repr=False)
    ]
