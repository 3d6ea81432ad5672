"""Yes and no: anything doubtful is neither."""

import pytest

from bottega.agents.assistant.language.slots.answers import answer, is_plain_yes


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "Yes please!",
        "yes, go ahead",
        "OK",
        "okay great, thanks",
        "yep, that's right",
        "YES PLEASE DO IT",
        "please do",
        "y",
        "sounds good",
        "Sure.",
        "go ahead and confirm",
        "👍",
    ],
)
def test_a_plain_yes(text: str) -> None:
    assert answer(text) == "yes"
    assert is_plain_yes(text)


@pytest.mark.parametrize(
    "text",
    ["no", "No thanks.", "nope", "no, keep it", "rather not", "not now", "never mind", "no way!", "please don't"],
)
def test_a_plain_no(text: str) -> None:
    assert answer(text) == "no"


@pytest.mark.parametrize(
    "text",
    [
        "yes but in blue",
        "yes, if it is free",
        "yes?",
        "yes no",
        "no problem",
        "sure, why not",
        "not sure",
        "yes, and send it to my office",
        "ok what does it cost",
        "cancel it",
        "I said yes to the other one",
        "yes please change the address first",
        "maybe",
        "",
        "   ",
        "yes " * 20,
    ],
)
def test_what_says_more_is_neither(text: str) -> None:
    assert answer(text) is None
    assert not is_plain_yes(text)


def test_a_question_may_have_a_yes_of_its_own() -> None:
    assert answer("cancel it please", also_yes=["cancel it"]) == "yes"
    assert answer("cancel it please", also_yes=["pay it"]) is None
    assert answer("don't cancel it", also_yes=["cancel it"]) is None
