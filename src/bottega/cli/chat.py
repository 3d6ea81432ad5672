"""`chat`: talk with the shop's assistant in the terminal, or say one thing and get one object back."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console

from bottega.actions.actor import Actor
from bottega.agents.assistant.role import NAME
from bottega.agents.chat.feed import Feed
from bottega.agents.chat.replies import ChatReply, chat_reply
from bottega.agents.chat.service import Chat, Said, new_session_id
from bottega.bootstrap import Application
from bottega.bootstrap.background import catch_up, working
from bottega.cli.context import open_application
from bottega.cli.refusals import shown
from bottega.kernel.errors import NotFound, Refusal
from bottega.kernel.identifiers import new_id
from bottega.kernel.money import format_amount
from bottega.runtime.evidence import Json
from bottega.runtime.run import Run
from bottega.shop.customers.queries import find_account
from bottega.shop.flows.pay_order import PayOrder
from bottega.shop.flows.refresh_search import embed

ENDINGS = frozenset({"bye", "quit", "exit", "goodbye"})
TEST_CARD = "sandbox_card_success"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("chat")(chat)


def chat(
    text: Annotated[str | None, typer.Argument(help="What to say; without it, the conversation is typed.")] = None,
    session: Annotated[str | None, typer.Option(help="The conversation to go on with, or a new one's name.")] = None,
    customer: Annotated[str | None, typer.Option("--as", help="E-mail address of the account that talks.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")] = False,
) -> None:
    """Talk with the shop: say what you look for ("a warm jacket under 150 euro"); "bye" ends it.

    Without --as a guest talks. In development an order can be paid with the sandbox's test card right here.
    """
    with shown():
        asyncio.run(_talk(text, session, customer, as_json=as_json))


async def _talk(text: str | None, session: str | None, customer: str | None, *, as_json: bool) -> None:
    async with open_application() as application:
        await catch_up(application)
        await application.knowledge.ingest_all()
        await embed(application, {})
        terminal = Terminal(application, session or new_session_id(), await _caller(application, session, customer))
        if text is not None or as_json:
            spoken = text if text is not None else await asyncio.to_thread(input)
            reply = await terminal.say(spoken)
            await application.effects.drive_due()
            if as_json:
                print(reply.model_dump_json(indent=None))
            else:
                terminal.show(reply)
            return
        async with working(application):
            await terminal.converse()


class Terminal:
    """One conversation, as it is typed and read."""

    def __init__(self, application: Application, session: str, caller: Actor) -> None:
        self._application = application
        self._session = session
        self._caller = caller
        self._console = Console(highlight=False)
        self._chat = Chat(application.agents.started, application.performer, Feed(application.database), NAME)

    async def say(self, text: str, listener: "Terminal | None" = None) -> ChatReply:
        """One message and its answer."""
        turn = await self._chat.say(self._session, self._caller, Said(text, new_id("msg")), listener)
        return chat_reply(turn)

    async def converse(self) -> None:
        """Until one says goodbye."""
        self._console.print("[bold]shop[/bold]  Hello! What are you looking for?")
        while True:
            try:
                sentence = await asyncio.to_thread(self._console.input, "you   ")
            except (EOFError, KeyboardInterrupt):
                return
            if sentence.strip().lower().rstrip("!.") in ENDINGS:
                self._console.print("[bold]shop[/bold]  Goodbye!")
                return
            if not sentence.strip():
                continue
            try:
                reply = await self.say(sentence, self)
            except Refusal as refusal:
                self._console.print(f"[bold]shop[/bold]  {refusal}", markup=True)
                continue
            self.show(reply)
            await self._offer_to_pay(reply)

    async def on_event(self, run: Run, kind: str, data: Mapping[str, Json]) -> None:
        """Says what is being done while it is."""
        if kind == "tool_call":
            self._console.print(f"      [dim]… {data['tool']} ({run.role})[/dim]")

    def show(self, reply: ChatReply) -> None:
        """The reply with what is shown beside it."""
        if reply.state != "answered":
            told = "A colleague will answer." if reply.state == "with_person" else "This takes longer; ask again soon."
            self._console.print(f"[bold]shop[/bold]  {told}")
            return
        self._console.print("[bold]shop[/bold]  ", end="")
        self._console.print(reply.reply, markup=False)
        for place, card in enumerate(reply.cards, 1):
            price = f"{format_amount(card.price.amount_minor, card.price.currency)} {card.price.currency}"
            self._console.print(f"      {place}. {card.title}, from {price}", markup=False)
        for cited in reply.citations:
            self._console.print(
                f"      see {cited.title or cited.document}: {cited.section}", markup=False, style="dim"
            )
        if reply.choices:
            self._console.print(f"      ({' / '.join(reply.choices)})", markup=False)
        if reply.payment_page:
            self._console.print(f"      pay here: {reply.payment_page}", markup=False, soft_wrap=True)

    async def _offer_to_pay(self, reply: ChatReply) -> None:
        """In development nobody has a browser at hand: the sandbox's test card pays, as on the payment page."""
        due = next((order for order in reply.orders if order.payment_page), None)
        if due is None or self._application.settings.mode == "production":
            return
        answer = await asyncio.to_thread(
            self._console.input, "      Pay it now with the sandbox's test card? (yes/no) "
        )
        if answer.strip().lower() not in ("y", "yes"):
            return
        session = await self._chat.look(self._session, self._caller)
        payer = Actor("customer", session.principal.customer_id or self._caller.id, self._caller.role)
        pay = PayOrder(order_id=due.id, method="card", gateway="sandbox", token=TEST_CARD)
        outcome = await self._application.performer.perform(pay, by=payer, key=f"terminal:{due.id}")
        outcome.unwrap()
        await self._application.effects.drive_all_claimed(outcome)
        async with self._application.database.read() as connection:
            status = await connection.fetchval("SELECT payment_status FROM shop.orders WHERE id = $1", due.id)
        self._console.print(f"      [green]order {due.number} is {status}[/green]")


async def _caller(application: Application, session: str | None, customer: str | None) -> Actor:
    """The account of an e-mail address, whoever began the conversation, or a new guest.

    Whoever runs commands on the shop's own machine may be anybody, as with `bottega api`.
    """
    async with application.database.read() as connection:
        if customer is not None:
            account = await find_account(connection, application.performer.lookup_key, customer)
            if account is None:
                raise NotFound("no_such_account", f"No account has {customer}.", next_step="Check the address.")
            return Actor("customer", account, "customer")
        known: Any = None
        if session is not None:
            known = await connection.fetchrow(
                "SELECT s.principal_id, c.kind FROM runtime.sessions s "
                "LEFT JOIN shop.customers c ON c.id = s.principal_id WHERE s.id = $1",
                session,
            )
    if known is None:
        return Actor("customer", new_id("cus"), "guest")
    return Actor("customer", known["principal_id"], "customer" if known["kind"] == "account" else "guest")
