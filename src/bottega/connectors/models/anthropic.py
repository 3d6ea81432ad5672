"""Anthropic's Messages API."""

from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.settings import ModelSettings

from bottega.connectors.models.address import ModelAddress
from bottega.connectors.models.vendor_model import VendorModel
from bottega.connectors.models.wire import http_client


def open_model(address: ModelAddress) -> VendorModel:
    """A model at Anthropic, or at a server that speaks its format."""
    client = http_client()
    provider = AnthropicProvider(api_key=address.api_key or "", base_url=address.base_url, http_client=client)
    model = AnthropicModel(address.model, provider=provider)
    return VendorModel(address, model, settings=ModelSettings(max_retries=0), close=client.aclose)
