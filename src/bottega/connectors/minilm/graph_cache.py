"""The built graph on disk: made once per machine, checked whenever it is read, made again when it is damaged."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bottega.connectors.minilm.identity import TOKENIZER, WEIGHTS, MiniLm, from_json
from bottega.connectors.minilm.weights import digest_of
from bottega.kernel.errors import Unavailable
from bottega.ports.embedder import meaning_is_away

GRAPH_NAME, TOKENIZER_NAME, CONTENTS_NAME = "graph.onnx", TOKENIZER.name, "contents.json"
BUILD_TIMEOUT_SECONDS = 180.0
SHOWN_ERROR_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class CachedGraph:
    """What an encoder reads."""

    graph: Path
    tokenizer: Path


def folder_of(setup: MiniLm) -> Path:
    """Where this model's graph is kept."""
    return setup.data_directory / "models" / setup.graph_digest


def find(setup: MiniLm) -> CachedGraph | None:
    """The graph when it is there and whole. It stands by itself: the weights are not needed any more."""
    folder = folder_of(setup)
    try:
        contents = cast("dict[str, Any]", json.loads((folder / CONTENTS_NAME).read_text()))
        for name in (GRAPH_NAME, TOKENIZER_NAME):
            if digest_of(folder / name) != contents["files"][name]:
                return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return CachedGraph(folder / GRAPH_NAME, folder / TOKENIZER_NAME)


def build(setup: MiniLm, weights_folder: Path) -> CachedGraph:
    """Build the graph in a process of its own, which takes its memory with it when it ends."""
    command = [sys.executable, "-P", "-m", __name__, setup.to_json(), str(weights_folder)]
    try:
        subprocess.run(  # noqa: S603 - our own module
            command, check=True, capture_output=True, text=True, timeout=BUILD_TIMEOUT_SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.CalledProcessError as error:
        last_line = (error.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise _not_built(last_line[:SHOWN_ERROR_CHARACTERS]) from None
    except (subprocess.TimeoutExpired, OSError) as error:
        raise _not_built(type(error).__name__) from error
    found = find(setup)
    if found is None:
        raise _not_built("what was written cannot be read back")
    return found


def write(setup: MiniLm, weights_folder: Path) -> None:
    """Build the graph here and put it in place in one step. Only one process per machine may do so at a time."""
    from bottega.connectors.minilm import graph

    target = folder_of(setup)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # What a build that was killed left behind.
    for draft in target.parent.glob(f".{target.name}-*"):
        shutil.rmtree(draft, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        _write_through(draft / GRAPH_NAME, graph.build(weights_folder / WEIGHTS.name, setup.precision))
        _write_through(draft / TOKENIZER_NAME, (weights_folder / TOKENIZER.name).read_bytes())
        files = {name: digest_of(draft / name) for name in (GRAPH_NAME, TOKENIZER_NAME)}
        contents = {"model": setup.model, "weights_sha256": WEIGHTS.sha256, "files": files}
        _write_through(draft / CONTENTS_NAME, json.dumps(contents, indent=1).encode())
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _not_built(reason: str) -> Unavailable:
    return meaning_is_away(
        "embedder_graph_not_built",
        f"the language model could not be prepared: {reason}.",
        next_step="See the embedder's log file (`bottega embedder status`) and the free space on the disk.",
    )


if __name__ == "__main__":
    write(from_json(sys.argv[1]), Path(sys.argv[2]))
