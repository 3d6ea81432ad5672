"""Which location a promise is made from."""

from bottega.shop.stock.allocation import Promise, Shelf, Shortage, Wanted, allocate


def shelf(location: str, *, priority: int = 0, on_hand: int = 0, reserved: int = 0, backorder: int = 0) -> Shelf:
    return Shelf("var_a", location, priority, on_hand, reserved, backorder)


def test_the_location_of_highest_priority_comes_first() -> None:
    shelves = [shelf("loc_b", priority=1, on_hand=9), shelf("loc_a", priority=2, on_hand=9)]
    assert allocate([Wanted("l1", "var_a", 3)], shelves) == [Promise("l1", "var_a", "loc_b", 3)]


def test_one_location_that_covers_the_line_beats_a_split() -> None:
    shelves = [shelf("loc_a", priority=0, on_hand=2), shelf("loc_b", priority=1, on_hand=5)]
    assert allocate([Wanted("l1", "var_a", 3)], shelves) == [Promise("l1", "var_a", "loc_b", 3)]


def test_a_line_is_split_when_no_location_covers_it() -> None:
    shelves = [shelf("loc_a", priority=0, on_hand=2), shelf("loc_b", priority=1, on_hand=2)]
    assert allocate([Wanted("l1", "var_a", 3)], shelves) == [
        Promise("l1", "var_a", "loc_a", 2),
        Promise("l1", "var_a", "loc_b", 1),
    ]


def test_the_location_of_collection_goes_before_its_priority() -> None:
    shelves = [shelf("loc_a", priority=0, on_hand=9), shelf("loc_b", priority=9, on_hand=9)]
    found = allocate([Wanted("l1", "var_a", 3)], shelves, first_location_id="loc_b")
    assert found == [Promise("l1", "var_a", "loc_b", 3)]


def test_goods_on_the_shelf_go_before_backorders() -> None:
    shelves = [shelf("loc_a", priority=0, on_hand=1, backorder=10), shelf("loc_b", priority=1, on_hand=2)]
    assert allocate([Wanted("l1", "var_a", 5)], shelves) == [
        Promise("l1", "var_a", "loc_a", 3),
        Promise("l1", "var_a", "loc_b", 2),
    ]


def test_a_backorder_partly_used_leaves_the_rest() -> None:
    shelves = [shelf("loc_a", on_hand=1, reserved=3, backorder=4)]
    assert allocate([Wanted("l1", "var_a", 2)], shelves) == [Promise("l1", "var_a", "loc_a", 2)]
    assert allocate([Wanted("l1", "var_a", 3)], shelves) == Shortage("l1", "var_a", 3, 2)


def test_two_lines_of_one_variant_share_what_is_there() -> None:
    shelves = [shelf("loc_a", on_hand=5)]
    wanted = [Wanted("l1", "var_a", 3), Wanted("l2", "var_a", 3)]
    assert allocate(wanted, shelves) == Shortage("l2", "var_a", 3, 2)


def test_a_variant_without_a_shelf_falls_short() -> None:
    assert allocate([Wanted("l1", "var_b", 1)], [shelf("loc_a", on_hand=5)]) == Shortage("l1", "var_b", 1, 0)
