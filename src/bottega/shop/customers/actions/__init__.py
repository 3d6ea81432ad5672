"""The changes of customers: accounts, address books, stored instruments, and records taken over from elsewhere."""

from bottega.shop.customers.actions.accounts import (
    BlockCustomer,
    ChangeEmail,
    ChangeProfile,
    RegisterCustomer,
    SetConsent,
    UnblockCustomer,
    customer_facts,
)
from bottega.shop.customers.actions.addresses import AddAddress, ChangeAddress, RemoveAddress, SetDefaultAddress
from bottega.shop.customers.actions.instruments import AddInstrument, RemoveInstrument
from bottega.shop.customers.actions.records import (
    ensure_buyer,
    find_customers,
    insert_customer,
    insert_customers,
    source_digest,
)

__all__ = [
    "AddAddress",
    "AddInstrument",
    "BlockCustomer",
    "ChangeAddress",
    "ChangeEmail",
    "ChangeProfile",
    "RegisterCustomer",
    "RemoveAddress",
    "RemoveInstrument",
    "SetConsent",
    "SetDefaultAddress",
    "UnblockCustomer",
    "customer_facts",
    "ensure_buyer",
    "find_customers",
    "insert_customer",
    "insert_customers",
    "source_digest",
]
