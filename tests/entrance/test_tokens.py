"""Guest tokens: sealed with the shop's key, good for one guest, and not for ever."""

from datetime import UTC, datetime, timedelta

from bottega.entrance.tokens import GUEST, GUEST_LIFETIME, guest_of, guest_token
from bottega.kernel.identifiers import new_id

KEY = b"the shop's own key"


def test_a_guest_is_known_by_the_token() -> None:
    customer_id, token = guest_token(KEY)
    assert guest_of(KEY, token, datetime.now(UTC)) == customer_id


def test_a_seal_of_another_guest_or_shop_proves_nothing() -> None:
    now, (_, token), (_, foreign) = datetime.now(UTC), guest_token(KEY), guest_token(b"another shop's key")
    seal = token.partition(".")[2]
    for forged in (f"{GUEST}{new_id('cus')}.{seal}", foreign, token[:-1], f"{token}0", token.partition(".")[0], GUEST):
        assert guest_of(KEY, forged, now) is None, forged


def test_an_old_token_proves_nothing() -> None:
    token, now = guest_token(KEY)[1], datetime.now(UTC)
    assert guest_of(KEY, token, now + GUEST_LIFETIME - timedelta(minutes=1)) is not None
    assert guest_of(KEY, token, now + GUEST_LIFETIME + timedelta(minutes=1)) is None
