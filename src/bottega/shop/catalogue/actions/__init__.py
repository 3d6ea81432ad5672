"""The changes of the catalogue: products, variants, media, categories and collections."""

from bottega.shop.catalogue.actions.categories import (
    ChangeCategory,
    CreateCategory,
    RemoveCategory,
    ensure_categories,
)
from bottega.shop.catalogue.actions.collections import (
    AddToCollection,
    ChangeCollection,
    CreateCollection,
    RemoveCollection,
    RemoveFromCollection,
)
from bottega.shop.catalogue.actions.media import AddMedia, OrderMedia, RemoveMedia
from bottega.shop.catalogue.actions.products import (
    ArchiveProduct,
    ChangeProduct,
    CreateProduct,
    PublishProduct,
    UnpublishProduct,
)
from bottega.shop.catalogue.actions.variants import AddVariants, ChangeOptions, ChangeVariant

__all__ = [
    "AddMedia",
    "AddToCollection",
    "AddVariants",
    "ArchiveProduct",
    "ChangeCategory",
    "ChangeCollection",
    "ChangeOptions",
    "ChangeProduct",
    "ChangeVariant",
    "CreateCategory",
    "CreateCollection",
    "CreateProduct",
    "OrderMedia",
    "PublishProduct",
    "RemoveCategory",
    "RemoveCollection",
    "RemoveFromCollection",
    "RemoveMedia",
    "UnpublishProduct",
    "ensure_categories",
]
