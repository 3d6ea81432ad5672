"""The page of measured figures: a table made by the benchmark, and paragraphs that people write below it."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
FRAME = f"""# Benchmarks

{BEGIN}
{END}

## What is not met, and why
"""


@dataclass(frozen=True)
class Row:
    """One measured figure beside what the blueprint asks and what peers were measured at."""

    name: str
    ours: float
    unit: str
    asked: float | None
    more_is_better: bool
    peers: str

    @property
    def met(self) -> bool | None:
        """Whether the figure is as asked; None when nothing is."""
        if self.asked is None:
            return None
        return self.ours >= self.asked if self.more_is_better else self.ours <= self.asked

    @property
    def wanted(self) -> str:
        """The asked figure in words."""
        return "reported" if self.asked is None else f"{'≥' if self.more_is_better else '≤'} {self.asked:g} {self.unit}"

    @property
    def verdict(self) -> str:
        """Yes, no, or nothing to say."""
        return {None: "", True: "yes", False: "NO"}[self.met]


def write_page(page: Path, rows: list[Row], command: str) -> None:
    """Puts the figures between the page's two marks; what people wrote around them stays."""
    put_between(page, BEGIN, END, _measured(rows, command))


def put_between(page: Path, begin_mark: str, end_mark: str, figures: str) -> None:
    """The same for figures of any kind, between marks of their own."""
    text = page.read_text() if page.exists() else FRAME
    before, begin, rest = text.partition(begin_mark)
    _, end, after = rest.partition(end_mark)
    assert begin, f"{page} has lost its mark {begin_mark}"
    assert end, f"{page} has lost its mark {end_mark}"
    page.write_text(f"{before}{begin_mark}\n{figures}\n{end_mark}{after}")


def where_and_when(command: str) -> list[str]:
    """The lines that say how figures were taken, and on what."""
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    machine = f"{os.cpu_count()} cores ({_processor()}), Python {platform.python_version()}"
    return [
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC with `{command}` on {machine}.",
        f"Load averages at the end, this run and all else on the machine together: {load}.",
    ]


def write_said(page: Path, name: str, command: str, said: str) -> None:
    """Puts what a command has printed into the page, between the marks of that name; at the end if it has none yet."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    text = page.read_text() if page.exists() else FRAME
    if begin not in text:
        text = f"{text.rstrip()}\n\n{begin}\n{end}\n"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    told = f"`{command}`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load averages {load}:\n\n    {said}"
    page.write_text(f"{before}{begin}\n{told}\n{end}{after}")


def _measured(rows: list[Row], command: str) -> str:
    lines = [
        *where_and_when(command),
        "All rules are on: tax, shipping, promotion, reservation, idempotency, policy, log; so is fsync.",
        "The load client runs on the same cores.",
        "",
        "| | ours | asked | met | peers on such a machine |",
        "|---|---|---|---|---|",
        *(f"| {row.name} | {row.ours:,.1f} {row.unit} | {row.wanted} | {row.verdict} | {row.peers} |" for row in rows),
    ]
    return "\n".join(lines)


def _processor() -> str:
    try:
        information = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in information.splitlines() if line.startswith("model name"))
    return next(names, platform.machine())
