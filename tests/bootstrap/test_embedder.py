"""Which embedder the settings lead to, what it costs a process to have one, and when it is woken."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bottega.bootstrap import embedder as wiring
from bottega.bootstrap.embedder import connect_embedder, local_embedder, wake_embedder
from bottega.connectors.bedrock.embedder import BedrockEmbedder
from bottega.connectors.minilm.embedder import MiniLmEmbedder
from bottega.connectors.openai_compatible.embedder import OpenAiCompatibleEmbedder
from bottega.connectors.sandbox.embedder import SandboxEmbedder
from bottega.kernel.errors import Conflict
from bottega.ports.embedder import Embedder
from bottega.ports.services import Services
from bottega.retrieval.remembered import RememberingEmbedder
from bottega.settings import Settings

OPENAI: dict[str, Any] = {
    "embedder": "openai",
    "embedder_model": "text-embedding-3-small",
    "embedder_url": "http://localhost/v1",
    "embedder_key": "key-of-the-shop",
    "embedder_dimensions": 512,
}
# numpy is not among them: the offline engine reads sentences with it.
HEAVY = ("onnx", "onnxruntime", "sklearn", "scipy", "tokenizers", "boto3", "httpx")


@pytest.fixture(autouse=True)
def as_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite turns the embedder off for all tests; here it is as people find it."""
    monkeypatch.delenv("BOTTEGA_EMBEDDER", raising=False)


def settings(directory: Path, **changes: Any) -> Settings:
    return Settings(_env_file=None, data_dir=directory, **changes)  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument


@pytest.mark.parametrize(
    ("changes", "kind", "model", "dimensions"),
    [
        ({}, MiniLmEmbedder, "all-MiniLM-L6-v2@53aa5117/int8.1", 384),
        ({"embedder_precision": "fp32"}, MiniLmEmbedder, "all-MiniLM-L6-v2@53aa5117/fp32.1", 384),
        (OPENAI, OpenAiCompatibleEmbedder, "text-embedding-3-small/512", 512),
        (
            {
                "embedder": "bedrock",
                "embedder_model": "amazon.titan-embed-text-v2:0",
                "embedder_region": "eu-central-1",
            },
            BedrockEmbedder,
            "amazon.titan-embed-text-v2:0/1024",
            1024,
        ),
    ],
)
async def test_each_setting_leads_to_its_embedder(
    tmp_path: Path, changes: dict[str, Any], kind: type[Any], model: str, dimensions: int
) -> None:
    embedder = connect_embedder(settings(tmp_path, **changes))
    assert isinstance(embedder, RememberingEmbedder)
    assert isinstance(embedder.inner, kind)
    assert (embedder.model, embedder.dimensions) == (model, dimensions)
    assert (await embedder.health()).state == "idle"
    await embedder.close()
    assert os.listdir(tmp_path) == [], "nothing is made or started before something is embedded"  # noqa: PTH208 - one look


def test_none_is_none(tmp_path: Path) -> None:
    assert connect_embedder(settings(tmp_path, embedder="none")) is None
    with pytest.raises(Conflict) as caught:
        local_embedder(settings(tmp_path, **OPENAI))
    assert caught.value.code == "embedder_not_local"


def test_the_settings_of_minilm_arrive(tmp_path: Path) -> None:
    chosen = settings(
        tmp_path,
        embedder_weights=tmp_path / "weights",
        embedder_hub="",
        embedder_idle_seconds=7,
        embedder_threads=2,
    )
    setup = local_embedder(chosen)._setup
    found = (setup.data_directory, setup.weights_folder, setup.hub_url, setup.idle_seconds, setup.threads)
    assert found == (tmp_path, tmp_path / "weights", None, 7.0, 2)


def test_a_web_process_loads_no_model_library() -> None:
    script = (
        "import sys, bottega.bootstrap.web_process\n"
        "from bottega.bootstrap import load_shop\n"
        "from bottega.bootstrap.embedder import connect_embedder\n"
        "from bottega.settings import load_settings\n"
        "load_shop()\n"
        "assert connect_embedder(load_settings()) is not None\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    printed = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert printed == "[]\n"


async def test_waking_waits_for_the_model_and_survives_its_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "WAKE_AFTER_SECONDS", 0)
    sandbox = SandboxEmbedder()
    services = Services()
    await wake_embedder(services)
    services.add(Embedder, sandbox)
    await wake_embedder(services)
    sandbox.go_away()
    await wake_embedder(services)
    assert sandbox.embedded == []
