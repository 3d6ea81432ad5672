"""How a command gets at the application, and how it shows refusals."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bottega import bootstrap
from bottega.bootstrap import Application
from bottega.settings import load_settings


@asynccontextmanager
async def open_application() -> AsyncGenerator[Application]:
    """The application as the environment's settings describe it."""
    async with bootstrap.open_application(load_settings()) as application:
        yield application
