"""Turns texts into vectors with the built graph, in the process that owns the model."""

import os
from typing import Any, cast

import numpy as np
import onnxruntime  # pyright: ignore[reportMissingTypeStubs] - it has none
from numpy.typing import NDArray

from bottega.connectors.minilm.graph_cache import CachedGraph
from bottega.connectors.minilm.identity import DIMENSIONS, IDS, MASK, TOKENS_LIMIT

# Read when the library loads: its own pool of threads would only compete with ours.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
SEVERITY_ERROR = 3


class Encoder:
    """Safe to be called by several threads at once; each call computes on the calling thread."""

    def __init__(self, cached: CachedGraph) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_file(str(cached.tokenizer))
        self._tokenizer.enable_truncation(TOKENS_LIMIT)
        self._tokenizer.no_padding()
        runtime: Any = onnxruntime
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = SEVERITY_ERROR
        # An arena keeps what the longest text once needed.
        options.enable_cpu_mem_arena = False
        self._session = runtime.InferenceSession(str(cached.graph), options, providers=["CPUExecutionProvider"])
        self.encode("ready")

    def encode(self, text: str) -> NDArray[np.float32]:
        """The vector of one text.

        One at a time on purpose: numbers of eight bits share a scale, and with other texts in the same call a
        text's vector would depend on its neighbours (measured in docs/decisions/0031).
        """
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        (vectors,) = self._session.run(None, {IDS: ids, MASK: np.ones_like(ids)})
        vector = cast("NDArray[np.float32]", vectors[0])
        assert vector.shape == (DIMENSIONS,), "the graph says so"
        return vector
