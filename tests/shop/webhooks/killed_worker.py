"""A worker process for the test that kills it: seals, reads and delivers until it is ended."""

import asyncio
import sys
from pathlib import Path

from bottega.bootstrap import open_application
from bottega.bootstrap.background import run_background
from tests.shop_fixtures import settings_for


async def main(database_url: str, directory: str) -> None:
    settings = settings_for(database_url, Path(directory), webhooks_allow_private=True)
    async with open_application(settings) as application:
        await run_background(application, asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
