"""Plain text told apart into paragraphs, tables and lists."""

from bottega.web.text_blocks import Block, blocks_of


def test_wrapped_lines_are_one_paragraph_and_blank_lines_part_them() -> None:
    assert blocks_of("One line\nand the rest.\n\nAnother.") == [
        Block("paragraph", (("One line and the rest.",),)),
        Block("paragraph", (("Another.",),)),
    ]


def test_tables_with_and_without_a_rule() -> None:
    rows = (("Method", "Days"), ("Standard", "2"))
    assert blocks_of("| Method | Days |\n|---|:--|\n| Standard | 2 |") == [Block("table", rows)]
    assert blocks_of("| Method | Days |\n| Standard | 2 |") == [Block("table", rows)]


def test_lists_and_steps() -> None:
    assert blocks_of("Before:\n- one\n  goes on\n* two\n1. first\n2) second") == [
        Block("paragraph", (("Before:",),)),
        Block("list", (("one goes on",), ("two",))),
        Block("steps", (("first",), ("second",))),
    ]


def test_a_number_in_a_sentence_is_no_step() -> None:
    assert blocks_of("30 days, no questions.") == [Block("paragraph", (("30 days, no questions.",),))]
