"""A whole product as a file or another system gives it: with variants, prices, stock, media and collections."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from bottega.kernel.errors import Refusal
from bottega.kernel.money import LARGEST_AMOUNT_MINOR, check_currency
from bottega.shop.catalogue.model import (
    Attributes,
    Brand,
    CategoryPath,
    Description,
    Handle,
    NewMedia,
    NewVariant,
    OptionNames,
    ProductStatus,
    Related,
    SourceId,
    SourceName,
    Tags,
    TaxClass,
    Title,
)
from bottega.shop.catalogue.options import check_options

AmountMinor = Annotated[int, Field(ge=0, le=LARGEST_AMOUNT_MINOR)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Units = Annotated[int, Field(ge=0, le=1_000_000)]


class SaleRecord(BaseModel):
    """A sale price with its dates."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount_minor: AmountMinor
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None


class VariantRecord(NewVariant):
    """A variant with its prices by currency and its first stock by location handle.

    A currency that `sales` does not name keeps the sale it has; null ends it.
    """

    prices: Annotated[dict[Currency, AmountMinor], Field(max_length=20)] = Field(default_factory=dict)
    sales: Annotated[dict[Currency, SaleRecord | None], Field(max_length=20)] = Field(default_factory=dict)
    costs: Annotated[dict[Currency, AmountMinor], Field(max_length=20)] = Field(default_factory=dict)
    stock: Annotated[dict[Handle, Units], Field(max_length=50)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _prices_hold_together(self) -> "VariantRecord":
        for currency in self.prices:
            try:
                check_currency(currency)
            except Refusal as refusal:
                raise ValueError(refusal.message) from refusal
        for currency, sale in self.sales.items():
            if sale is None:
                continue
            if currency not in self.prices:
                raise ValueError(f"{self.sku} has a sale price in {currency} and no ordinary price")
            if sale.amount_minor >= self.prices[currency]:
                raise ValueError(f"the sale price of {self.sku} is not below its price in {currency}")
            if sale.starts_at is not None and sale.ends_at is not None and sale.ends_at <= sale.starts_at:
                raise ValueError(f"the sale of {self.sku} ends before it starts")
        if unpriced := sorted(set(self.costs) - set(self.prices)):
            raise ValueError(f"{self.sku} has a cost in {unpriced[0]} and no price")
        return self


class ProductRecord(BaseModel):
    """A product by (source, source_id), or by its handle when no source is named."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    handle: Handle
    title: Title
    description: Description = ""
    brand: Brand = ""
    category: CategoryPath | None = None
    status: ProductStatus = "published"
    tax_class: TaxClass = "standard"
    attributes: Attributes = Field(default_factory=dict)
    option_names: Annotated[OptionNames, Field(examples=[["colour", "size"]])] = ()
    tags: Tags = ()
    related: Related = ()
    source: SourceName = ""
    source_id: SourceId = ""
    variants: Annotated[tuple[VariantRecord, ...], Field(min_length=1, max_length=500)]
    media: Annotated[tuple[NewMedia, ...], Field(max_length=50)] = ()
    collections: Annotated[tuple[Handle, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _variants_fit_options(self) -> "ProductRecord":
        try:
            check_options(self.option_names, [(variant.sku, variant.option_values) for variant in self.variants])
        except Refusal as refusal:
            raise ValueError(refusal.message.rstrip(".")) from refusal
        if bool(self.source) is not bool(self.source_id):
            raise ValueError("source and source_id belong together")
        return self
