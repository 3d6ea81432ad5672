"""What a product is made of: its fields and their limits, and the handles made from titles."""

import re
import unicodedata
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

ProductStatus = Literal["draft", "published", "archived"]
TaxClass = Literal["standard", "reduced", "zero"]

LONGEST_HANDLE = 120
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
SourceName = Annotated[str, Field(max_length=50, pattern=r"^[a-z0-9._-]*$")]
SourceId = Annotated[str, Field(max_length=200)]


def _whole(value: object) -> object:
    """A whole float is the integer it means, so that equal measures have one form."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


AttributeName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]
AttributeText = Annotated[StrictStr, Field(max_length=10_000)]
AttributeNumber = Annotated[StrictFloat, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER, allow_inf_nan=False)]
AttributeInteger = Annotated[StrictInt, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
AttributeValue = Annotated[
    StrictBool
    | AttributeInteger
    | AttributeNumber
    | AttributeText
    | Annotated[list[AttributeText], Field(max_length=50)],
    BeforeValidator(_whole),
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
    alt: Annotated[str, Field(max_length=500)] = ""


def handle_of(text: str) -> str:
    """A handle out of any text: accents folded, other signs as hyphens; 'item' when nothing is left."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_HANDLE].strip("-") or "item"
