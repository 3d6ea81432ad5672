"""What a serving process works with, handed in by bootstrap."""

from dataclasses import dataclass, field

from bottega.actions.effects import EffectDriver
from bottega.actions.perform import Performer
from bottega.actions.policy.engine import PolicyBook
from bottega.agents.chat.service import Chat, Desk
from bottega.agents.tools.payment_page import PaymentPages
from bottega.entrance.back_office import BackOffice
from bottega.entrance.client_address import Network
from bottega.entrance.known_guests import KnownGuests
from bottega.entrance.rate_limits import RateLimits
from bottega.kernel.errors import Unavailable
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Database
from bottega.ports.services import Services
from bottega.shop.catalogue.search_notes import SearchNotes


@dataclass(frozen=True, slots=True)
class ServingContext:
    """One per web process; stored as `app.state.context`."""

    database: Database
    performer: Performer
    effects: EffectDriver
    services: Services
    policy: PolicyBook
    clock: Clock
    token_key: bytes = field(repr=False)
    public_url: str
    production: bool
    card_gateway: str
    publishable_key: str
    rate_limits: RateLimits
    search_notes: SearchNotes
    trusted_proxies: tuple[Network, ...] = ()
    known_guests: KnownGuests = field(default_factory=KnownGuests)
    chat: Chat | None = None
    desk: Desk | None = None
    event_stream_seconds: float = 600
    pages: PaymentPages | None = None
    back_office: BackOffice | None = None


def chat_of(context: ServingContext) -> Chat:
    """Conversations, as customers have them; `Unavailable` in a process without agents."""
    if context.chat is None:
        raise _no_agents()
    return context.chat


def desk_of(context: ServingContext) -> Desk:
    """Conversations, as colleagues see them."""
    if context.desk is None:
        raise _no_agents()
    return context.desk


def back_office_of(context: ServingContext) -> BackOffice:
    """What pages for staff work with; `Unavailable` in a process without it."""
    if context.back_office is None:
        raise Unavailable("no_back_office", "This process has no back office.", next_step="Ask one that has.")
    return context.back_office


def _no_agents() -> Unavailable:
    return Unavailable("no_agents", "This process runs no agents.", next_step="Ask one that does.")
