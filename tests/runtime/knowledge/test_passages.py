"""Blocks become passages of one section each, cut where sentences end."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bottega.runtime.knowledge.model import Block, Passage
from bottega.runtime.knowledge.passages import LARGEST_CHARACTERS, passages_of


def test_blocks_of_one_section_are_gathered_and_of_two_are_not() -> None:
    blocks = [Block(("A",), "one"), Block(("A",), "two"), Block(("B",), "three")]
    assert passages_of(blocks) == [Passage(("A",), "one\ntwo"), Passage(("B",), "three")]


def test_a_table_that_goes_on_has_its_first_row_again() -> None:
    rows = [Block(("A",), f"| {number} | {'x' * 290} |", "| No | Text |") for number in range(4)]
    first, second = passages_of(rows)
    assert [line[:6] for line in first.text.split("\n")] == ["| No |", "| 0 | ", "| 1 | "]
    assert [line[:6] for line in second.text.split("\n")] == ["| No |", "| 2 | ", "| 3 | "]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentence = "This is a sentence of some length about nothing at all."
    passages = passages_of([Block((), " ".join([sentence] * 40))])
    assert len(passages) == 3
    assert all(passage.text.endswith(".") and len(passage.text) <= LARGEST_CHARACTERS for passage in passages)
    assert " ".join(passage.text for passage in passages) == " ".join([sentence] * 40)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.text(alphabet="ab .", max_size=3_000), max_size=6))
def test_no_letter_is_lost_and_no_passage_is_too_long(texts: list[str]) -> None:
    passages = passages_of([Block((), text) for text in texts])
    together = "".join("".join(passage.text.split()) for passage in passages)
    assert together == "".join("".join(text.split()) for text in texts)
    assert all(len(passage.text) <= 2 * LARGEST_CHARACTERS for passage in passages)
