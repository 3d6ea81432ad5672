"""Verdicts kept from run to run: a campaign that was stopped goes on where it was."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from bottega.proof.mutants.catalogue import Mutant
from bottega.proof.mutants.verdict import Verdict

FILE = "build/mutants.json"


class Kept:
    """The verdicts of one source tree; one counts while its fault, the files it changes and its suites are the same."""

    def __init__(self, root: Path, *, resumed: bool) -> None:
        self._root, self._file = root, root / FILE
        self._known: dict[str, dict[str, object]] = {}
        if resumed and self._file.exists():
            self._known = json.loads(self._file.read_text(encoding="utf-8"))

    def verdict(self, mutant: Mutant) -> Verdict | None:
        """What became of it before; None when it was not judged, or is another one now."""
        known = self._known.get(mutant.name)
        if known is None or known["fingerprint"] != self._fingerprint(mutant):
            return None
        return Verdict.of(mutant, known)

    def keep(self, verdict: Verdict) -> None:
        """Written at once: whoever stops the campaign loses nothing."""
        self._known[verdict.mutant.name] = {
            **verdict.as_record(),
            "fingerprint": self._fingerprint(verdict.mutant),
        }
        self._file.parent.mkdir(exist_ok=True)
        whole = self._file.with_suffix(".new")
        whole.write_text(json.dumps(self._known, indent=1), encoding="utf-8")
        whole.replace(self._file)

    def _fingerprint(self, mutant: Mutant) -> str:
        digest = hashlib.sha256(repr((mutant.suites, mutant.edits)).encode())
        for file in _files(self._root, [*(edit.file for edit in mutant.edits), *mutant.suites]):
            digest.update(file.read_bytes())
        return digest.hexdigest()


def _files(root: Path, names: Sequence[str]) -> Iterator[Path]:
    for name in sorted({name.partition("::")[0] for name in names}):
        path = root / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path] if path.exists() else []
