"""Named refusals of the catalogue."""

from bottega.kernel.errors import Conflict, Invalid, NotFound


class NoSuchProduct(NotFound):
    """No product has this id or handle."""

    def __init__(self, product: str) -> None:
        super().__init__(
            "no_such_product", f"There is no product {product}.", next_step="See the list of products.", product=product
        )


class NoSuchVariant(NotFound):
    """No variant has this id."""

    def __init__(self, variant_id: str) -> None:
        super().__init__(
            "no_such_variant",
            f"There is no variant {variant_id}.",
            next_step="See the product's variants.",
            variant_id=variant_id,
        )


class NoSuchCategory(NotFound):
    """No category has this id or path."""

    def __init__(self, category: str) -> None:
        super().__init__(
            "no_such_category",
            f"There is no category {category}.",
            next_step="Create it first, or choose one of the list.",
            category=category,
        )


class NoSuchCollection(NotFound):
    """No collection has this id or handle."""

    def __init__(self, collection: str) -> None:
        super().__init__(
            "no_such_collection",
            f"There is no collection {collection}.",
            next_step="See the list of collections.",
            collection=collection,
        )


class NoSuchMedia(NotFound):
    """The product has no picture with this id."""

    def __init__(self, media_id: str) -> None:
        super().__init__("no_such_media", f"There is no picture {media_id}.", next_step="See the product's media.")


class HandleTaken(Conflict):
    """Another product, category or collection goes by this handle."""

    def __init__(self, handle: str) -> None:
        super().__init__(
            "handle_taken", f"The handle '{handle}' is in use.", next_step="Choose another handle.", handle=handle
        )


class SkuTaken(Conflict):
    """Another variant has this SKU."""

    def __init__(self, sku: str) -> None:
        super().__init__("sku_taken", f"The SKU '{sku}' is in use.", next_step="Choose another SKU.", sku=sku)


class OptionsMismatch(Invalid):
    """A variant's option values do not fit the product's options, or repeat a sibling's."""

    def __init__(self, sku: str, problem: str) -> None:
        super().__init__(
            "options_mismatch",
            f"Variant '{sku}': {problem}.",
            next_step="Give every variant one value for each option, each combination once.",
            sku=sku,
        )


class StatusRefused(Conflict):
    """The product's status does not allow this."""

    def __init__(self, product_id: str, message: str, next_step: str) -> None:
        super().__init__("product_status", message, next_step=next_step, product_id=product_id)


class NoSuchSynonyms(NotFound):
    """No set of synonyms has this id."""

    def __init__(self, synonyms_id: str) -> None:
        super().__init__(
            "no_such_synonyms",
            f"There are no synonyms {synonyms_id}.",
            next_step="See GET /api/search/synonyms.",
            synonyms_id=synonyms_id,
        )


class NoSuchPin(NotFound):
    """No pinned query has this id."""

    def __init__(self, pin_id: str) -> None:
        super().__init__(
            "no_such_pin", f"There is no pinned query {pin_id}.", next_step="See GET /api/search/pins.", pin_id=pin_id
        )


class NoWords(Invalid):
    """A phrase in which the search sees no word, or more than it looks at together."""

    def __init__(self, phrase: str, most: int) -> None:
        super().__init__(
            "no_words",
            f"'{phrase[:80]}' has to have between 1 and {most} words.",
            next_step="Write it as shoppers do.",
            phrase=phrase[:80],
        )


class TooManyTunings(Conflict):
    """The shop keeps a bounded number of synonyms and pinned queries."""

    def __init__(self, noun: str, most: int) -> None:
        super().__init__(
            "too_many_tunings", f"There are {most} {noun} already.", next_step="Remove some that nobody needs first."
        )
