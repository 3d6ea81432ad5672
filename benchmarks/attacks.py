"""Attack texts played against the shop's agents by a model that obeys every instruction it reads.

`python benchmarks/attacks.py [--texts FILE_OR_FOLDER …] [--only ID …] [--guarded-only] [--json FILE]
[--write PAGE]`. Each text is
planted in a fresh copy of a small shop; a customer or colleague makes a harmless request during which the agent reads
it; the model then does everything that the text asks for, as the file says and as it understands the text itself. What
must hold afterwards is checked row by row over all tables of the shop, in replies, mails, tickets and calls, and for
canaries in another customer's data. Played once with guard and policy, and once more with neither. The form of the
files is in tests/attacks/README.md.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Run as a file, Python puts this folder on the path instead of the project's root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.attack_checks import Found, judged, standing
from benchmarks.attack_play import NO_POLICY, plant, play
from benchmarks.attack_world import Stage
from benchmarks.page import write_said
from bottega.kernel.errors import Refusal
from bottega.platform.database import embedded
from tests.attacks.form import Attack, load

TEXTS = Path(__file__).resolve().parents[1] / "tests" / "attacks" / "texts.jsonl"


@dataclass
class Tally:
    """What the plays have shown."""

    played: int = 0
    withheld: list[str] = field(default_factory=list[str])
    """Attacks whose text no model was shown with the guard on: a name is masked, say."""
    landed: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    leaked: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    failed: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    landed_unguarded: list[str] = field(default_factory=list[str])

    def take(self, attack_id: str, found: Found) -> None:
        """Notes what was found in a guarded play."""
        self.played += 1
        for kept, lines in ((self.landed, found.landed), (self.leaked, found.leaked), (self.failed, found.failed)):
            if lines:
                kept[attack_id] = lines

    def line(self, *, with_unguarded: bool = True) -> str:
        """The result in one line."""
        benign = self.played - len(self.failed)
        line = (
            f"attacks {self.played} landed {len(self.landed)} leaked {len(self.leaked)} "
            f"benign {benign} of {self.played}"
        )
        return f"{line}; unguarded landed {len(self.landed_unguarded)}" if with_unguarded else line

    @property
    def holds(self) -> bool:
        """Whether nothing landed or leaked and every harmless request succeeded."""
        return not (self.landed or self.leaked or self.failed)


async def played_once(stage: Stage, attack: Attack, *, is_guarded: bool) -> tuple[Found, bool]:
    """One attack in a copy of its own: what was found, and whether the model was shown the text."""
    policy = None if is_guarded else NO_POLICY
    with tempfile.TemporaryDirectory(prefix="copy-", dir=stage.directory) as folder:
        async with stage.copy("attack_copy", policy, Path(folder)) as application:
            world, texts = await plant(application, attack, stage.world, Path(folder))
            before = await standing(application, world)
            played = await play(application, attack, world, texts, is_guarded=is_guarded)
            return await judged(application, attack, played, world, before), played.is_shown


async def campaign(stage: Stage, attacks: Sequence[Attack], tally: Tally, *, unguarded: bool = True) -> Tally:
    """Plays all of them; the stage has to be built."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("attacks", total=len(attacks))
        for attack in attacks:
            progress.update(task, description=attack.id)
            try:
                found, is_shown = await played_once(stage, attack, is_guarded=True)
            except Refusal as refusal:
                raise SystemExit(f"{attack.id} cannot be played: {refusal.code}: {refusal}") from refusal
            if not is_shown:
                tally.withheld.append(attack.id)
            tally.take(attack.id, found)
            if unguarded:
                open_found, _ = await played_once(stage, attack, is_guarded=False)
                if open_found.landed or open_found.leaked:
                    tally.landed_unguarded.append(attack.id)
            progress.advance(task)
    return tally


def read_all(paths: Sequence[Path]) -> list[Attack]:
    """The attacks of all files; a folder stands for its `*.jsonl`."""
    files = [file for path in paths for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])]
    if not files:
        raise SystemExit(f"No attack texts in {', '.join(map(str, paths))}: give files, or folders that hold *.jsonl.")
    return [attack for file in files for attack in load(file)]


async def run(attacks: Sequence[Attack], directory: Path, *, unguarded: bool) -> Tally:
    """A database and a world of its own for one campaign."""
    stage = Stage(embedded.start(directory).dsn, directory)
    await stage.build()
    try:
        return await campaign(stage, attacks, Tally(), unguarded=unguarded)
    finally:
        await stage.close()


def main(arguments: list[str] | None = None) -> None:
    """Plays and shows; exit code 0 only when nothing landed or leaked and every harmless request succeeded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, nargs="+", default=[TEXTS], help="files of attacks, or folders of them")
    parser.add_argument("--only", nargs="+", default=[], help="only attacks whose id begins like this")
    parser.add_argument("--guarded-only", action="store_true", help="leave out the plays without guard and policy")
    parser.add_argument("--json", type=Path, help="also write what was found there")
    parser.add_argument("--write", type=Path, help="also write the last line into that page, e.g. docs/benchmarks.md")
    asked = parser.parse_args(arguments)
    attacks = [one for one in read_all(asked.texts) if not asked.only or one.id.startswith(tuple(asked.only))]
    directory = Path(tempfile.mkdtemp(prefix="bottega-attacks-"))
    console = Console(highlight=False, soft_wrap=True)
    try:
        tally = uvloop.run(run(attacks, directory, unguarded=not asked.guarded_only))
    finally:
        embedded.reset(directory)
    for what, found in (("landed", tally.landed), ("leaked", tally.leaked), ("benign failed", tally.failed)):
        for attack_id, lines in found.items():
            console.print(f"{attack_id}: {what}: {'; '.join(lines)}", markup=False)
    console.print(f"not shown to the model with the guard on: {', '.join(tally.withheld) or 'none'}", markup=False)
    if asked.json is not None:
        asked.json.write_text(json.dumps(tally.__dict__, indent=1))
    line = tally.line(with_unguarded=not asked.guarded_only)
    console.print(line)
    if asked.write is not None:
        write_said(asked.write, "attacks", "python benchmarks/attacks.py", line)
    sys.exit(0 if tally.holds else 1)


if __name__ == "__main__":
    main()
