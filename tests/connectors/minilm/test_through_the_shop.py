"""The model's process killed and its weights damaged while products are searched through the API."""

import asyncio
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

from bottega.connectors.minilm.embedder import MiniLmEmbedder
from bottega.ports.embedder import Embedder
from bottega.retrieval.embedding import embed_waiting
from bottega.retrieval.remembered import RememberingEmbedder
from bottega.shop.catalogue.product_documents import PRODUCTS
from tests.connectors.minilm.conftest import OpenEmbedder
from tests.connectors.minilm.test_process import process_id_of
from tests.connectors.minilm.test_weights import damage
from tests.shop.catalogue.products_fixture import simple, stocked
from tests.shop_fixtures import Shop

GOODS = (simple("down-jacket", title="Down jacket"), simple("gas-stove", title="Gas stove"))


async def asked(shop: Shop, text: str) -> dict[str, Any]:
    answered = await shop.client.get("/api/search", params={"q": text})
    assert answered.status_code == 200, answered.text
    answer: dict[str, Any] = answered.json()
    assert answer["items"][0]["handle"] == "down-jacket"
    return answer


async def heals(shop: Shop, text: str) -> None:
    """Asks like shoppers do, each with words of their own, until meaning is back."""
    deadline = time.monotonic() + 45
    number = 0
    while (await asked(shop, f"{text} {number}"))["degraded"]:
        assert time.monotonic() < deadline
        number += 1
        await asyncio.sleep(0.2)


def employ(shop: Shop, embedder: MiniLmEmbedder) -> None:
    # As bootstrap does: what shoppers asked is remembered, and nobody waits for one that is slow again and again.
    shop.application.services.add(Embedder, RememberingEmbedder(embedder))


async def test_killed_in_the_middle_of_a_search(shop: Shop, embedder: MiniLmEmbedder) -> None:
    employ(shop, embedder)
    await stocked(shop, *GOODS)
    await embed_waiting(shop.application.database, PRODUCTS, embedder, seconds=30)
    assert (await asked(shop, "down jacket"))["degraded"] == {}
    process_id = await process_id_of(embedder)
    # Stopped, it does not answer: the search is under way and waits for it when it is killed.
    os.kill(process_id, signal.SIGSTOP)
    search = asyncio.create_task(asked(shop, "a jacket of down"))
    await asyncio.sleep(0.1)
    os.kill(process_id, signal.SIGKILL)
    answer = await search
    assert list(answer["degraded"]) == ["meaning"]
    await heals(shop, "down jacket")
    assert await process_id_of(embedder) != process_id


async def test_damaged_weights(
    shop: Shop, open_embedder: OpenEmbedder, data_directory: Path, weights_folder: Path, published: Path
) -> None:
    await stocked(shop, *GOODS)
    sound = open_embedder(weights_folder=weights_folder)
    await embed_waiting(shop.application.database, PRODUCTS, sound, seconds=60)
    await sound.stop_process()
    shutil.rmtree(data_directory / "models")
    damage(weights_folder / "model.safetensors")
    employ(shop, open_embedder(weights_folder=weights_folder))
    deadline = time.monotonic() + 30
    number = 0
    while "model.safetensors" not in (await asked(shop, f"down jacket {number}"))["degraded"].get("meaning", ""):
        assert time.monotonic() < deadline
        number += 1
        await asyncio.sleep(0.1)
    (weights_folder / "model.safetensors").unlink()
    (weights_folder / "model.safetensors").symlink_to(published / "model.safetensors")
    await heals(shop, "down jacket")
