"""Where one model of the settings is reached, and with what."""

from dataclasses import dataclass, field
from typing import Literal

from bottega.ports.chat_model import CallLimits, ModelCapabilities

# How a reply of a given schema is asked for: the vendor's own JSON mode, a tool that has to be called, or words.
StructuredBy = Literal["native", "tool", "prompt"]


@dataclass(frozen=True, slots=True)
class ModelAddress:
    """One model at one vendor. `name` is ours, `model` the vendor's; `base_url` None is the vendor's public address.

    `region` is for Bedrock alone. `api_key` None: the vendor's own environment (AWS), or a server that asks for none.
    """

    name: str
    model: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    region: str | None = None
    capabilities: ModelCapabilities = field(default_factory=ModelCapabilities)
    limits: CallLimits = field(default_factory=CallLimits)
    structured_by: StructuredBy | None = None
