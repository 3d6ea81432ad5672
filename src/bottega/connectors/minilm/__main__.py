"""The embedder process, started by whoever needs it: see launch.py."""

import sys

from bottega.connectors.minilm.identity import from_json
from bottega.connectors.minilm.server import serve

if __name__ == "__main__":
    serve(from_json(sys.argv[1]), int(sys.argv[2]))
