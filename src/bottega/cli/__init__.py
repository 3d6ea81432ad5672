"""The command line: one file per command group, found by walking this folder."""

import importlib
import pkgutil

import typer

app = typer.Typer(
    name="bottega",
    help="A whole shop in which every change is an action.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _load_commands() -> None:
    """Adds every command file: a module with `app` is a group, one with `register(app)` adds single commands."""
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        module = importlib.import_module(f"{__name__}.{found.name}")
        if hasattr(module, "register"):
            module.register(app)
        elif hasattr(module, "app"):
            app.add_typer(module.app, name=getattr(module, "NAME", found.name.replace("_", "-")))


_load_commands()
