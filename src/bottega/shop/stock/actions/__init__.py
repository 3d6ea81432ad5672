"""The changes of stock: what orders are promised, goods that move, and how levels and locations are kept."""

from bottega.shop.stock.actions.goods import (
    AdjustStock,
    ReceiptLine,
    ReceiveStock,
    TransferStock,
    restock,
    ship,
)
from bottega.shop.stock.actions.levels import SetBackorder, SetLowThreshold
from bottega.shop.stock.actions.locations import ChangeLocation, CreateLocation
from bottega.shop.stock.actions.reservations import accept_reservations, release, release_expired, reserve

__all__ = [
    "AdjustStock",
    "ChangeLocation",
    "CreateLocation",
    "ReceiptLine",
    "ReceiveStock",
    "SetBackorder",
    "SetLowThreshold",
    "TransferStock",
    "accept_reservations",
    "release",
    "release_expired",
    "reserve",
    "restock",
    "ship",
]
