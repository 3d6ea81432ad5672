"""The built graphs against what the model's authors publish, and against each other."""

from pathlib import Path

import numpy as np
import pytest

from bottega.connectors.minilm import graph_cache
from bottega.connectors.minilm.encoder import Encoder
from bottega.connectors.minilm.graph import quantised, read_weights
from bottega.connectors.minilm.identity import GRAPH_VERSION, MiniLm

TEXTS = (
    "wireless noise cancelling headphones with a microphone",
    "over-ear headset, bluetooth",
    "waterproof hiking boots",
    "27 inch monitor 2560 x 1440 with USB-C",
    "cheap toner cartridge TN-2110",
    "Where is my order?",
    "I want to send this back and get a refund",
    "gift for a ten year old",
    "ein warmer Wintermantel in Größe 42",
    "x",
    "a very long description of a notebook with many ports, a large battery and a bright display. " * 30,
)


@pytest.fixture(scope="module")
def exact(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    setup = MiniLm(tmp_path_factory.mktemp("exact"), precision="fp32", hub_url=None)
    return Encoder(graph_cache.build(setup, published))


@pytest.fixture(scope="module")
def small(built: Path) -> Encoder:
    cached = graph_cache.find(MiniLm(built, hub_url=None))
    assert cached is not None
    return Encoder(cached)


def test_the_numbers_that_other_implementations_give(exact: Encoder) -> None:
    # The sentence of the example on the model's card, and what the reference implementation gives for it.
    vector = exact.encode("This is an example sentence")
    assert vector[:5] == pytest.approx([0.06765693, 0.06349593, 0.04871314, 0.07930495, 0.03744806], abs=1e-6)


def test_the_similarities_that_sentence_transformers_documents(exact: Encoder) -> None:
    sentences = ("The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium.")
    vectors = np.stack([exact.encode(sentence) for sentence in sentences])
    expected = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
    assert vectors @ vectors.T == pytest.approx(np.array(expected), abs=1e-4)


def test_eight_bits_stay_close_to_full_precision(exact: Encoder, small: Encoder) -> None:
    closeness = {text[:30]: float(exact.encode(text) @ small.encode(text)) for text in TEXTS}
    assert min(closeness.values()) >= 0.98, closeness


def test_eight_bits_order_texts_alike(exact: Encoder, small: Encoder) -> None:
    for query, best in (("bluetooth headset", 1), ("boots for the rain", 2), ("return an item", 6)):
        for encoder in (exact, small):
            likeness = [float(encoder.encode(query) @ encoder.encode(text)) for text in TEXTS]
            assert likeness.index(max(likeness)) == best, query


def test_what_follows_the_256th_token_is_not_read(small: Encoder) -> None:
    words = "coat " * 254
    assert np.array_equal(small.encode(words), small.encode(words + "printer " * 50))
    assert not np.array_equal(small.encode(words), small.encode("printer " + words))


def test_quantised_rows_come_back_within_half_a_step() -> None:
    rows = np.array([[0.5, -1.0, 0.25], [0.0, 0.0, 0.0], [100.0, 3.0, -7.0]], dtype=np.float32)
    codes, scales = quantised(rows, 63)
    assert codes.dtype == np.int8
    assert np.abs(codes).max() == 63
    assert np.abs(codes * scales[:, None] - rows).max(axis=1) == pytest.approx([0, 0, 0], abs=100 / 63 / 2)
    assert codes[1].tolist() == [0, 0, 0]


def test_a_file_of_another_kind_is_no_weights(tmp_path: Path) -> None:
    other = tmp_path / "model.safetensors"
    other.write_bytes(b"<html>" * 100)
    with pytest.raises(ValueError, match="not a safetensors file"):
        read_weights(other)


def test_the_model_is_named_with_its_weights_and_graph() -> None:
    small, exact = MiniLm(Path("x")), MiniLm(Path("x"), precision="fp32")
    assert small.model == f"all-MiniLM-L6-v2@53aa5117/int8.{GRAPH_VERSION}"
    assert exact.model == f"all-MiniLM-L6-v2@53aa5117/fp32.{GRAPH_VERSION}"
    assert small.graph_digest != exact.graph_digest
    assert small.process_key != exact.process_key
