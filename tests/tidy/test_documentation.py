"""Every setting and every command stands in its generated page, and the pages name nothing else."""

import importlib
import importlib.util
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest
import typer
from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from tests.tidy.source_tree import ROOT, listed

CODE_SPAN = re.compile(r"`([^`\n]+)`")
SETTING_NAME = re.compile(r"BOTTEGA_[A-Z0-9_]+")


def setting_names(model: type[BaseModel], prefix: str, delimiter: str) -> Iterator[tuple[str, ...]]:
    """For each leaf of the tree, the environment variables that set it."""
    for name, field in model.model_fields.items():
        branch = branch_model(field)
        if branch is not None:
            yield from setting_names(branch, f"{prefix}{name}{delimiter}", delimiter)
        else:
            yield (*aliases(field), f"{prefix}{name}".upper())


def branch_model(field: FieldInfo) -> type[BaseModel] | None:
    """The nested model of a field, also when it is optional."""
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def aliases(field: FieldInfo) -> tuple[str, ...]:
    alias = field.validation_alias or field.alias
    if isinstance(alias, AliasChoices):
        return tuple(choice for choice in alias.choices if isinstance(choice, str))
    return (alias,) if isinstance(alias, str) else ()


def undocumented_settings(page: str, leaves: list[tuple[str, ...]]) -> Iterator[str]:
    spans = {span.partition("=")[0].strip() for span in CODE_SPAN.findall(page)}
    for names in leaves:
        if not spans.intersection(names):
            yield f"docs/settings.md does not list `{names[0]}`; run bottega docs"


def unknown_settings(page: str, leaves: list[tuple[str, ...]]) -> Iterator[str]:
    known = {name for names in leaves for name in names}
    for span in CODE_SPAN.findall(page):
        name = span.partition("=")[0].strip()
        if SETTING_NAME.fullmatch(name) and name not in known:
            yield f"docs/settings.md lists `{name}`, which no setting reads; run bottega docs"


def command_names(commands: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """Every command that does something, as it is typed."""
    for name, command in commands.items():
        if getattr(command, "hidden", False):
            continue
        inner: Mapping[str, Any] = getattr(command, "commands", {})
        if inner:
            yield from command_names(inner, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}"


def undocumented_commands(page: str, commands: list[str]) -> Iterator[str]:
    for command in commands:
        if not re.search(rf"{re.escape(command)}(?![\w-])", page):
            yield f"docs/commands.md does not list `{command}`; run bottega docs"


def exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.skipif(not exists("bottega.settings"), reason="no settings yet")
def test_every_setting_is_documented() -> None:
    settings: type[BaseSettings] = importlib.import_module("bottega.settings").Settings
    config = settings.model_config
    delimiter = config.get("env_nested_delimiter") or "_"
    leaves = list(setting_names(settings, config.get("env_prefix", ""), delimiter))
    page = (ROOT / "docs/settings.md").read_text()
    assert leaves
    findings = [*undocumented_settings(page, leaves), *unknown_settings(page, leaves)]
    assert not findings, listed(findings)


@pytest.mark.skipif(not exists("bottega.__main__"), reason="no command line yet")
def test_every_command_is_documented() -> None:
    app: typer.Typer = importlib.import_module("bottega.cli").app
    root: Any = typer.main.get_command(app)
    commands = list(command_names(root.commands, "bottega"))
    assert commands
    findings = list(undocumented_commands((ROOT / "docs/commands.md").read_text(), commands))
    assert not findings, listed(findings)


class _Database(BaseModel):
    url: str = ""
    pool_size: int = 4


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="BOTTEGA_", env_nested_delimiter="__")
    mode: str = "development"
    database: _Database | None = None


def test_a_setting_that_is_missing_or_invented_is_found() -> None:
    leaves = list(setting_names(_Settings, "BOTTEGA_", "__"))
    assert leaves == [("BOTTEGA_MODE",), ("BOTTEGA_DATABASE__URL",), ("BOTTEGA_DATABASE__POOL_SIZE",)]
    page = "`BOTTEGA_MODE=production`, `BOTTEGA_DATABASE__URL`, `BOTTEGA_COLOUR`\n"
    assert list(undocumented_settings(page, leaves)) == [
        "docs/settings.md does not list `BOTTEGA_DATABASE__POOL_SIZE`; run bottega docs"
    ]
    assert list(unknown_settings(page, leaves)) == [
        "docs/settings.md lists `BOTTEGA_COLOUR`, which no setting reads; run bottega docs"
    ]


def test_a_command_that_is_missing_is_found() -> None:
    app, database = typer.Typer(), typer.Typer()
    app.add_typer(database, name="db")
    for name in ("start", "status"):
        database.command(name)(lambda: None)
    app.command("demo")(lambda: None)
    root: Any = typer.main.get_command(app)
    commands = sorted(command_names(root.commands, "bottega"))
    assert commands == ["bottega db start", "bottega db status", "bottega demo"]
    page = "`bottega demo`, `bottega db start-all`, `bottega db status --json`\n"
    assert list(undocumented_commands(page, commands)) == [
        "docs/commands.md does not list `bottega db start`; run bottega docs"
    ]
