"""The embedder that the settings ask for, and the process of the one that runs on this machine."""

import asyncio
from typing import TYPE_CHECKING

import structlog

from bottega.kernel.errors import Conflict, Unavailable
from bottega.ports.embedder import Embedder
from bottega.ports.services import Services
from bottega.retrieval.remembered import RememberingEmbedder
from bottega.settings import Settings

if TYPE_CHECKING:
    from bottega.connectors.minilm.embedder import MiniLmEmbedder

log = structlog.get_logger(__name__)

WAKE_AFTER_SECONDS = 1.0
# The first time, 91 MB may have to be downloaded.
WAKE_TIMEOUT_SECONDS = 1_000.0

# The connectors are imported when asked for: a process needs one of them at most.


def connect_embedder(settings: Settings) -> Embedder | None:
    """None when search is to go by keyword alone. Costs nothing until something is embedded."""
    match settings.embedder:
        case "none":
            return None
        case "minilm":
            return RememberingEmbedder(local_embedder(settings))
        case "openai":
            from bottega.connectors.openai_compatible.embedder import EmbeddingServer, OpenAiCompatibleEmbedder

            assert settings.embedder_url is not None, "checked by the settings"
            assert settings.embedder_model is not None, "checked by the settings"
            server = EmbeddingServer(
                base_url=settings.embedder_url,
                model=settings.embedder_model,
                api_key=None if settings.embedder_key is None else settings.embedder_key.get_secret_value(),
                dimensions=settings.embedder_dimensions,
                query_prefix=settings.embedder_query_prefix,
                passage_prefix=settings.embedder_passage_prefix,
            )
            return RememberingEmbedder(OpenAiCompatibleEmbedder(server))
        case "bedrock":
            from bottega.connectors.bedrock.embedder import BedrockEmbedder, BedrockModel

            assert settings.embedder_model is not None, "checked by the settings"
            chosen = BedrockModel(
                model=settings.embedder_model,
                dimensions=settings.embedder_dimensions,
                region=settings.embedder_region,
                endpoint_url=settings.embedder_url,
            )
            return RememberingEmbedder(BedrockEmbedder(chosen))


async def wake_embedder(services: Services) -> None:
    """Loads the model of this machine before the first shopper asks, and after the first pages were served."""
    await asyncio.sleep(WAKE_AFTER_SECONDS)
    try:
        embedder = services.get(Embedder)  # pyright: ignore[reportAbstractUsage] - the port is the key
        await embedder.wait_ready(timeout_seconds=WAKE_TIMEOUT_SECONDS)
    except Unavailable as refusal:
        log.warning("embedder_away", reason=str(refusal))


def local_embedder(settings: Settings) -> "MiniLmEmbedder":
    """MiniLM with its process; `Conflict` when the settings chose another embedder."""
    if settings.embedder != "minilm":
        raise Conflict(
            "embedder_not_local",
            f"The embedder is '{settings.embedder}', which has no process on this machine.",
            next_step="Set BOTTEGA_EMBEDDER=minilm for one.",
        )
    from bottega.connectors.minilm.embedder import MiniLmEmbedder
    from bottega.connectors.minilm.identity import MiniLm

    return MiniLmEmbedder(
        MiniLm(
            data_directory=settings.data_dir,
            precision=settings.embedder_precision,
            weights_folder=settings.embedder_weights,
            hub_url=settings.embedder_hub or None,
            idle_seconds=settings.embedder_idle_seconds,
            threads=settings.embedder_threads,
        )
    )
