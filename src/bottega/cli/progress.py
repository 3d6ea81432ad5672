"""A progress bar on standard error for long work."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

# How many of how many are done.
Tell: TypeAlias = Callable[[int, int], None]


@contextmanager
def shown_progress(label: str, *, hidden: bool = False) -> Generator[Tell]:
    """What to tell how far the work is; nothing is drawn when hidden or when standard error is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=hidden or not console.is_terminal
    ) as progress:
        task = progress.add_task(label, total=None)

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield tell
