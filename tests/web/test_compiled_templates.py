"""Compiled templates are kept from one start to the next, and never taken for what they are not."""

import stat
from pathlib import Path

from jinja2 import DictLoader, Environment
from jinja2.bccache import Bucket

from bottega.web.compiled_templates import CompiledTemplates
from bottega.web.site import Pages


class _Counting(CompiledTemplates):
    compiled = 0

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled += 1
        super().dump_bytecode(bucket)


def _compiled(folder: Path, texts: dict[str, str], made_by: bytes = b"1") -> int:
    kept = _Counting(folder, made_by)
    environment = Environment(loader=DictLoader(texts), bytecode_cache=kept, autoescape=True)
    for name, text in texts.items():
        assert environment.get_template(name).render() == text
    kept.keep()
    return kept.compiled


def test_what_was_compiled_is_found_at_the_next_start(tmp_path: Path) -> None:
    assert _compiled(tmp_path / "kept", {"a": "one", "b": "two"}) == 2
    assert _compiled(tmp_path / "kept", {"a": "one", "b": "two"}) == 0
    (file,) = (tmp_path / "kept").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_another_text_another_maker_and_a_broken_file_are_compiled_again(tmp_path: Path) -> None:
    _compiled(tmp_path, {"a": "one", "b": "two"})
    assert _compiled(tmp_path, {"a": "one", "b": "three"}) == 1
    assert _compiled(tmp_path, {"a": "one", "b": "three"}, b"2") == 2
    (file,) = tmp_path.iterdir()
    found = file.read_bytes()
    for broken in (b"", found[:-1], found[:40] + b"\xff" + found[41:]):
        file.write_bytes(broken)
        assert _compiled(tmp_path, {"a": "one", "b": "three"}, b"2") == 2
        assert _compiled(tmp_path, {"a": "one", "b": "three"}, b"2") == 0


def test_a_draft_that_was_left_behind_is_removed(tmp_path: Path) -> None:
    (tmp_path / "x.templates.draft-1").write_bytes(b"")
    _compiled(tmp_path, {"a": "one"})
    assert [file.suffix for file in tmp_path.iterdir()] == [".templates"]


def test_a_folder_that_cannot_be_made_is_no_reason_not_to_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert _compiled(tmp_path / "file" / "folder", {"a": "one"}) == 1


def test_the_shops_own_filters_are_asked_when_a_page_is_shown(tmp_path: Path) -> None:
    pages = Pages(tmp_path)
    environment = pages.templates._environment
    source = environment.compile("{{ 500|money('EUR') }}", raw=True)
    assert "€" not in source
    assert environment.from_string("{{ 500|money('EUR') }}").render() == "€5.00"
