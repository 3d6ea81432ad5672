"""A shop whose log is sealed and read step by step."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bottega.actions.log.readers import ReaderRunner
from bottega.actions.log.sealer import Sealer
from bottega.bootstrap.background import signing_key
from bottega.platform.outgoing_http import OutgoingHttp
from bottega.shop.stock.actions import CreateLocation
from bottega.shop.webhooks.actions import CreateWebhookEndpoint, bind_secret
from bottega.shop.webhooks.delivery import deliver_due
from bottega.shop.webhooks.log_reader import log_readers
from tests.shop_fixtures import OWNER, Shop

SECRET = "whsec_test-secret"


@dataclass
class Following:
    """Seals, reads and delivers when a test says so, on a clock that it moves."""

    shop: Shop

    async def endpoint(self, url: str, *topics: str, secret: str = SECRET) -> str:
        """A new endpoint with a secret that the test knows; hears of everything after its own making."""

        async def bind(connection: Any) -> None:
            await bind_secret(connection, secret)

        action = CreateWebhookEndpoint(url=url, topics=topics or ("CreateLocation",))
        outcome = await self.shop.application.performer.perform(action, by=OWNER, alongside=bind)
        return outcome.unwrap()["endpoint_id"]

    async def happen(self, *handles: str) -> list[str]:
        """One entry for each handle: a location is made."""
        return [
            (await self.shop.done(CreateLocation(handle=handle, name=handle, priority=0)))["location_id"]
            for handle in handles
        ]

    async def seal_and_read(self) -> None:
        application = self.shop.application
        sealer = Sealer(application.database.dsn, signing_key(application), application.clock)
        await sealer.seal_all()
        await sealer.close()
        await ReaderRunner(application.database, log_readers(application), application.clock).read_all()

    async def deliver(self, endpoint_id: str, *, timeout_seconds: float = 5.0) -> None:
        http = OutgoingHttp(allow_private=True, timeout_seconds=timeout_seconds)
        await deliver_due(self.shop.application.performer, http, endpoint_id)

    def advance(self, seconds: float) -> None:
        clock: Any = self.shop.application.clock
        clock.advance(timedelta(seconds=seconds))

    async def deliveries(self) -> list[dict[str, Any]]:
        return await self.shop.fetch("SELECT * FROM platform.webhook_deliveries ORDER BY position")
