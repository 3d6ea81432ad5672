"""What the embedded server is told about its files."""

import os
from types import SimpleNamespace

import pytest

from bottega.platform.database import server_files


@pytest.mark.parametrize(
    ("platform", "release", "expected"),
    [
        ("linux", "6.18.44-fc-v669", True),
        ("linux", "5.8.0", True),
        ("linux", "5.7.19-generic", False),
        ("linux", "4.19.0", False),
        ("linux", "unknown", False),
        ("darwin", "25.1.0", False),
    ],
)
def test_one_call_syncs_all_files_only_where_it_tells_of_failures(
    monkeypatch: pytest.MonkeyPatch, platform: str, release: str, expected: bool
) -> None:
    monkeypatch.setattr(server_files.sys, "platform", platform)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release=release))
    assert server_files.syncs_whole() is expected
