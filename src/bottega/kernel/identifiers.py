"""Identifiers: a prefix per noun and a UUIDv7 (RFC 9562, section 5.7) in Crockford's base 32, sorted by time."""

import os
import re
import threading
import time
from datetime import UTC, datetime
from typing import Annotated

from pydantic import StringConstraints

from bottega.kernel.errors import Invalid

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 26
# Of the 74 random bits, those below the variant.
_LOW_BITS = 62
# The millisecond and the random bits of the identifier that was made last, each thread's own.
_last = threading.local()


# The annotated string type of each noun's identifiers, for action fields and routes.
def _form(prefix: str) -> StringConstraints:
    return StringConstraints(pattern=rf"^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", max_length=30)


AddressId = Annotated[str, _form("adr")]
AmendmentId = Annotated[str, _form("amd")]
ApiKeyId = Annotated[str, _form("key")]
ApprovalId = Annotated[str, _form("apr")]
CartId = Annotated[str, _form("crt")]
CartLineId = Annotated[str, _form("cln")]
CategoryId = Annotated[str, _form("cat")]
CollectionId = Annotated[str, _form("col")]
CustomerId = Annotated[str, _form("cus")]
DiscountId = Annotated[str, _form("dsc")]
DocumentId = Annotated[str, _form("doc")]
EffectId = Annotated[str, _form("eff")]
EntryId = Annotated[str, _form("ent")]
ExchangeId = Annotated[str, _form("exc")]
GiftCardId = Annotated[str, _form("gft")]
GuestId = Annotated[str, _form("gst")]
InstrumentId = Annotated[str, _form("ins")]
JobId = Annotated[str, _form("job")]
LedgerTransactionId = Annotated[str, _form("ltx")]
LocationId = Annotated[str, _form("loc")]
MediaId = Annotated[str, _form("med")]
MessageId = Annotated[str, _form("msg")]
NoteId = Annotated[str, _form("nte")]
OrderId = Annotated[str, _form("ord")]
OrderLineId = Annotated[str, _form("oln")]
PassageId = Annotated[str, _form("psg")]
PaymentId = Annotated[str, _form("pay")]
PersonalValueId = Annotated[str, _form("per")]
PinId = Annotated[str, _form("pin")]
PriceId = Annotated[str, _form("prc")]
ProductId = Annotated[str, _form("prd")]
PromotionId = Annotated[str, _form("prm")]
RefundId = Annotated[str, _form("rfd")]
ReservationId = Annotated[str, _form("rsv")]
ReturnId = Annotated[str, _form("ret")]
ReturnLineId = Annotated[str, _form("rln")]
ReviewId = Annotated[str, _form("rev")]
SessionId = Annotated[str, _form("ses")]
ShipmentId = Annotated[str, _form("shp")]
ShipmentLineId = Annotated[str, _form("sln")]
ShippingMethodId = Annotated[str, _form("shm")]
ShippingZoneId = Annotated[str, _form("shz")]
StaffId = Annotated[str, _form("stf")]
StockMovementId = Annotated[str, _form("mov")]
SynonymsId = Annotated[str, _form("syn")]
TaxRateId = Annotated[str, _form("txr")]
TicketId = Annotated[str, _form("tck")]
VariantId = Annotated[str, _form("var")]
WebhookDeliveryId = Annotated[str, _form("whd")]
WebhookEndpointId = Annotated[str, _form("whe")]

_FORM = re.compile(r"([a-z]{3})_[0-7][0-9a-hjkmnp-tv-z]{25}\Z")


def new_id(prefix: str, *, milliseconds: int | None = None, randomness: bytes | None = None) -> str:
    """A new identifier, e.g. `ord_01jd…`; time (Unix milliseconds) and 10 random bytes may be given by a test.

    Those that a thread makes within one millisecond are in the order in which they are made.
    """
    stamp = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    value = (stamp & 0xFFFF_FFFF_FFFF) << 80
    if randomness is None:
        noise = _noise_of(stamp)
        value |= noise >> _LOW_BITS << 64 | noise & (1 << _LOW_BITS) - 1
    else:
        value |= int.from_bytes(randomness, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{prefix}_{_encode(value)}"


def _noise_of(stamp: int) -> int:
    """74 bits for this millisecond, above those of the one before (RFC 9562, section 6.2, method 2)."""
    drawn = int.from_bytes(os.urandom(10), "big")
    last_stamp, last_noise = getattr(_last, "made", (None, 0))
    # The highest bit is left free, so that a million a millisecond do not run over.
    noise = drawn >> 7 if stamp != last_stamp else last_noise + 1 + (drawn >> 27)
    _last.made = stamp, noise
    return noise


def made_at(identifier: str) -> datetime:
    """When a well-formed identifier was made, to the millisecond."""
    value = 0
    for digit in identifier.partition("_")[2]:
        value = value << 5 | _ALPHABET.index(digit)
    return datetime.fromtimestamp((value >> 80) / 1000, UTC)


def _encode(value: int) -> str:
    digits = [""] * _LENGTH
    for position in range(_LENGTH - 1, -1, -1):
        digits[position] = _ALPHABET[value & 31]
        value >>= 5
    return "".join(digits)


def check_id(text: str, prefix: str) -> str:
    """The identifier itself, or `Invalid` when it is not one of that noun."""
    match = _FORM.match(text)
    if match is None or match.group(1) != prefix:
        raise Invalid(
            "bad_identifier", f"'{text[:64]}' is not an identifier of the form {prefix}_….", next_step="Check it."
        )
    return text
