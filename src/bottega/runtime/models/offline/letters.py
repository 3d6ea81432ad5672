"""Messages as counts of hashed words and letter groups: what a classifier sees when no embedder is there."""

import itertools
import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BUCKETS = 8192
LARGEST_MESSAGE_CHARACTERS = 600
_LETTER_GROUPS = (3, 4, 5)
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'"})

Letters = NDArray[np.float32]


def plain(text: str) -> str:
    """The message as both classifiers read it: lower case, straight apostrophes, single spaces, cut to a length."""
    return " ".join(text[:LARGEST_MESSAGE_CHARACTERS].translate(_APOSTROPHES).lower().split())


def buckets(text: str) -> NDArray[np.intp]:
    """The numbers of the buckets that occur in the message, each once; digits are all alike."""
    words = _WORD.findall(re.sub(r"\d", "0", plain(text)))
    grams = {f"w {word}" for word in words}
    grams.update(f"b {first} {second}" for first, second in itertools.pairwise(words))
    for word in words:
        edged = f"<{word}>"
        for size in _LETTER_GROUPS:
            grams.update(edged[start : start + size] for start in range(len(edged) - size + 1))
    return np.fromiter(sorted({zlib.crc32(gram.encode()) % BUCKETS for gram in grams}), dtype=np.intp)


def letters(texts: Sequence[str]) -> Letters:
    """One row of length one (L2) per message; a message without letters is a row of zeros."""
    rows = np.zeros((len(texts), BUCKETS), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        present = buckets(text)
        if len(present):
            row[present] = 1.0 / np.sqrt(len(present))
    return rows
