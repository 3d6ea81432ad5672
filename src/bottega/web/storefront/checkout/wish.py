"""What a shopper fills in at checkout: contact, where it goes, how, and with which code, as text and as records."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from bottega.kernel.address import Address, Email
from bottega.shop.carts.actions import CouponCode
from bottega.shop.carts.model import Cart
from bottega.shop.customers.model import Customer, StoredAddress
from bottega.shop.flows.cart_total import Instead
from bottega.web.countries import needs_postcode
from bottega.web.forms import MISSING, Form

ADDRESS_FIELDS = ("name", "line1", "line2", "postal_code", "city", "region", "country", "phone")
BILLING = "billing_"
FIELDS = ("email", *ADDRESS_FIELDS, "shipping_method_id", "coupon_code", *(BILLING + name for name in ADDRESS_FIELDS))


class Contact(BaseModel):
    """Who is told."""

    model_config = ConfigDict(frozen=True)

    email: Email


class Code(BaseModel):
    """A coupon's code as typed."""

    model_config = ConfigDict(frozen=True)

    coupon_code: CouponCode | None


@dataclass(frozen=True, slots=True)
class CheckoutWish:
    """The fields as they were typed, so that a page with problems shows them again."""

    values: Mapping[str, str]
    other_billing: bool = False

    @classmethod
    def of_form(cls, form: Form) -> "CheckoutWish":
        return cls({name: form.text(name) for name in FIELDS}, form.is_ticked("other_billing"))

    @classmethod
    def of_cart(cls, cart: Cart, customer: Customer | None, address: StoredAddress | None, home: str) -> "CheckoutWish":
        """What is known already: the cart's own contact first, then the account's."""
        known = cart.shipping_address or (None if address is None else address.address)
        values = dict.fromkeys(FIELDS, "")
        if known is not None:
            values.update({name: getattr(known, name) for name in ADDRESS_FIELDS})
        elif customer is not None:
            values["name"] = customer.name or ""
        values["country"] = values["country"] or home
        values["email"] = cart.email or (customer.email if customer is not None else None) or ""
        values["shipping_method_id"] = cart.shipping_method_id or ""
        values["coupon_code"] = cart.coupon_code or ""
        return cls(values)

    @property
    def instead(self) -> Instead:
        """For reckoning before anything is written."""
        return Instead(
            self.values["country"] or None,
            self.values["shipping_method_id"] or None,
            self.values["coupon_code"] or None,
        )

    def contact(self, form: Form) -> Contact | None:
        """The e-mail address; problems are noted in the form."""
        return form.record(Contact, {"email": self.values["email"]})

    def address(self, form: Form, prefix: str = "") -> Address | None:
        """Where it goes, or who is billed with the prefix."""
        given = {name: self.values[prefix + name] for name in ADDRESS_FIELDS}
        return address_of(form, given, prefix)

    def code(self, form: Form) -> str | None:
        """The coupon's code."""
        found = form.record(Code, {"coupon_code": self.values["coupon_code"] or None})
        return None if found is None else found.coupon_code


def address_of(form: Form, given: Mapping[str, str], prefix: str = "") -> Address | None:
    """The address that was filled in, or None with its problems noted; a postcode is asked for where the post does."""
    address = form.record(Address, given, prefix=prefix)
    if given["postal_code"] or not needs_postcode(given["country"]):
        return address
    form.problems[f"{prefix}postal_code"] = MISSING
    return None
