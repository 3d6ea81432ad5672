"""Fetching the files from a hub that breaks off, lies, or is not there; only what is as published is kept."""

import hashlib
import time
from pathlib import Path

import pytest

from bottega.connectors.minilm.download import download
from bottega.connectors.minilm.identity import HUB_REVISION, MiniLm, PinnedFile
from bottega.connectors.minilm.weights import download_folder
from bottega.kernel.errors import Unavailable
from tests.fakes.model_hub import CONTENTS, Hub

FILES = tuple(PinnedFile(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in CONTENTS.items())


@pytest.fixture
def setup(hub: Hub, tmp_path: Path) -> MiniLm:
    return MiniLm(tmp_path, hub_url=f"{hub.url}/model/resolve")


def kept(setup: MiniLm) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(download_folder(setup).iterdir())}


def refusal_of(setup: MiniLm, **limits: float) -> str:
    with pytest.raises(Unavailable) as caught:
        download(setup, files=FILES, **limits)
    assert caught.value.code == "embedder_download_failed"
    assert caught.value.message.startswith("Meaning is away: ")
    return caught.value.message


def test_the_pinned_revision_is_fetched_once(hub: Hub, setup: MiniLm) -> None:
    assert download(setup, files=FILES) == download_folder(setup)
    assert kept(setup) == CONTENTS
    assert download(setup, files=FILES) == download_folder(setup)
    assert hub.asked == [(f"/model/resolve/{HUB_REVISION}/{name}", None) for name in CONTENTS]


def test_redirects_to_the_hubs_store_are_followed(hub: Hub, setup: MiniLm) -> None:
    hub.moved_to = "/store"
    download(setup, files=FILES)
    assert kept(setup) == CONTENTS


def test_what_broke_off_is_continued(hub: Hub, setup: MiniLm) -> None:
    hub.breaks_after_bytes = 1_000_000
    assert "the connection failed" in refusal_of(setup)
    begun = len(kept(setup)["model.part"])
    assert 0 < begun <= 1_000_000
    hub.breaks_after_bytes = None
    download(setup, files=FILES)
    assert kept(setup) == CONTENTS
    assert [asked[1] for asked in hub.asked] == [None, f"bytes={begun}-", None]


def test_a_hub_that_ignores_ranges_sends_it_all_again(hub: Hub, setup: MiniLm) -> None:
    hub.breaks_after_bytes = 1_000_000
    refusal_of(setup)
    hub.breaks_after_bytes, hub.ignores_ranges = None, True
    download(setup, files=FILES)
    assert kept(setup) == CONTENTS


def test_another_part_than_asked_for_is_not_taken(hub: Hub, setup: MiniLm) -> None:
    hub.breaks_after_bytes = 1_000_000
    refusal_of(setup)
    before = kept(setup)
    hub.breaks_after_bytes, hub.wrong_part = None, True
    assert "another part" in refusal_of(setup)
    assert kept(setup) == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"x" * 2_000_000, "not as its authors published it"),
        (b"x" * 3_000_000, "more than the file holds"),
        (b"<html>a captive portal</html>", "the connection ended after 29 of 2000000 bytes"),
    ],
)
def test_another_file_is_not_kept(hub: Hub, setup: MiniLm, content: bytes, reason: str) -> None:
    hub.contents["model.safetensors"] = content
    assert reason in refusal_of(setup)
    assert "model.safetensors" not in kept(setup)
    hub.contents.update(CONTENTS)
    for _ in range(2):
        # What a lie left behind may cost one more attempt, not all of them.
        try:
            download(setup, files=FILES)
        except Unavailable:
            continue
    assert kept(setup) == CONTENTS


def test_a_part_longer_than_what_the_hub_has_is_thrown_away(hub: Hub, setup: MiniLm) -> None:
    hub.breaks_after_bytes = 1_000_000
    refusal_of(setup)
    hub.breaks_after_bytes = None
    hub.contents["model.safetensors"] = b"short"
    assert "status 416" in refusal_of(setup)
    assert kept(setup) == {}


@pytest.mark.parametrize("status", [404, 429, 500])
def test_a_status_is_told(hub: Hub, setup: MiniLm, status: int) -> None:
    hub.status = status
    assert f"status {status}" in refusal_of(setup)


def test_a_hub_that_keeps_silent_is_given_up(hub: Hub, setup: MiniLm) -> None:
    hub.pause_seconds = 3.0
    began = time.monotonic()
    assert "ReadTimeout" in refusal_of(setup, read_timeout_seconds=0.2)
    assert time.monotonic() - began < 3.0


def test_a_download_that_takes_too_long_is_given_up(hub: Hub, setup: MiniLm) -> None:
    assert "took too long" in refusal_of(setup, longest_seconds=0.0)


def test_no_hub(tmp_path: Path) -> None:
    assert "ConnectError" in refusal_of(MiniLm(tmp_path, hub_url="http://127.0.0.1:9/resolve"))
