"""Authored examples of what people say, spread out into the many ways of saying it that a classifier learns from.

A language is a folder: `intents/<name>.txt` holds one intent each and `frames.txt` how people wrap what they want (and,
under `[doing]`, the form of each verb that `{doing}` stands for). An intent's file opens with a sentence that says what
it means; under `[do]` stand things to do, verb first, under `[thing]` what is asked about, under `[trouble]` what went
wrong, and under `[say]` whole messages. `(a|b|)` means one of these. Each section has its frames.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bottega.kernel.errors import Invalid, NotFound

FRAMED_SECTIONS = ("do", "thing", "trouble")
SECTIONS = (*FRAMED_SECTIONS, "say")
# A pattern such as "(a|b) (c|d|e)" can mean hundreds of sentences; so many of them are enough to learn from.
VARIANTS_PER_LINE = 14
FRAMES_PER_VARIANT = 2
WRAPPED_SHARE = 0.4
MISTAKEN_SHARE = 0.3
# Below this many words a message is not wrapped into politeness: "hello" or "yes" would lose its meaning.
LEAST_WORDS_TO_WRAP = 3

_CHOICE = re.compile(r"\(([^()]*)\)")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Intent:
    """What people may want: its name, what it means, and the lines of its file by section."""

    name: str
    meaning: str
    lines: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Language:
    """The intents of one language and what is needed to spread their examples."""

    intents: Sequence[Intent]
    frames: Mapping[str, Sequence[str]]
    gerunds: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence to learn from; sentences of the same authored line share `line` and are held out together."""

    text: str
    intent: str
    line: int
    weight: float


def read_language(folder: Path) -> Language:
    """The examples of a language; raises `NotFound` without its folder and `Invalid` for a line outside a section."""
    files = sorted((folder / "intents").glob("*.txt"))
    if not files:
        raise NotFound("no_examples", f"There are no intents under {folder}.", next_step="Name a language's folder.")
    frames = _sections(folder / "frames.txt", (*FRAMED_SECTIONS, "say", "doing"))[1]
    gerunds = dict(line.split(" ", 1) for line in frames.pop("doing", ()))
    intents = [Intent(file.stem, *_sections(file, SECTIONS)) for file in files]
    return Language(tuple(intents), frames, gerunds)


def _sections(file: Path, known: Sequence[str]) -> tuple[str, dict[str, tuple[str, ...]]]:
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    meaning, section = "", ""
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            if section not in known:
                raise Invalid(
                    "unknown_section",
                    f"{file.name}:{number} opens [{section}].",
                    next_step=f"Sections are {', '.join(known)}.",
                )
        elif section:
            found.setdefault(section, []).append(line)
        elif not meaning:
            meaning = line
        else:
            raise Invalid("line_outside", f"{file.name}:{number} stands before the first section.")
    return meaning, {name: tuple(held) for name, held in found.items()}


def variants(pattern: str) -> Iterator[str]:
    """Every sentence that a pattern means, in a fixed order."""
    choice = _CHOICE.search(pattern)
    if choice is None:
        yield _SPACES.sub(" ", pattern).strip()
        return
    for option in choice.group(1).split("|"):
        yield from variants(pattern[: choice.start()] + option + pattern[choice.end() :])


def spread(language: Language, seed: int = 1) -> list[Example]:
    """The sentences to learn from; the same seed gives the same sentences. One line weighs the same as any other."""
    chance = random.Random(seed)  # noqa: S311 - variety, not secrecy
    examples: list[Example] = []
    line = 0
    for intent in language.intents:
        for section in SECTIONS:
            for pattern in intent.lines.get(section, ()):
                texts = _ways(pattern, section, language, chance)
                texts += [mistaken(text, chance) for text in texts if chance.random() < MISTAKEN_SHARE]
                # A pattern says more than a sentence does, but not as much more as it has variants.
                weight = (4.0 if section in FRAMED_SECTIONS else 1.0) / len(texts)
                examples += [Example(text, intent.name, line, weight) for text in texts]
                line += 1
    return examples


def _ways(pattern: str, section: str, language: Language, chance: random.Random) -> list[str]:
    said = list(variants(pattern))
    if len(said) > VARIANTS_PER_LINE:
        said = chance.sample(said, VARIANTS_PER_LINE)
    frames = language.frames.get(section, ())
    if section == "say":
        return said + [
            frame.replace("{say}", text)
            for text in said
            if len(text.split()) >= LEAST_WORDS_TO_WRAP and chance.random() < WRAPPED_SHARE
            for frame in chance.sample(frames, 1)
        ]
    return said + [
        _framed(frame, section, text, language.gerunds)
        for text in said
        for frame in chance.sample(frames, FRAMES_PER_VARIANT)
    ]


def _framed(frame: str, section: str, text: str, gerunds: Mapping[str, str]) -> str:
    if "{doing}" not in frame:
        return frame.replace(f"{{{section}}}", text)
    verb, _, rest = text.partition(" ")
    return frame.replace("{doing}", f"{gerunds[verb]} {rest}".strip())


def mistaken(text: str, chance: random.Random) -> str:
    """The text with a slip of the fingers in it: a letter left out, doubled, swapped with the next or replaced."""
    places = [place for place, letter in enumerate(text) if letter.isalpha() and 0 < place < len(text) - 1]
    if len(places) < 4:
        return text
    place = chance.choice(places)
    before, letter, after = text[:place], text[place], text[place + 1 :]
    match chance.randrange(4):
        case 0:
            return before + after
        case 1:
            return before + letter + letter + after
        case 2:
            return before + after[:1] + letter + after[1:]
        case _:
            return before + chance.choice("abcdefghijklmnopqrstuvwxyz") + after
