"""Templates that were compiled at an earlier start: compiling them all takes a third of a start's time."""

import hashlib
import importlib.metadata
import marshal
import os
import sys
from contextlib import suppress
from pathlib import Path
from types import CodeType
from typing import cast

from jinja2.bccache import Bucket, BytecodeCache

DIGEST_BYTES = 32


class CompiledTemplates(BytecodeCache):
    """One private file. Its name says with what the templates were compiled, its first bytes that it is whole, and each
    entry from which text it was made; whatever does not fit is compiled again."""

    def __init__(self, folder: Path, made_by: bytes) -> None:
        """`made_by` is what the result depends on besides the templates' texts, Jinja and Python."""
        versions = (importlib.metadata.version("jinja2"), sys.version, sys.implementation.cache_tag or "")
        parts = [text.encode() for text in versions] + [made_by]
        name = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:24]
        self._file = folder / f"{name}.templates"
        self._found = _read(self._file)
        self._used: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Part of Jinja's interface: the bucket asks whether its text has been compiled."""
        checksum, code = self._found.get(bucket.key, ("", None))
        if code is not None and checksum == bucket.checksum:
            bucket.code = code
            self._used[bucket.key] = (checksum, code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Part of Jinja's interface: the bucket's text has just been compiled."""
        if bucket.code is not None:
            self._used[bucket.key] = (bucket.checksum, bucket.code)

    def keep(self) -> None:
        """Writes what was used, when it is not what was found; a folder that cannot be written to is left alone."""
        if self._used == self._found:
            return
        content = marshal.dumps(self._used)
        draft = self._file.with_name(f"{self._file.name}.draft-{os.getpid()}")
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(handle, "wb") as writing:
                    writing.write(hashlib.sha256(content).digest() + content)
                draft.replace(self._file)
            finally:
                draft.unlink(missing_ok=True)
            for other in self._file.parent.glob("*.templates*"):
                # Of an earlier program, or a draft whose writer was killed.
                if other != self._file:
                    other.unlink(missing_ok=True)


def _read(file: Path) -> dict[str, tuple[str, CodeType]]:
    try:
        found = file.read_bytes()
    except OSError:
        return {}
    digest, content = found[:DIGEST_BYTES], found[DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        return {}
    return cast("dict[str, tuple[str, CodeType]]", marshal.loads(content))  # noqa: S302 - our own private file
