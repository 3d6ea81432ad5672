"""What a form of the console asks for: actions made of its fields, and amounts as people type them."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bottega.kernel.errors import Invalid
from bottega.kernel.money import CURRENCY_DIGITS, check_currency, parse_amount
from bottega.web.console.shown import words
from bottega.web.forms import Form

Record = TypeVar("Record", bound=BaseModel)


def asked(kind: type[Record], /, **values: Any) -> Record:
    """The record made of the values; raises `Invalid`, which names the first field that is wrong."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = " ".join(words(part) for part in first["loc"] if isinstance(part, str) and part.islower())
        raise Invalid(
            "form_refused", f"{field or 'The form'}: {_in_words(first)}.", next_step="Correct it and send it again."
        ) from None


def amount(form: Form, name: str, currency: str) -> int | None:
    """An amount in minor units, typed as `12.50` or `12,50`; None when it was left empty. Raises `Invalid`."""
    text = form.text(name).replace(" ", "")
    if not text:
        return None
    # The last of the two signs parts the fraction and the other one groups; `1,000` could mean either.
    point = max(text.rfind("."), text.rfind(","))
    if point >= 0:
        fraction = text[point + 1 :]
        if len(fraction) > CURRENCY_DIGITS[check_currency(currency)]:
            raise Invalid("bad_amount", f"'{text[:40]}' is not clear.", next_step="Write the amount as 1234.50.")
        text = f"{text[:point].replace(',', '').replace('.', '')}.{fraction}" if fraction else text[:point]
    return parse_amount(text, currency)


def _in_words(error: Any) -> str:
    kind = str(error["type"])
    if kind == "missing" or kind == "string_too_short":
        return "please fill this in"
    return str(error["msg"]).removeprefix("Value error, ")
