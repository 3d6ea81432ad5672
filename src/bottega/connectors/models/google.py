"""Google's Gemini API."""

from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google import GoogleProvider

from bottega.connectors.models.address import ModelAddress
from bottega.connectors.models.vendor_model import VendorModel
from bottega.connectors.models.wire import http_client


def open_model(address: ModelAddress) -> VendorModel:
    """A model at Google. The package tries once when no retry options are given."""
    client = http_client()
    provider = GoogleProvider(api_key=address.api_key or "", base_url=address.base_url, http_client=client)

    async def close() -> None:
        await provider.client.aio.aclose()
        provider.client.close()
        # Ours, which the package leaves to us.
        await client.aclose()

    return VendorModel(address, GoogleModel(address.model, provider=provider), close=close)
