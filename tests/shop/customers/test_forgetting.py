"""Forgetting a customer: their strings are nowhere afterwards, the books stay, the log verifies."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bottega.actions.actor import Actor, system
from bottega.actions.log.export import export_log
from bottega.actions.log.sealer import Sealer
from bottega.actions.log.verify import verify_log
from bottega.actions.log.verify_export import verify_export
from bottega.actions.outcome import Denied, Failed, Held
from bottega.bootstrap.background import signing_key
from bottega.kernel.address import Address
from bottega.kernel.identifiers import new_id
from bottega.shop.customers.actions import AddAddress, AddInstrument, ChangeProfile
from bottega.shop.flows.forget_customer import ForgetCustomer
from bottega.shop.flows.sign_in import SendCode
from bottega.shop.orders.actions import AddOrderNote
from bottega.shop.support.actions import AnswerTicket
from tests.gateway.checkout import Buyer, open_counter
from tests.gateway.people import Person, mails_to, register, sign_in
from tests.shop.customers.people import customer
from tests.shop.entries import entry
from tests.shop_fixtures import MANAGER, OWNER, SUPPORT, Shop

EMAIL = "Zenobia.Quill@example.org"
HOME = Address(
    name="Zenobia Quillfeather",
    line1="Larkspur Terrace 77",
    city="Obscureham",
    postal_code="ZQ7 7QZ",
    country="IT",
    phone="+39 0461 7070707",
)
STRINGS = (
    "zenobia",
    "quill",
    "larkspur",
    "obscureham",
    "zq7 7qz",
    "7070707",
    "8181818",
    "whistling kettle",
    "purple tent pegs",
    "leave it with the lighthouse keeper",
    "adelaide",
)


@dataclass(frozen=True)
class Traces:
    """A customer who left something personal everywhere."""

    person: Person
    order_id: str


async def live_a_little(shop: Shop) -> Traces:
    """Registers, orders, pays, writes a ticket and a review, is written about, and waits for mail and an approval."""
    counter = await open_counter(shop)
    buyer = await Buyer.arrive(shop, counter)
    made = await shop.client.post(
        "/api/customers",
        json={
            "email": EMAIL,
            "name": "Zenobia Quillfeather",
            "password": "purple tent pegs 1",
            "phone": "0461 8181818",
        },
        headers=buyer.headers,
    )
    assert made.status_code == 201, made.text
    person = Person(made.json()["subject_id"], EMAIL, {"Authorization": f"Bearer {made.json()['token']}"})
    ours = customer(person.customer_id)
    await shop.done(AddAddress(customer_id=ours.id, address=HOME), by=ours)
    await shop.done(
        AddInstrument(
            customer_id=ours.id, kind="card", gateway="sandbox", token="sandbox_card_success", last_four="4242"
        ),
        by=ours,
    )
    buyer = Buyer(shop, counter, person.headers)
    order_id = (await buyer.order())["order_id"]
    await buyer.pay(order_id)
    await shop.done(AddOrderNote(order_id=order_id, text="Leave it with the lighthouse keeper"), by=SUPPORT)
    await write_texts(shop, buyer, order_id)
    agent = Actor("agent", "agt_1", "support")
    held = await shop.perform(ChangeProfile(customer_id=ours.id, name="Adelaide Quillfeather"), by=agent, key="held")
    assert isinstance(held, Held), held
    await shop.client.post("/api/sign-in/codes", json={"email": EMAIL})
    assert len(await mails_to(shop, EMAIL)) >= 1
    await sign_in(shop, EMAIL, password="wrong password")
    await shop.done(SendCode(subject_id=ours.id, purpose="sign_in"), by=system("sign_in"))
    return Traces(person, order_id)


async def write_texts(shop: Shop, buyer: Buyer, order_id: str) -> None:
    """A ticket with answers, one of them kept under the colleague's name as an earlier version did, and a review."""
    product_id = (await buyer.read(order_id))["lines"][0]["product_id"]
    opened = {"subject": "A whistling kettle", "text": "It whistles. Zenobia", "order_id": order_id}
    ticket_id = (await buyer.call("POST", "/api/tickets", opened))["ticket_id"]
    await shop.done(AnswerTicket(ticket_id=ticket_id, text="Dear Zenobia, which one?"), by=SUPPORT)
    await shop.done(AnswerTicket(ticket_id=ticket_id, text="Ms Quill is angry", internal=True), by=SUPPORT)
    review = {
        "rating": 5,
        "title": "Purple tent pegs!",
        "text": "My whistling kettle says hello",
        "author": "Zenobia Q.",
    }
    await buyer.call("POST", f"/api/products/{product_id}/reviews", review)
    async with entry(shop, SUPPORT) as work:
        await work.connection.execute(
            "INSERT INTO shop.ticket_messages (id, ticket_id, author_kind, author_id, text_ref, created_at) "
            "VALUES ($1, $2, 'staff', $3, $4, $5)",
            new_id("msg"),
            ticket_id,
            SUPPORT.id,
            await work.keep(SUPPORT.id, "message", "Dear Zenobia, about the purple tent pegs"),
            work.now,
        )


async def occurrences(shop: Shop, strings: Iterable[str]) -> list[tuple[str, str]]:
    """Which of the strings stand in which table, of every table of every schema of ours."""
    tables = await shop.fetch(
        "SELECT table_schema || '.' || table_name AS name, format('%I.%I', table_schema, table_name) AS spelt "
        "FROM information_schema.tables "
        "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'"
    )
    assert len(tables) > 50
    found: list[tuple[str, str]] = []
    for table in tables:
        rows = await shop.fetch(f"SELECT lower(t::text) AS text FROM {table['spelt']} AS t")
        text = "\n".join(row["text"] for row in rows)
        # Bytes are shown as hexadecimal digits, in which a string would hide.
        found.extend((table["name"], string) for string in strings if string in text or string.encode().hex() in text)
    return found


async def test_nothing_of_the_person_is_left_and_the_log_verifies(shop: Shop, tmp_path: Path) -> None:
    traces = await live_a_little(shop)
    before = {table for table, _ in await occurrences(shop, STRINGS)}
    assert before == {"vault.values", "platform.outbox_mail"}, before

    forgotten = await shop.client.post(
        f"/api/customers/{traces.person.customer_id}/forgetting", headers=traces.person.headers
    )

    assert forgotten.status_code == 200, forgotten.text
    assert forgotten.json()["values_deleted"] == 15
    assert forgotten.json()["mail_cancelled"] >= 1
    assert forgotten.json()["approvals_cleared"] == 1
    assert await occurrences(shop, STRINGS) == []
    await assert_log_is_whole_without(shop, tmp_path, STRINGS)


async def assert_log_is_whole_without(shop: Shop, directory: Path, strings: Iterable[str]) -> None:
    """The chain verifies, and so does an export, in which none of the strings stands."""
    application = shop.application
    key = signing_key(application)
    sealer = Sealer(application.database.dsn, key, application.clock)
    await sealer.seal_all()
    await sealer.close()
    verified = await verify_log(application.database, key.public_keys)
    assert verified.findings == ()
    assert verified.unsealed == 0
    path = directory / "log.jsonl"
    await export_log(application.database, path, key, application.clock)
    text = path.read_text().lower()
    assert [string for string in strings if string in text or string.encode().hex() in text] == []
    assert verify_export(path, public_keys=key.public_keys).finding is None


async def test_the_books_stay(shop: Shop) -> None:
    traces = await live_a_little(shop)
    ledger = await shop.fetch("SELECT * FROM shop.ledger_postings ORDER BY transaction_id, line")
    total = await shop.fetchval("SELECT total_minor FROM shop.orders WHERE id = $1", traces.order_id)
    await shop.done(ForgetCustomer(customer_id=traces.person.customer_id))
    assert await shop.fetch("SELECT * FROM shop.ledger_postings ORDER BY transaction_id, line") == ledger
    order = (await shop.fetch("SELECT * FROM shop.orders WHERE id = $1", traces.order_id))[0]
    assert order["total_minor"] == total
    assert (order["email_ref"], order["shipping_address_ref"], order["billing_address_ref"]) == (None, None, None)
    assert (order["status"], order["hold_reason"]) == ("held", "customer_forgotten")
    seen = await shop.client.get(f"/api/orders/{traces.order_id}", headers=await shop.staff_headers("owner"))
    assert seen.status_code == 200
    assert (seen.json()["email"], seen.json()["shipping_address"]) == (None, None)
    shown = await shop.client.get(
        f"/api/customers/{traces.person.customer_id}", headers=await shop.staff_headers("owner")
    )
    assert (shown.json()["email"], shown.json()["name"], shown.json()["addresses"]) == (None, None, [])
    assert shown.json()["forgotten_at"] is not None


async def test_access_ends_at_once_and_the_address_is_free_again(shop: Shop) -> None:
    person = await register(shop)
    await shop.done(ForgetCustomer(customer_id=person.customer_id))
    assert (await shop.client.get("/api/account", headers=person.headers)).status_code == 401
    assert (await sign_in(shop)).status_code == 401
    for table in ("sessions", "credentials", "one_time_codes"):
        assert await shop.fetchval(f"SELECT count(*) FROM platform.{table}") == 0
    assert (await register(shop)).customer_id != person.customer_id


async def test_what_waited_to_be_approved_cannot_be_granted_any_more(shop: Shop) -> None:
    traces = await live_a_little(shop)
    await shop.done(ForgetCustomer(customer_id=traces.person.customer_id))
    approval = (await shop.fetch("SELECT state, held_ref, evidence, reason FROM log.approvals"))[0]
    assert approval == {"state": "denied", "held_ref": None, "evidence": [], "reason": "The customer was forgotten."}
    kinds = await shop.fetch("SELECT DISTINCT state FROM log.effects WHERE kind LIKE 'mail.%' AND state <> 'confirmed'")
    assert [row["state"] for row in kinds] == ["cancelled"]


async def test_only_the_owner_and_the_customer_themself_may(shop: Shop) -> None:
    ada = await register(shop)
    bea = await register(shop, "bea@example.com")
    before = await shop.fetch("SELECT * FROM shop.customers ORDER BY id")
    for actor in (MANAGER, SUPPORT):
        assert isinstance(await shop.perform(ForgetCustomer(customer_id=ada.customer_id), by=actor), Denied)
    by_bea = await shop.perform(ForgetCustomer(customer_id=ada.customer_id), by=customer(bea.customer_id))
    assert isinstance(by_bea, Failed)
    assert by_bea.refusal.code == "no_such_customer"
    assert await shop.fetch("SELECT * FROM shop.customers ORDER BY id") == before
    await shop.done(ForgetCustomer(customer_id=ada.customer_id), by=OWNER)
    again = await shop.perform(ForgetCustomer(customer_id=ada.customer_id), by=OWNER)
    assert isinstance(again, Failed)
    assert again.refusal.code == "customer_forgotten"


async def test_a_guest_who_only_filled_a_cart_can_be_forgotten(shop: Shop) -> None:
    counter = await open_counter(shop)
    buyer = await Buyer.arrive(shop, counter)
    cart = (await buyer.call("POST", "/api/carts", {}))["cart_id"]
    contact = {"email": EMAIL, "shipping_address": HOME.model_dump()}
    await buyer.call("PUT", f"/api/carts/{cart}/contact", contact)
    guest_id = await shop.fetchval("SELECT customer_id FROM shop.carts WHERE id = $1", cart)
    assert await occurrences(shop, STRINGS) != []
    await buyer.call("POST", f"/api/customers/{guest_id}/forgetting", status=200)
    assert await occurrences(shop, STRINGS) == []
    assert (await shop.client.get(f"/api/carts/{cart}", headers=buyer.headers)).status_code == 401
