"""The command line: one file per command group, found by walking this folder."""

import importlib
import pkgutil
from typing import Any

import typer

# Commands whose start is waited for: only their own file is imported (see `command_line`).
QUICK = {"serve": "serve", "worker": "serve", "demo": "demo", "db": "database", "embedder": "embedder"}


def command_line(first_word: str | None = None) -> typer.Typer:
    """The whole command line, or the part of it that a quick command needs.

    A file with `app` is a command group, named by its `NAME` or its own name; one with `register(app)` adds single
    commands.
    """
    app = typer.Typer(
        name="bottega",
        help="A whole shop in which every change is an action.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    files = sorted(found.name for found in pkgutil.iter_modules(__path__))
    for name in [QUICK[first_word]] if first_word in QUICK else files:
        module = importlib.import_module(f"{__name__}.{name}")
        if hasattr(module, "register"):
            module.register(app)
        elif hasattr(module, "app"):
            app.add_typer(module.app, name=getattr(module, "NAME", name.replace("_", "-")))
    if first_word in QUICK:
        # A group with one command would swallow its name.
        app.callback()(lambda: None)
    return app


def __getattr__(name: str) -> Any:
    if name == "app":
        return command_line()
    raise AttributeError(name)
