"""OpenAI's chat completions, and every server that speaks them: Ollama, vLLM, Ray Serve, gateways."""

from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.settings import ModelSettings

from bottega.connectors.models.address import ModelAddress
from bottega.connectors.models.vendor_model import VendorModel
from bottega.connectors.models.wire import http_client
from bottega.kernel.errors import Invalid

# What a server without keys is sent, because the package insists on one.
NO_KEY = "none"
_ONCE = ModelSettings(max_retries=0)
# A stream that ends without a finish reason was cut off.
_ENDS_WITH_A_REASON = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)


def open_model(address: ModelAddress) -> VendorModel:
    """A model at OpenAI."""
    client = http_client()
    provider = OpenAIProvider(base_url=address.base_url, api_key=address.api_key or NO_KEY, http_client=client)
    model = OpenAIChatModel(address.model, provider=provider, profile=_ENDS_WITH_A_REASON)
    return VendorModel(address, model, settings=_ONCE, close=client.aclose)


def open_compatible_model(address: ModelAddress) -> VendorModel:
    """A model at any other server that speaks OpenAI's format, by its address."""
    if address.base_url is None:
        raise Invalid(
            "model_address_missing",
            f"The model '{address.name}' needs the address of its server.",
            next_step="Set base_url, for example http://127.0.0.1:11434/v1 for Ollama.",
        )
    client = http_client()
    # The name goes with replies kept for the next request, so that another server does not get this one's notes.
    provider = OpenAICompatibleProvider(
        f"{address.name}@{address.base_url}",
        base_url=address.base_url,
        api_key=address.api_key or NO_KEY,
        http_client=client,
    )
    profile = OpenAIModelProfile(
        openai_chat_streaming_requires_finish_reason=True,
        # The older of the two names is the one that all of them know.
        openai_chat_supports_max_completion_tokens=False,
    )
    model = OpenAIChatModel(address.model, provider=provider, profile=profile)
    return VendorModel(address, model, settings=_ONCE, close=client.aclose)
