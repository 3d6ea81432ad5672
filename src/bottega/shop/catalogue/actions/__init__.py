"""The changes of the catalogue: products, variants, media, categories, collections, and the tuning of the search."""

from bottega.shop.catalogue.actions.categories import (
    CategoryChanges,
    ChangeCategory,
    CreateCategory,
    RemoveCategory,
    ensure_categories,
)
from bottega.shop.catalogue.actions.collections import (
    AddToCollection,
    ChangeCollection,
    CollectionChanges,
    CreateCollection,
    RemoveCollection,
    RemoveFromCollection,
)
from bottega.shop.catalogue.actions.media import AddMedia, OrderMedia, RemoveMedia
from bottega.shop.catalogue.actions.products import (
    ArchiveProduct,
    ChangeProduct,
    CreateProduct,
    ProductChanges,
    PublishProduct,
    UnpublishProduct,
)
from bottega.shop.catalogue.actions.tuning import PinResults, RemoveSynonyms, SetSynonyms, UnpinResults
from bottega.shop.catalogue.actions.variants import (
    AddVariants,
    ChangeOptions,
    ChangeVariant,
    OptionChanges,
    VariantChanges,
)

__all__ = [
    "AddMedia",
    "AddToCollection",
    "AddVariants",
    "ArchiveProduct",
    "CategoryChanges",
    "ChangeCategory",
    "ChangeCollection",
    "ChangeOptions",
    "ChangeProduct",
    "ChangeVariant",
    "CollectionChanges",
    "CreateCategory",
    "CreateCollection",
    "CreateProduct",
    "OptionChanges",
    "OrderMedia",
    "PinResults",
    "ProductChanges",
    "PublishProduct",
    "RemoveCategory",
    "RemoveCollection",
    "RemoveFromCollection",
    "RemoveMedia",
    "RemoveSynonyms",
    "SetSynonyms",
    "UnpinResults",
    "UnpublishProduct",
    "VariantChanges",
    "ensure_categories",
]
