"""Addresses of payment pages: a sealed link to one order, under which it can be paid and nothing else be done."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import check_id

LIFETIME = timedelta(hours=48)
_SEAL_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class PaymentPages:
    """Makes and reads the links of one shop. They end by themselves, and say nothing about who may pay."""

    public_url: str
    key: bytes = field(repr=False)

    def address(self, order_id: str, now: datetime) -> str:
        """Where the order can be paid, for two days."""
        return f"{self.public_url.rstrip('/')}/pay/{self.token(order_id, now)}"

    def token(self, order_id: str, now: datetime) -> str:
        """The last part of the address. It is the same all day long, so that a repeated answer stays the same."""
        ends_on = (now + LIFETIME).strftime("%Y%m%d")
        return f"{order_id}.{ends_on}.{self._seal(order_id, ends_on)}"

    def order_of(self, token: str, now: datetime) -> str:
        """The order that a link is for; `Invalid` for one that is not ours or is over."""
        order_id, _, rest = token.partition(".")
        ends_on, _, seal = rest.partition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(order_id, ends_on).encode()):
            raise _no_such_page()
        check_id(order_id, "ord")
        if now.strftime("%Y%m%d") > ends_on:
            raise Invalid("payment_page_over", "This link is over.", next_step="Ask for a new one.")
        return order_id

    def _seal(self, order_id: str, ends_on: str) -> str:
        return hmac.digest(self.key, f"pay {order_id} until {ends_on}".encode(), "sha256").hex()[:_SEAL_CHARACTERS]


def _no_such_page() -> Invalid:
    return Invalid("no_such_payment_page", "This is not a link of ours.", next_step="Ask for a new one.")
