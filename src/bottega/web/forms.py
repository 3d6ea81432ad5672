"""Forms as browsers send them: read within limits, checked against records, with a key that makes each happen once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from bottega.entrance.refusals import BadRequest, TooLarge, UnsupportedMediaType
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import new_id

LARGEST_FORM_BYTES = 64_000
MOST_FIELDS = 300
KEY_FIELD = "key"
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
MISSING = "Please fill this in."
_MEDIA_TYPE = "application/x-www-form-urlencoded"

Record = TypeVar("Record", bound=BaseModel)


class Problems(dict[str, str]):
    """What is wrong, by field; a field that nobody complained about has nothing."""

    def __missing__(self, name: str) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one form, and what was found wrong with them, by field."""

    fields: Mapping[str, tuple[str, ...]]
    problems: Problems = field(default_factory=Problems)

    def text(self, name: str, default: str = "") -> str:
        """The field's first value without surrounding blanks."""
        values = self.fields.get(name)
        return values[0].strip() if values else default

    def exact(self, name: str) -> str:
        """The same as it was typed: blanks belong to a password."""
        return self.fields.get(name, ("",))[0]

    def optional(self, name: str) -> str | None:
        """The same, None when it was left empty."""
        return self.text(name) or None

    def texts(self, name: str) -> tuple[str, ...]:
        """Every value of a field that may stand several times."""
        return tuple(value.strip() for value in self.fields.get(name, ()))

    def is_ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return bool(self.text(name))

    def number(self, name: str, default: int = 0) -> int:
        """A whole number; what is none counts as the default."""
        text = self.text(name)
        return int(text) if text.isascii() and text.removeprefix("-").isdecimal() and len(text) < 10 else default

    @property
    def key(self) -> str:
        """The key that the page put into the form, so that sending it twice acts once."""
        key = self.text(KEY_FIELD)
        if not _KEY.fullmatch(key):
            raise BadRequest("form_incomplete", "The form came without its key.", next_step="Load the page again.")
        return key

    def record(self, kind: type[Record], values: Mapping[str, Any], *, prefix: str = "") -> Record | None:
        """The record made of the values, or None with the problems noted under `prefix` and the field's name."""
        try:
            return kind.model_validate(values)
        except ValidationError as error:
            for item in error.errors():
                name = prefix + ".".join(str(part) for part in item["loc"])
                self.problems.setdefault(name, _in_words(item["type"], str(values.get(str(item["loc"][0])) or "")))
            return None

    def require(self, kind: type[Record], values: Mapping[str, Any]) -> Record:
        """The record, of values that a page of ours fills in itself; `Invalid` when somebody else has written them."""
        made = self.record(kind, values)
        if made is None:
            words = "The form says something that cannot be."
            raise Invalid("form_not_understood", words, next_step="Load the page again.")
        return made


NO_FORM = Form({})


def new_key() -> str:
    """A key for a form that is about to be shown."""
    return new_id("frm")


async def read_form(request: Request, *, largest_bytes: int = LARGEST_FORM_BYTES) -> Form:
    """The fields of a form; refuses what is too large, no form, or holds a NUL."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _MEDIA_TYPE:
        raise UnsupportedMediaType("not_a_form", "This address takes forms.", next_step="Send the form of the page.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest_bytes:
            raise TooLarge("form_too_large", f"This form has at most {largest_bytes} bytes.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MOST_FIELDS,
            encoding="utf-8",
            errors="strict",
        )
    except ValueError:
        raise BadRequest("malformed_form", "The form cannot be read.", next_step="Load the page again.") from None
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if "\0" in value:
            raise BadRequest("nul_character", "The form holds a NUL character.", next_step="Remove it.")
        fields[name] = (*fields.get(name, ()), value)
    return Form(fields)


def _in_words(kind: str, value: str) -> str:
    """What is wrong with a field, for the person who filled it in."""
    if not value.strip():
        return MISSING
    if kind == "string_too_long":
        return "This is too long."
    if kind == "string_too_short":
        return "This is too short."
    return "Please check this."
