"""E-mail addresses, telephone numbers, codes and names."""

import pytest

from bottega.agents.assistant.language.slots.contact import code, emails, name, phone, recipient_in


def test_emails() -> None:
    assert emails("it's Anna.Rossi@example.com.") == ("Anna.Rossi@example.com",)
    assert emails("a@x.co.uk or b@y.it, a@x.co.uk") == ("a@x.co.uk", "b@y.it")
    assert emails("my mail is anna dot rossi at example dot com") == ("anna.rossi@example.com",)
    assert emails("look at this.") == ()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("call me on +39 333 1234567", "+39 333 1234567"),
        ("(0039) 333/1234567", "(0039) 333/1234567"),
        ("order B-10133", None),
        ("12345", None),
    ],
)
def test_phones(text: str, number: str | None) -> None:
    assert phone(text) == number


def test_codes() -> None:
    assert code("the code is 482913") == "482913"
    assert code("482 913") == "482913"
    assert code("B-10133") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My name is Anna Rossi", "Anna Rossi"),
        ("I'm Marco", "Marco"),
        ("call me marco please", "Marco"),
        ("this is Emma, and I need help", "Emma"),
        ("it's Anna van der Berg", "Anna van der Berg"),
        ("Giulia D'Angelo", "Giulia D'Angelo"),
        ("anna", None),
        ("I am looking for a tent", None),
        ("I'm vegan", None),
        ("Yes", None),
    ],
)
def test_names(text: str, found: str | None) -> None:
    assert name(text) == found


@pytest.mark.parametrize(
    ("text", "recipient"),
    [
        ("the name is Ada Prova, not 'deliver to Ada Prova'", "Ada Prova"),
        ("yes but change the name please: Ada Prova", "Ada Prova"),
        ("please put Ada Maria Prova as the name", "Ada Maria Prova"),
        ("it is for Ada Prova", "Ada Prova"),
        ("it is for Ada", None),
        ("what is the name of it?", None),
        ("yes please", None),
    ],
)
def test_for_whom_a_parcel_is(text: str, recipient: str | None) -> None:
    assert recipient_in(text) == recipient
