"""Customers taken over from another shop: many in few statements, nothing personal outside the vault."""

from bottega.kernel.address import Address
from bottega.shop.customers.actions import find_customers, insert_customer, insert_customers
from bottega.shop.customers.model import NewCustomer, NewGiftCard, NewInstrument
from bottega.shop.customers.queries import get_customer
from tests.shop.customers.people import HOME, WORKSHOP, register
from tests.shop.entries import entry
from tests.shop_fixtures import OWNER, Shop


async def test_a_customer_comes_with_addresses_instruments_and_gift_cards(shop: Shop) -> None:
    new = NewCustomer(
        name="Ada Marchetti",
        email="ada@example.com",
        addresses=(HOME, WORKSHOP),
        instruments=(
            NewInstrument("card", "imported", brand="visa", last_four="1234", source_id="credit_card_1"),
            NewInstrument("gift_card", "gift_card", source_id="gift_card_2", gift_card=NewGiftCard("EUR", 5_000)),
        ),
        gift_cards=(NewGiftCard("EUR", 700),),
        source="other-shop",
        source_id="ada_marchetti_1",
    )
    async with entry(shop) as work:
        inserted = await insert_customer(work, new)
    async with shop.application.database.read() as connection:
        read = await get_customer(connection, OWNER, inserted.id)
    assert (read.kind, read.name, read.email, read.phone) == ("account", "Ada Marchetti", "ada@example.com", None)
    assert {stored.id: (stored.address, stored.is_default) for stored in read.addresses} == {
        inserted.address_ids[0]: (HOME, True),
        inserted.address_ids[1]: (WORKSHOP, False),
    }
    assert {card.id: card.balance_minor for card in read.gift_cards} == {
        inserted.gift_card_ids[0]: 700,
        inserted.gift_card_ids[1]: 5_000,
    }
    assert {held.id: (held.last_four, held.gift_card_id) for held in read.instruments} == {
        inserted.instrument_ids[0]: ("1234", None),
        inserted.instrument_ids[1]: ("", inserted.gift_card_ids[1]),
    }


async def test_what_the_other_shop_called_them_is_found_again_but_not_written_down(shop: Shop) -> None:
    async with entry(shop) as work:
        inserted = await insert_customer(work, NewCustomer("Ada", source="other-shop", source_id="ada_marchetti_1"))
    key = shop.application.performer.lookup_key
    async with shop.application.database.read() as connection:
        found = await find_customers(connection, key, "other-shop", ["ada_marchetti_1", "nobody_2"])
        elsewhere = await find_customers(connection, key, "third-shop", ["ada_marchetti_1"])
    assert found == {"ada_marchetti_1": inserted.id}
    assert elsewhere == {}
    assert await shop.fetchval("SELECT count(*) FROM log.changes WHERE after::text ~* 'marchetti'") == 0


async def test_an_address_that_belongs_to_an_account_makes_a_guest(shop: Shop) -> None:
    await register(shop, "ada@example.com")
    async with entry(shop) as work:
        inserted = await insert_customers(
            work,
            [
                NewCustomer("Another Ada", email="ADA@example.com"),
                NewCustomer("Bea", email="bea@example.com"),
                NewCustomer("Bea again", email="Bea@example.com"),
            ],
        )
    assert [customer.kind for customer in inserted] == ["guest", "account", "guest"]


async def test_many_customers_take_few_statements(shop: Shop) -> None:
    new = [
        NewCustomer(
            f"Person {number}",
            email=f"person{number}@example.com",
            addresses=(Address(name=f"Person {number}", line1="Street 1", city="Roma", country="IT"),),
            instruments=(NewInstrument("card", "imported", gift_card=None),),
            gift_cards=(NewGiftCard("EUR", 100),),
            source="other-shop",
            source_id=f"person_{number}",
        )
        for number in range(500)
    ]
    statements: list[str] = []
    async with entry(shop) as work:
        with work.connection.query_logger(lambda record: statements.append(record.query)):
            inserted = await insert_customers(work, new)
    assert len(inserted) == 500
    assert len(set(inserted)) == 500
    assert await shop.fetchval("SELECT count(*) FROM shop.addresses WHERE is_default") == 500
    inserting = [statement for statement in statements if "INSERT INTO" in statement]
    assert len(inserting) == 7, inserting


async def test_nobody_at_all_is_no_statement_that_fails(shop: Shop) -> None:
    async with entry(shop) as work:
        assert await insert_customers(work, []) == []
