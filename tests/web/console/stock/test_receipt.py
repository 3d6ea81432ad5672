"""A delivery as it is typed or scanned."""

from bottega.web.console.stock.receipt import lines_of


def test_a_number_per_line_or_one_line_per_unit() -> None:
    assert lines_of("A-1 12\nB;3\n\nC\nC\n400638133393\t2") == ({"A-1": 12, "B": 3, "C": 2, "400638133393": 2}, [])


def test_what_is_no_line_is_named() -> None:
    assert lines_of("A-1 many\nB 0\nC -1\none two three") == ({}, ["A-1 many", "B 0", "C -1", "one two three"])
