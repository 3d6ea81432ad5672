"""A shop that takes its payments through Stripe: localstripe behind the fault proxy."""

from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest

from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.stripe_fixtures import fault_proxy, localstripe_url
from tests.gateway.stripe.stripe_shop import API_KEY, WEBHOOK_SECRET, StripeShop
from tests.shop_fixtures import open_shop

__all__ = ["fault_proxy", "localstripe_url"]


@pytest.fixture
async def stripe_shop(
    database_url: str, tmp_path: Path, fault_proxy: FaultProxy, localstripe_url: str
) -> AsyncGenerator[StripeShop]:
    settings = {
        "payment_gateway": "stripe",
        "stripe_api_key": API_KEY,
        "stripe_webhook_secret": WEBHOOK_SECRET,
        "stripe_base_url": fault_proxy.url,
    }
    async with (
        open_shop(database_url, tmp_path, **settings) as shop,
        httpx.AsyncClient(base_url=localstripe_url, auth=(API_KEY, "")) as browser,
    ):
        registration = {"url": fault_proxy.webhook_url, "secret": WEBHOOK_SECRET}
        (await browser.post("/_config/webhooks/tests", data=registration)).raise_for_status()
        yield StripeShop(shop, fault_proxy, browser)
