"""An uploaded picture of a product: its bytes are kept in the transaction of the action that shows it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from bottega.actions.outcome import Held, Outcome
from bottega.platform.database.pool import Connection, Database
from bottega.platform.pictures.parts import Picture
from bottega.platform.pictures.reading import picture_of
from bottega.platform.pictures.store import address_of, keep
from bottega.shop.catalogue.model import NewMedia


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that was sent; `medium` is what `AddMedia` takes, and `keep` is what is done alongside."""

    picture: Picture
    medium: NewMedia
    now: datetime

    async def keep(self, connection: Connection) -> None:
        """Keeps the bytes. The log has their address, which is their digest."""
        await keep(connection, self.picture, self.now)

    async def keep_for_decision(self, database: Database, outcome: Outcome) -> None:
        """Of a held action too: whoever decides wants to see it. Of a refused one nothing is left behind."""
        if isinstance(outcome, Held):
            async with database.write() as connection:
                await self.keep(connection)


async def taken_in(data: bytes, alt: str, now: datetime) -> Upload:
    """The picture out of a file; raises `BadPicture`."""
    picture = await asyncio.to_thread(picture_of, data)
    return Upload(picture, NewMedia(url=address_of(picture), alt=alt), now)
