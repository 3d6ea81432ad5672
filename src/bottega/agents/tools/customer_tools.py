"""All tools of a role that serves customers, and what records are called in its conversations."""

from collections.abc import Mapping
from dataclasses import dataclass

from bottega.actions.effects import EffectDriver
from bottega.agents.tools.account import AccountTools
from bottega.agents.tools.cart import CartTools
from bottega.agents.tools.catalogue import CatalogueTools
from bottega.agents.tools.ordering import OrderingTools
from bottega.agents.tools.orders import OrderTools
from bottega.agents.tools.payment_page import PaymentPages
from bottega.agents.tools.policy import PolicyTools
from bottega.agents.tools.product_search import ProductSearch
from bottega.agents.tools.returns import ReturnTools
from bottega.agents.tools.support import SupportTools
from bottega.runtime.knowledge.library import Library
from bottega.runtime.tool import Tool

NOUNS: Mapping[str, str] = {
    "prd": "product",
    "var": "variant",
    "crt": "cart",
    "cln": "cartline",
    "ord": "order",
    "oln": "orderline",
    "pay": "payment",
    "rfd": "refund",
    "shp": "shipment",
    "shm": "shipping",
    "ret": "return",
    "rln": "returnline",
    "ins": "instrument",
    "gft": "giftcard",
    "adr": "address",
    "cus": "customer",
    "tck": "ticket",
    "rev": "review",
    "psg": "passage",
}
"""What a handle of each kind of record is called."""


@dataclass(frozen=True, slots=True)
class ShopParts:
    """What tools reach beside the way to the shop that every run has."""

    effects: EffectDriver
    search: ProductSearch
    pages: PaymentPages
    library: Library


def customer_tools(parts: ShopParts) -> tuple[Tool, ...]:
    """Every tool, in the order in which a model is offered them."""
    return (
        *CatalogueTools(parts.search).all(NOUNS),
        *CartTools(parts.effects).all(NOUNS),
        *OrderingTools(parts.effects, parts.pages).all(NOUNS),
        *OrderTools(parts.effects, parts.pages).all(NOUNS),
        *ReturnTools(parts.effects).all(NOUNS),
        *AccountTools(parts.effects).all(NOUNS),
        *PolicyTools(parts.library).all(NOUNS),
        *SupportTools(parts.effects).all(NOUNS),
    )
