"""How many scripted conversations with the offline engine end as they should.

    python benchmarks/conversations.py [FILE …] [--only ID …] [--transcripts FOLDER] [--keep FOLDER] [--quiet]

FILE is a file, or a folder of files, of the form of tests/conversations/README.md; without one the project's own sixty
are played. Each conversation is played in a demo shop of its own, without any model and without a key; prints what
differs from each script and ends with `passed N of M`. `--transcripts` writes every conversation down as it was held.
`--keep` names a folder in which the demo shop stays loaded, so that the next play starts at once.
"""

import argparse
import asyncio
import hashlib
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import bottega
from bottega.bootstrap.embedder import local_embedder
from bottega.platform.database import embedded, scratch
from bottega.platform.database.migrate import migrate
from bottega.settings import Settings
from tests.conversations.assistant_counter import open_counter
from tests.conversations.checking import FOLDER, load_conversations
from tests.conversations.demo_shop import load_demo_shop
from tests.conversations.form import Conversation
from tests.conversations.playing import play
from tests.conversations.transcript import transcript

FAILED = 1
# What a loaded demo shop is made of: a kept one of other contents is loaded anew.
MADE_OF = ("demo_shop", "platform/database/migrations", "shop", "retrieval", "runtime/knowledge")


@dataclass(frozen=True, slots=True)
class Held:
    """A conversation that was held, in words, and where it differed from its script."""

    conversation: Conversation
    differences: tuple[str, ...]
    transcript: str
    seconds: float


def settings_for(dsn: str, directory: Path) -> Settings:
    """A shop as it is with no key: its own embedder, no model."""
    return Settings(_env_file=None, DATABASE_URL=dsn, data_dir=directory, embedder="minilm")  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument


@asynccontextmanager
async def demo_server(keep: Path | None) -> AsyncGenerator[tuple[str, str, Path]]:
    """The server's dsn, the name of a database with the loaded demo shop, and the folder of both."""
    if keep is not None:
        yield await _loaded(keep)
        return
    with tempfile.TemporaryDirectory(prefix="bottega-conversations-") as folder:
        directory = Path(folder)
        try:
            yield await _loaded(directory)
        finally:
            embedded.reset(directory)
            await local_embedder(settings_for("postgresql://nowhere/", directory)).stop_process()


async def _loaded(directory: Path) -> tuple[str, str, Path]:
    dsn = embedded.start(directory).dsn
    digest = _digest()
    template = f"demo_{digest}"
    stamp = directory / f"{template}.ready"
    if not stamp.exists():
        await scratch.drop_database(dsn, template)
        fresh = await scratch.create_database(dsn, template)
        await migrate(fresh)
        await load_demo_shop(settings_for(fresh, directory), datetime.now(UTC))
        stamp.touch()
    return dsn, template, directory


def _digest() -> str:
    digest = hashlib.sha256()
    source = Path(bottega.__file__).parent
    for part in MADE_OF:
        for file in sorted(path for path in (source / part).rglob("*") if path.is_file() and path.suffix != ".pyc"):
            digest.update(f"{file.relative_to(source)}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


async def held(conversation: Conversation, dsn: str, template: str, directory: Path) -> Held:
    """Plays one conversation in a copy of the loaded shop."""
    started = time.monotonic()
    name = "conversation"
    await scratch.drop_database(dsn, name)
    copy = await scratch.create_database(dsn, name, template=template)
    try:
        async with open_counter(settings_for(copy, directory), conversation.customer) as counter:
            differences = await play(conversation, counter)
            told = transcript(conversation, counter.heard, differences)
    finally:
        await scratch.drop_database(dsn, name)
    return Held(conversation, tuple(differences), told, time.monotonic() - started)


async def play_all(chosen: Sequence[Conversation], keep: Path | None, write_to: Path | None, *, quiet: bool) -> int:
    """Plays them one after the other; returns how many ended as they should."""
    passed = 0
    async with demo_server(keep) as (dsn, template, directory):
        for conversation in chosen:
            one = await held(conversation, dsn, template, directory)
            passed += not one.differences
            if not quiet:
                verdict = "as it should" if not one.differences else "otherwise than it should"
                print(f"{conversation.id}: {verdict} ({one.seconds:.1f} s)", flush=True)
                for difference in one.differences:
                    print(f"    {difference}", flush=True)
            if write_to is not None:
                _write(write_to / f"{conversation.id}.md", one.transcript)
    return passed


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="files or folders of conversations")
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="only conversations of these names")
    parser.add_argument("--transcripts", type=Path, metavar="FOLDER", help="write every conversation down there")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the loaded demo shop there")
    parser.add_argument("--quiet", action="store_true", help="print the last line only")
    arguments = parser.parse_args()
    conversations = [one for path in arguments.files or [FOLDER] for one in load_conversations(path)]
    unknown = set(arguments.only) - {one.id for one in conversations}
    if unknown:
        parser.error(f"there is no conversation {', '.join(sorted(unknown))}")
    chosen = [one for one in conversations if not arguments.only or one.id in arguments.only]
    if arguments.keep is not None:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    passed = asyncio.run(play_all(chosen, arguments.keep, arguments.transcripts, quiet=arguments.quiet))
    print(f"passed {passed} of {len(chosen)} in {time.monotonic() - started:.0f} s")
    return 0 if passed == len(chosen) else FAILED


if __name__ == "__main__":
    sys.exit(main())
