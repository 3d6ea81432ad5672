"""`chat`: buy something by talking, with no model and no key."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from bottega.agents.assistant.purchase import Buyer, Conversation
from bottega.bootstrap.background import catch_up, working
from bottega.cli.context import open_application
from bottega.cli.refusals import shown
from bottega.kernel.address import Address
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import new_id

ENDINGS = frozenset({"bye", "quit", "exit", "goodbye"})


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("chat")(chat)


def chat(
    email: Annotated[str, typer.Option(help="Where the confirmation goes.")] = "guest@example.com",
    name: Annotated[str, typer.Option(help="Who receives the parcel.")] = "A Guest",
    line1: Annotated[str, typer.Option(help="Street and number.")] = "Via Roma 1",
    postal_code: Annotated[str, typer.Option(help="Postal code.")] = "38122",
    city: Annotated[str, typer.Option(help="Town.")] = "Trento",
    country: Annotated[str, typer.Option(help="Country, two letters.")] = "IT",
    card: Annotated[str, typer.Option(help="The sandbox's test card that pays.")] = "sandbox_card_success",
) -> None:
    """Talk with the shop: say what you look for ("a warm jacket under 150 euro"), yes, yes; "bye" ends it.

    Rules answer, not a model. The sandbox takes the payment, so this is for trying the shop out.
    """
    with shown():
        address = Address(name=name, line1=line1, postal_code=postal_code, city=city, country=country)
        buyer = Buyer(new_id("cus"), "guest", email, address, "sandbox", card)
        asyncio.run(_talk(buyer))


async def _talk(buyer: Buyer) -> None:
    console = Console()
    async with open_application() as application, working(application):
        await catch_up(application)
        if application.settings.mode == "production":
            raise Invalid("no_sandbox", "This pays with the sandbox, which production does not have.")
        conversation = Conversation(
            application.performer, application.effects, buyer, lambda text: console.print(f"[bold]shop[/bold]  {text}")
        )
        console.print("[bold]shop[/bold]  Hello! What are you looking for?")
        while True:
            try:
                sentence = await asyncio.to_thread(console.input, "you   ")
            except (EOFError, KeyboardInterrupt):
                return
            if sentence.strip().lower() in ENDINGS:
                console.print("[bold]shop[/bold]  Goodbye!")
                return
            if sentence.strip():
                await conversation.hear(sentence)
