"""What the gateway works with, handed in by bootstrap."""

from dataclasses import dataclass, field

from bottega.actions.effects import EffectDriver
from bottega.actions.perform import Performer
from bottega.actions.policy.engine import PolicyBook
from bottega.gateway.client_address import Network
from bottega.gateway.known_guests import KnownGuests
from bottega.gateway.rate_limits import RateLimits
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Database
from bottega.ports.services import Services
from bottega.shop.catalogue.search import ProductSearch


@dataclass(frozen=True, slots=True)
class GatewayContext:
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
    rate_limits: RateLimits
    product_search: ProductSearch
    trusted_proxies: tuple[Network, ...] = ()
    known_guests: KnownGuests = field(default_factory=KnownGuests)
