"""Postal addresses as Europeans write them."""

import pytest

from bottega.agents.assistant.language.slots.addresses import AddressParts, address, country, postcode


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "Via Roma 3, 38122 Trento, Italy",
            {"line1": "Via Roma 3", "postal_code": "38122", "city": "Trento", "country": "IT"},
        ),
        (
            "Hauptstraße 5 80331 München Germany",
            {"line1": "Hauptstraße 5", "postal_code": "80331", "city": "München", "country": "DE"},
        ),
        (
            "10 High Street, London SW1A 2AA, UK",
            {"line1": "10 High Street", "postal_code": "SW1A 2AA", "city": "London", "country": "GB"},
        ),
        (
            "12 rue de Lille\n75007 Paris\nFrance",
            {"line1": "12 rue de Lille", "postal_code": "75007", "city": "Paris", "country": "FR"},
        ),
        (
            "Anna Rossi\nVia delle Malghe 7\n38123 Trento (TN)\nItaly",
            {
                "name": "Anna Rossi",
                "line1": "Via delle Malghe 7",
                "postal_code": "38123",
                "city": "Trento",
                "region": "TN",
                "country": "IT",
            },
        ),
        (
            "please send it to my office: Keizersgracht 12, 1015 CX Amsterdam, Netherlands",
            {"line1": "Keizersgracht 12", "postal_code": "1015 CX", "city": "Amsterdam", "country": "NL"},
        ),
        (
            "Marco Bianchi, Via Verdi, 12, I-20121 Milano",
            {
                "name": "Marco Bianchi",
                "line1": "Via Verdi 12",
                "postal_code": "20121",
                "city": "Milano",
                "country": "IT",
            },
        ),
        (
            "Lena Hoffmann, Bahnhofstr. 7, Apt 3, CH-8001 Zürich",
            {
                "name": "Lena Hoffmann",
                "line1": "Bahnhofstr. 7",
                "line2": "Apt 3",
                "postal_code": "8001",
                "city": "Zürich",
                "country": "CH",
            },
        ),
        (
            "My new address is Calle Mayor 4, 2B, 28013 Madrid, Spain",
            {"line1": "Calle Mayor 4", "line2": "2B", "postal_code": "28013", "city": "Madrid", "country": "ES"},
        ),
        (
            "change it to Piazza Duomo 1, 38122 Trento",
            {"line1": "Piazza Duomo 1", "postal_code": "38122", "city": "Trento"},
        ),
        (
            "ul. Długa 5, 00-238 Warszawa, Poland",
            {"line1": "ul. Długa 5", "postal_code": "00-238", "city": "Warszawa", "country": "PL"},
        ),
        (
            "Via Roma 3 Trento 38122 Italy",
            {"line1": "Via Roma 3", "postal_code": "38122", "city": "Trento", "country": "IT"},
        ),
        ("5 High Street, Leeds", {"line1": "5 High Street", "city": "Leeds"}),
        ("A-6020 Innsbruck", {"postal_code": "6020", "city": "Innsbruck", "country": "AT"}),
        ("cancel my order please", {}),
        ("two tents", {}),
    ],
)
def test_addresses(text: str, parts: dict[str, str]) -> None:
    assert address(text).as_record() == parts


def test_what_is_missing_is_named_in_the_order_of_asking() -> None:
    assert address("5 High Street, Leeds").missing == ("postal_code", "country", "name")
    assert address("Via Roma 3, 38122 Trento").missing == ("country", "name")
    assert AddressParts().is_empty


def test_a_default_country_is_taken_where_the_postcode_fits() -> None:
    assert address("Via Roma 3, 38122 Trento", default_country="IT").country == "IT"
    assert address("Keizersgracht 12, 1015 CX Amsterdam", default_country="IT").country == "NL"


def test_what_was_said_before_completes_an_address() -> None:
    said = address("Via Roma 3, 38122 Trento").completed(AddressParts(name="Anna Rossi", country="IT", city="Rovereto"))
    assert said == AddressParts(name="Anna Rossi", line1="Via Roma 3", postal_code="38122", city="Trento", country="IT")


def test_countries_and_postcodes() -> None:
    assert country("do you deliver to the Netherlands?") == "NL"
    assert country("I live in DE") == "DE"
    assert country("I live in a village") is None
    assert postcode("my postcode is 38122") == "38122"
    assert postcode("it is 1015 cx", "NL") == "1015 CX"
    assert postcode("it is nice", "NL") is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("check out as guest, deliver to Ada Prova, Via Roma 1, 38122 Trento, Italy", "Ada Prova"),
        ("check out, standard, Ada Prova, Via Roma 1, 38122 Trento, Italy", "Ada Prova"),
        ("ada prova, via Roma 1, 38122 Trento, Italy", "ada prova"),
        ("check out, Via Roma 1, 38122 Trento, Italy", ""),
        ("it goes to Maria de Luca, Via Roma 1, 38122 Trento, Italy", "Maria de Luca"),
    ],
)
def test_words_before_a_street_are_a_name_only_when_they_are_one(text: str, name: str) -> None:
    parts = address(text)
    assert (parts.name, parts.line1.lower(), parts.postal_code) == (name, "via roma 1", "38122")
