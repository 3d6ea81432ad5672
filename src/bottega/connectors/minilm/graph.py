"""The model's graph for ONNX Runtime, built from its weights: in full precision, or with whole numbers of eight bits.

BERT as of Devlin et al. 2018 with six layers, then the mean over a text's tokens and a division by its length.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from bottega.connectors.minilm.identity import DIMENSIONS, IDS, MASK, TOKENS_LIMIT, VECTORS, Precision

LAYERS = 6
HEADS = 12
NORM_EPSILON = 1e-12
# Seven bits for weights: with eight, processors that have AVX2 and no VNNI add pairs of products beyond 16 bits.
LARGEST_WEIGHT = 63
LARGEST_WORD = 127
LARGEST_HEADER_BYTES = 1 << 20
OPERATORS_VERSION, FORMAT_VERSION = 20, 9
RUNTIME_DOMAIN = "com.microsoft"

Floats = NDArray[np.float32]


def build(weights_file: Path, precision: Precision) -> bytes:
    """The serialised graph: token ids and mask [texts, tokens] in, vectors of length one [texts, 384] out."""
    return _Builder(read_weights(weights_file), precision).build()


def read_weights(path: Path) -> Mapping[str, Floats]:
    """The tensors of a safetensors file: a length, a JSON table of offsets, then the raw numbers."""
    content = np.memmap(path, mode="r", dtype=np.uint8)
    (header_bytes,) = struct.unpack("<Q", content[:8].tobytes())
    if header_bytes > LARGEST_HEADER_BYTES:
        raise ValueError(f"{path.name} is not a safetensors file")
    start = 8 + header_bytes
    header = cast("dict[str, Any]", json.loads(content[8:start].tobytes()))
    tensors: dict[str, Floats] = {}
    for name, entry in header.items():
        if entry.get("dtype") == "F32":
            begin, end = entry["data_offsets"]
            numbers = np.frombuffer(content[start + begin : start + end].data, dtype="<f4")
            tensors[name] = numbers.reshape(entry["shape"])
    return tensors


class _Builder:
    def __init__(self, weights: Mapping[str, Floats], precision: Precision) -> None:
        self._weights = weights
        self._is_small = precision == "int8"
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def build(self) -> bytes:
        state = self._embedding()
        self._node("Cast", [MASK], "mask_int32", to=onnx.TensorProto.INT32)
        for layer in range(LAYERS):
            state = self._layer(layer, state)
        self._pooling(state)
        shape: list[str | int] = ["texts", "tokens"]
        graph = helper.make_graph(
            self._nodes,
            "minilm",
            [helper.make_tensor_value_info(name, onnx.TensorProto.INT64, shape) for name in (IDS, MASK)],
            [helper.make_tensor_value_info(VECTORS, onnx.TensorProto.FLOAT, ["texts", DIMENSIONS])],
            self._constants,
        )
        versions = [helper.make_opsetid("", OPERATORS_VERSION), helper.make_opsetid(RUNTIME_DOMAIN, 1)]
        return helper.make_model(graph, opset_imports=versions, ir_version=FORMAT_VERSION).SerializeToString()

    def _embedding(self) -> str:
        words = self._weights["embeddings.word_embeddings.weight"]
        if self._is_small:
            codes, scales = quantised(words, LARGEST_WORD)
            self._node("Gather", [self._constant("word_codes", codes), IDS], "word_code")
            self._node("Cast", ["word_code"], "word_number", to=onnx.TensorProto.FLOAT)
            self._node("Gather", [self._constant("word_scales", scales[:, None]), IDS], "word_scale")
            self._node("Mul", ["word_number", "word_scale"], "word")
        else:
            self._node("Gather", [self._constant("words", words), IDS], "word")
        # Every token is of type 0, so its part is added beforehand.
        positions = self._weights["embeddings.position_embeddings.weight"][:TOKENS_LIMIT]
        positions = positions + self._weights["embeddings.token_type_embeddings.weight"][0]
        self._node("Shape", [IDS], "length", start=1, end=2)
        begin = self._constant("position_begin", np.array([0]))
        self._node("Slice", [self._constant("positions", positions), begin, "length"], "position")
        self._node("Add", ["word", "position"], "placed_word")
        inputs = ["placed_word", *self._gain_and_bias("embeddings.LayerNorm", "embedding_norm")]
        return self._node("LayerNormalization", inputs, "embedded", axis=-1, epsilon=NORM_EPSILON)

    def _layer(self, number: int, state: str) -> str:
        source, name = f"encoder.layer.{number}", f"layer{number}"
        parts = [f"{source}.attention.self.{part}" for part in ("query", "key", "value")]
        joined = self._linear(state, parts, f"{name}_query_key_value")
        split = [f"{name}_query", f"{name}_key", f"{name}_value"]
        self._nodes.append(helper.make_node("Split", [joined], split, axis=-1, num_outputs=3))
        inputs = [*split, "", "mask_int32"]
        attended = self._node("MultiHeadAttention", inputs, f"{name}_attended", domain=RUNTIME_DOMAIN, num_heads=HEADS)
        added = self._linear(attended, [f"{source}.attention.output.dense"], f"{name}_attention")
        state = self._add_and_norm(added, state, f"{source}.attention.output.LayerNorm", f"{name}_first")
        widened = self._linear(state, [f"{source}.intermediate.dense"], f"{name}_wide")
        active = self._node("Gelu", [widened], f"{name}_active")
        added = self._linear(active, [f"{source}.output.dense"], f"{name}_narrow")
        return self._add_and_norm(added, state, f"{source}.output.LayerNorm", f"{name}_second")

    def _pooling(self, state: str) -> None:
        """The sum over the tokens points where their mean does, and only the direction is kept."""
        self._node("Cast", [MASK], "mask_float", to=onnx.TensorProto.FLOAT)
        self._node("Unsqueeze", ["mask_float", self._constant("last", np.array([2]))], "mask_column")
        self._node("Mul", [state, "mask_column"], "kept")
        self._node("ReduceSum", ["kept", self._constant("tokens", np.array([1]))], "sum", keepdims=0)
        self._node("LpNormalization", ["sum"], VECTORS, axis=-1, p=2)

    def _linear(self, state: str, sources: Sequence[str], name: str) -> str:
        weight = np.concatenate([self._weights[f"{source}.weight"] for source in sources])
        bias = self._constant(f"{name}_bias", np.concatenate([self._weights[f"{source}.bias"] for source in sources]))
        if not self._is_small:
            self._node("MatMul", [state, self._constant(f"{name}_weight", weight.T)], f"{name}_product")
            return self._node("Add", [f"{name}_product", bias], name)
        codes, scales = quantised(weight, LARGEST_WEIGHT)
        zeros = np.zeros(len(scales), dtype=np.int8)
        inputs = [
            state,
            self._constant(f"{name}_codes", codes.T),
            self._constant(f"{name}_scales", scales),
            self._constant(f"{name}_zeros", zeros),
            bias,
        ]
        return self._node("DynamicQuantizeMatMul", inputs, name, domain=RUNTIME_DOMAIN)

    def _add_and_norm(self, added: str, state: str, source: str, name: str) -> str:
        inputs = [added, state, *self._gain_and_bias(source, name)]
        return self._node("SkipLayerNormalization", inputs, name, domain=RUNTIME_DOMAIN, epsilon=NORM_EPSILON)

    def _gain_and_bias(self, source: str, name: str) -> list[str]:
        kinds = {"gain": "weight", "bias": "bias"}
        return [self._constant(f"{name}_{kind}", self._weights[f"{source}.{key}"]) for kind, key in kinds.items()]

    def _constant(self, name: str, numbers: NDArray[Any]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(numbers), name))
        return name

    def _node(self, operator: str, inputs: Sequence[str], output: str, *, domain: str = "", **attributes: Any) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output


def quantised(rows: Floats, largest: int) -> tuple[NDArray[np.int8], Floats]:
    """Each row as whole numbers of at most `largest`, and the scale that gives its numbers back."""
    scales = (np.abs(rows).max(axis=1) / np.float32(largest)).astype(np.float32)
    scales[scales == 0] = 1
    return np.rint(rows / scales[:, None]).astype(np.int8), scales
