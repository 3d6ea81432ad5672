"""One policy pack, read from its folder: what it is called, its rules and its cases."""

import re
import tomllib
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from bottega.actions.policy.cases import CaseBook, cases_from
from bottega.actions.policy.rejection import PolicyPackRejected
from bottega.actions.policy.rules import Rule, rules_from

FILE_MAX_BYTES = 512 * 1024
RULE_FILES_MAX = 64
RULES_MAX = 1_000
_GROUP_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PACK_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")


class _PackFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    version: str
    description: str
    groups: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class PolicyPack:
    """A pack as it stands in its folder; `texts` are the normalised rule files by name.

    `groups` are those it adds, with their meaning.
    """

    name: str
    version: str
    description: str
    groups: dict[str, str]
    rules: tuple[Rule, ...]
    case_book: CaseBook
    texts: tuple[tuple[str, str], ...]


def read_pack(folder: Path | Traversable) -> PolicyPack:
    """Reads and checks everything about a pack but its cases' outcomes. Raises `PolicyPackRejected`."""
    about = _about(folder)
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".cedar")), key=lambda entry: entry.name)
    if not 1 <= len(files) <= RULE_FILES_MAX:
        expected = f"1 to {RULE_FILES_MAX} files *.cedar"
        raise PolicyPackRejected(about.name, folder.name, expected=expected, got=str(len(files)))
    texts = tuple((file.name, _normalised(_read(about.name, file))) for file in files)
    rules = tuple(rule for name, text in texts for rule in rules_from(about.name, name, text))
    if not 1 <= len(rules) <= RULES_MAX:
        raise PolicyPackRejected(about.name, folder.name, expected=f"1 to {RULES_MAX} rules", got=str(len(rules)))
    refuse_repeated_ids(about.name, rules)
    case_book = cases_from(about.name, _read(about.name, folder / "cases.toml"))
    return PolicyPack(about.name, about.version, about.description, about.groups, rules, case_book, texts)


def refuse_repeated_ids(pack: str, rules: tuple[Rule, ...], known: frozenset[str] = frozenset()) -> None:
    """Raises `PolicyPackRejected` when a rule id stands twice, in this pack or beside the known ones."""
    seen = set(known)
    for rule in rules:
        if rule.rule_id in seen:
            raise PolicyPackRejected(pack, rule.rule_id, expected="an id of its own", got="a second rule with it")
        seen.add(rule.rule_id)


def _about(folder: Path | Traversable) -> _PackFile:
    text = _read(folder.name, folder / "pack.toml")
    try:
        about = _PackFile.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise PolicyPackRejected(
            folder.name, "pack.toml", expected="name, version and description", got=str(error)
        ) from error
    if not _PACK_NAME.fullmatch(about.name):
        raise PolicyPackRejected(folder.name, "pack.toml", expected="a name such as tau-retail", got=about.name)
    for group in about.groups:
        if not _GROUP_NAME.fullmatch(group):
            raise PolicyPackRejected(about.name, "[groups]", expected="a name such as money", got=group)
    return about


def _read(pack: str, file: Path | Traversable) -> str:
    if not file.is_file():
        raise PolicyPackRejected(pack, file.name, expected="a file", got="none")
    content = file.read_bytes()
    if len(content) > FILE_MAX_BYTES:
        expected = f"at most {FILE_MAX_BYTES} bytes"
        raise PolicyPackRejected(pack, file.name, expected=expected, got=f"{len(content)} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyPackRejected(pack, file.name, expected="UTF-8", got=str(error)) from error


def _normalised(text: str) -> str:
    """Line ends, trailing blanks and empty lines say nothing, so they do not change the version."""
    lines = (line.rstrip() for line in text.splitlines())
    return "\n".join(line for line in lines if line) + "\n"
