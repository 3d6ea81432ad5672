"""A model hub on this machine that breaks off, lies, moves its files, or keeps silent on demand."""

import random
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# Stand for the model's files: the same names, other contents.
CONTENTS = {
    "model.safetensors": random.Random(1).randbytes(2_000_000),
    "tokenizer.json": random.Random(2).randbytes(300_000),
}


@dataclass
class Hub:
    """What the hub has and how it behaves."""

    contents: dict[str, bytes] = field(default_factory=lambda: dict(CONTENTS))
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    breaks_after_bytes: int | None = None
    ignores_ranges: bool = False
    wrong_part: bool = False
    status: int = 200
    pause_seconds: float = 0.0
    moved_to: str | None = None
    url: str = ""


class _Answers(BaseHTTPRequestHandler):
    def __init__(self, hub: Hub, *arguments: Any) -> None:
        self.hub = hub
        super().__init__(*arguments)

    def do_GET(self) -> None:
        hub = self.hub
        name = self.path.rpartition("/")[2]
        asked_range = self.headers.get("Range")
        hub.asked.append((self.path, asked_range))
        if hub.moved_to is not None and not self.path.startswith(hub.moved_to):
            self.send_response(302)
            self.send_header("Location", f"{hub.moved_to}/{name}")
            self.end_headers()
            return
        if hub.status != 200:
            self.send_error(hub.status)
            return
        content = hub.contents[name]
        begin = int(asked_range[6:-1]) if asked_range and not hub.ignores_ranges else 0
        if begin and begin >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if begin else 200)
        if begin:
            shown = 0 if hub.wrong_part else begin
            self.send_header("Content-Range", f"bytes {shown}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        body = content[begin:]
        time.sleep(hub.pause_seconds)
        self.wfile.write(body if hub.breaks_after_bytes is None else body[: hub.breaks_after_bytes])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (http.server's own name)
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that gave up is no news."""


@contextmanager
def model_hub() -> Generator[Hub]:
    """A hub on a port of its own."""
    behaving = Hub()
    server = _Server(("127.0.0.1", 0), partial(_Answers, behaving))
    behaving.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield behaving
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
