"""Where the model's files are on this machine, and whether they are what their authors published."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from bottega.connectors.minilm.identity import (
    PACKAGE_FOLDER,
    PINNED_FILES,
    WEIGHTS,
    WEIGHTS_PACKAGE,
    MiniLm,
    PinnedFile,
)
from bottega.kernel.errors import Unavailable
from bottega.ports.embedder import meaning_is_away

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that may hold the files; `source` says in words what it is."""

    source: str
    folder: Path


def places(setup: MiniLm) -> list[Place]:
    """Where to look, best first. A folder named in the settings is the only place: it was chosen."""
    if setup.weights_folder is not None:
        return [Place("the folder in BOTTEGA_EMBEDDER_WEIGHTS", setup.weights_folder)]
    found: list[Place] = []
    # Looking for a top-level package reads its finder's listing; nothing of it runs.
    package = importlib.util.find_spec(WEIGHTS_PACKAGE)
    if package is not None and package.submodule_search_locations:
        folder = Path(package.submodule_search_locations[0]) / PACKAGE_FOLDER
        found.append(Place(f"the package {WEIGHTS_PACKAGE}", folder))
    return [*found, Place("the downloaded files", download_folder(setup))]


def download_folder(setup: MiniLm) -> Path:
    """Where downloaded files are kept."""
    return setup.data_directory / "models" / f"weights-{WEIGHTS.sha256[:16]}"


def signature(setup: MiniLm) -> tuple[object, ...]:
    """Changes when somebody puts, repairs or removes a file; costs a few look-ups."""
    seen: list[object] = []
    for place in places(setup):
        for pinned in PINNED_FILES:
            try:
                status = (place.folder / pinned.name).stat()
                seen.append((str(place.folder), pinned.name, status.st_size, status.st_mtime_ns, status.st_ino))
            except OSError:
                seen.append((str(place.folder), pinned.name, None))
    return tuple(seen)


def sound_folder(setup: MiniLm) -> Path:
    """The first place where every file is as published. `Unavailable` says what is wrong with the best one."""
    problems: list[Unavailable] = []
    for place in places(setup):
        problem = problem_of(place)
        if problem is None:
            return place.folder
        problems.append(problem)
    # A damaged file says more than the absence of another.
    damaged = [problem for problem in problems if problem.code == "embedder_weights_damaged"]
    raise (damaged or problems)[0]


def problem_of(place: Place) -> Unavailable | None:
    """What is wrong with the files in a place, or None."""
    for pinned in PINNED_FILES:
        path = place.folder / pinned.name
        try:
            is_sound = path.stat().st_size == pinned.size_bytes and digest_of(path) == pinned.sha256
        except FileNotFoundError:
            return _missing(place, pinned)
        except OSError as error:
            return _damaged(place, pinned, f"cannot be read ({error.strerror})")
        if not is_sound:
            return _damaged(place, pinned, "is not as its authors published it")
    return None


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _missing(place: Place, pinned: PinnedFile) -> Unavailable:
    return meaning_is_away(
        "embedder_weights_missing",
        f"the language model's file {pinned.name} is missing.",
        next_step=f"It was looked for in {place.source}. Install the package {WEIGHTS_PACKAGE.replace('_', '-')}, or"
        " put model.safetensors and tokenizer.json into a folder and name it in BOTTEGA_EMBEDDER_WEIGHTS.",
    )


def _damaged(place: Place, pinned: PinnedFile, how: str) -> Unavailable:
    return meaning_is_away(
        "embedder_weights_damaged",
        f"the language model's file {pinned.name} {how}.",
        next_step=f"Put the published file back into {place.source}; it is noticed by itself.",
    )
