"""What a product is made of: its fields and their limits, and the handles made from titles."""

import re
import unicodedata
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

ProductStatus = Literal["draft", "published", "archived"]
TaxClass = Literal["standard", "reduced", "zero"]

LONGEST_HANDLE = 120
LONGEST_ALT = 500
LARGEST_NUMBER = 10**15

Handle = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=LONGEST_HANDLE)]
CategoryPath = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*){0,5}$", max_length=400)]
Title = Annotated[str, Field(min_length=1, max_length=500)]
Description = Annotated[str, Field(max_length=20_000)]
Brand = Annotated[str, Field(max_length=200)]
Sku = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
Barcode = Annotated[str, Field(max_length=50)]
WeightGrams = Annotated[int, Field(ge=0, le=10_000_000)]
OptionName = Annotated[str, Field(min_length=1, max_length=50)]
OptionValue = Annotated[str, Field(min_length=1, max_length=200)]
Tag = Annotated[str, Field(min_length=1, max_length=100)]
Tags = Annotated[tuple[Tag, ...], Field(max_length=50)]
Related = Annotated[tuple[Handle, ...], Field(max_length=20)]
SourceName = Annotated[str, Field(max_length=50, pattern=r"^[a-z0-9._-]*$")]
SourceId = Annotated[str, Field(max_length=200)]


LONGEST_ATTRIBUTE = 10_000
LONGEST_ATTRIBUTE_LIST = 500


def _attribute(value: object) -> bool | int | float | str | list[str]:
    """A value of an attribute within its limits; a whole float is the integer it means."""
    match value:
        case bool():
            return value
        case int() | float():
            if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
                raise ValueError("the number is out of range")
            return int(value) if isinstance(value, float) and value.is_integer() else value
        case str():
            return _attribute_text(value)
        case list() | tuple():
            items: list[object] = list(value)  # pyright: ignore[reportUnknownArgumentType] - each item is looked at below
            if len(items) > LONGEST_ATTRIBUTE_LIST:
                raise ValueError(f"the list is longer than {LONGEST_ATTRIBUTE_LIST}")
            return [_attribute_text(item) for item in items]
        case _:
            raise ValueError("a text, a number, true or false, or a list of texts is needed")


def _attribute_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a list holds texts alone")
    if len(value) > LONGEST_ATTRIBUTE:
        raise ValueError(f"the text is longer than {LONGEST_ATTRIBUTE} characters")
    return value


AttributeName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]
AttributeValue = Annotated[
    bool | int | float | str | list[str],
    PlainValidator(_attribute, json_schema_input_type=bool | int | float | str | list[str]),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["boolean", "number"]},
                {"type": "string", "maxLength": LONGEST_ATTRIBUTE},
                {
                    "type": "array",
                    "maxItems": LONGEST_ATTRIBUTE_LIST,
                    "items": {"type": "string", "maxLength": LONGEST_ATTRIBUTE},
                },
            ]
        }
    ),
]
Attributes = Annotated[dict[AttributeName, AttributeValue], Field(max_length=400)]
OptionNames = Annotated[tuple[OptionName, ...], Field(max_length=5)]
OptionValues = Annotated[dict[OptionName, OptionValue], Field(max_length=5)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class NewVariant(_Record):
    """One thing that can be bought, told apart from its siblings by its option values."""

    sku: Annotated[Sku, Field(examples=["FWDJ-M-BLU"])]
    option_values: Annotated[OptionValues, Field(examples=[{"size": "M", "colour": "blue"}])] = {}
    barcode: Barcode = ""
    weight_grams: WeightGrams = 0
    source_id: SourceId = ""


class NewMedia(_Record):
    """A picture by its address."""

    url: Annotated[str, Field(max_length=2_000, pattern=r"^(https?://|/)\S+$", examples=["https://example.com/a.jpg"])]
    alt: Annotated[str, Field(max_length=LONGEST_ALT)] = ""


def handle_of(text: str) -> str:
    """A handle out of any text: accents folded, other signs as hyphens; 'item' when nothing is left."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_HANDLE].strip("-") or "item"
