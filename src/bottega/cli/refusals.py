"""How commands show refusals: what is wrong and the next step, with exit code 1."""

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import asyncpg
import typer
from pydantic import ValidationError
from rich.console import Console

from bottega.kernel.errors import Invalid, Refusal, Unavailable


@contextmanager
def shown(*, as_json: bool = False, exit_code: int = 1) -> Generator[None]:
    """Refusals inside become a message on standard error (or a JSON line on standard output) and an exit code."""
    try:
        yield
    except Refusal as refusal:
        _show(refusal, as_json)
        raise typer.Exit(exit_code) from None
    except ValidationError as error:
        reasons = [f"{'.'.join(map(str, reason['loc']))}: {reason['msg']}" for reason in error.errors()[:20]]
        _show(Invalid("bad_arguments", "; ".join(reasons) + ".", next_step="Correct what is named."), as_json)
        raise typer.Exit(exit_code) from None
    except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError, FileNotFoundError) as error:
        if isinstance(error, FileNotFoundError) and error.filename is not None:
            raise
        lost = Unavailable(
            "database_lost", "The database went away meanwhile.", next_step="See `bottega db status`, then try again."
        )
        _show(lost, as_json)
        raise typer.Exit(exit_code) from error


def _show(refusal: Refusal, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"error": refusal.as_record()}, default=str) + "\n")
    else:
        Console(stderr=True).print(f"[red]{refusal.code}[/red]: {refusal.message} {refusal.next_step}".rstrip())


def write_json(value: Any) -> None:
    """One JSON document on standard output, for scripts."""
    sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False) + "\n")
