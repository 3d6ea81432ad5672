"""What units of an order line were paid with: exact, and without losing a cent however they come back."""

from hypothesis import given
from hypothesis import strategies as st

from bottega.shop.returns.amounts import paid_minor, share_minor


def line(net: int, discount: int, tax: int, quantity: int) -> dict[str, int]:
    return {"net_minor": net, "discount_minor": discount, "tax_minor": tax, "quantity": quantity}


def test_a_discounted_line_gives_back_what_was_paid_and_not_its_list_price() -> None:
    shirts = line(net=3_000, discount=300, tax=594, quantity=3)
    assert paid_minor(shirts) == 3_294
    assert [share_minor(shirts, 1, before) for before in range(3)] == [1_098, 1_098, 1_098]


def test_cents_that_cannot_be_divided_come_back_with_the_last_unit() -> None:
    socks = line(net=100, discount=0, tax=0, quantity=3)
    assert [share_minor(socks, 1, before) for before in range(3)] == [33, 33, 34]
    assert share_minor(socks, 2, 1) == 67


@given(
    st.integers(0, 10**9),
    st.integers(0, 10**6),
    st.lists(st.integers(1, 50), min_size=1, max_size=8),
)
def test_all_units_together_give_back_the_whole_line(net: int, tax: int, parts: list[int]) -> None:
    whole = line(net=net, discount=0, tax=tax, quantity=sum(parts))
    returned = 0
    total = 0
    for units in parts:
        share = share_minor(whole, units, returned)
        assert share >= 0
        total += share
        returned += units
    assert total == net + tax
