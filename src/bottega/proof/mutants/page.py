"""The table of seeded faults in docs/proof.md, written by the command."""

from collections.abc import Sequence
from pathlib import Path

from bottega.kernel.errors import Conflict
from bottega.proof.mutants.verdict import Verdict

BEGIN, END = "<!-- mutants: written by `bottega prove mutants --write` -->", "<!-- mutants end -->"


def marked(page: Path) -> str:
    """The page's text; `Conflict` when it has no place for the table. Ask before hours are spent on it."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise Conflict("page_without_marks", f"{page} lacks its marks.", next_step=f"Put {BEGIN} and {END} into it.")
    return text


def write_table(page: Path, verdicts: Sequence[Verdict]) -> None:
    """Replaces the table between the two marks."""
    head, rest = marked(page).split(BEGIN)
    tail = rest.split(END)[1]
    page.write_text(f"{head}{BEGIN}\n{table(verdicts)}\n{END}{tail}", encoding="utf-8")


def table(verdicts: Sequence[Verdict]) -> str:
    """One row for each fault."""
    caught = sum(verdict.fate == "caught" for verdict in verdicts)
    rows = [
        f"{caught} of {len(verdicts)} caught.",
        "",
        "| seeded fault | what it does | fate | by | s |",
        "|---|---|---|---|---|",
    ]
    rows += [
        f"| {verdict.mutant.name} | {verdict.mutant.says} | {verdict.fate} | {_short(verdict.by)} "
        f"| {verdict.seconds:.0f} |"
        for verdict in verdicts
    ]
    return "\n".join(rows)


def _short(test: str) -> str:
    if "::" not in test:
        return test.replace("|", "/")
    return f"`{test.rpartition('/')[2].partition('[')[0]}`"
