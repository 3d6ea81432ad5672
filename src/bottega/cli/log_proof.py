"""The commands of `bottega log` that prove the log: verify, export, verify-export, key.

Exit codes of the verifiers: 0 whole, 1 something is wrong with the log, 2 it could not be checked.
"""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bottega.actions.log.chain import Finding
from bottega.actions.log.export import ExportSummary, export_log
from bottega.actions.log.sealer import Sealer
from bottega.actions.log.signing import PublicKeys
from bottega.actions.log.verify import Verification, verify_log
from bottega.actions.log.verify_export import ExportReport, public_key_from_text, verify_export
from bottega.bootstrap.background import anchor, signing_key
from bottega.cli.context import open_application
from bottega.cli.progress import Tell, shown_progress
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import Invalid

EXIT_WRONG = 1
EXIT_UNCHECKED = 2

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
EarlierKeys = Annotated[
    list[str] | None,
    typer.Option("--earlier-key", help="Public key of an earlier secret that signed part of the log; repeatable."),
]


def verify(earlier_key: EarlierKeys = None, as_json: AsJson = False) -> None:
    """Verify the log in the database: every entry's hash, the chain, the signatures, the anchor.

    Exit code 0: whole. 1: something is wrong. 2: it could not be checked.
    """
    with shown(as_json=as_json, exit_code=EXIT_UNCHECKED):
        earlier = _keys(earlier_key)
        with shown_progress("verifying", hidden=as_json) as tell:
            result = asyncio.run(_verify(earlier, tell))
    if as_json:
        write_json(_verification_record(result))
    else:
        _print_verification(result)
    if result.findings:
        raise typer.Exit(EXIT_WRONG)


def export(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A name that ends in .gz is compressed.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if there is one.")] = False,
    earlier_key: EarlierKeys = None,
    as_json: AsJson = False,
) -> None:
    """Write the whole log to a file that anybody can verify without this database."""
    with shown(as_json=as_json):
        if path.exists() and not overwrite:
            raise Invalid("file_exists", f"There is a file {path} already.", next_step="Use --overwrite.")
        earlier = _keys(earlier_key)
        with shown_progress("exporting", hidden=as_json) as tell:
            summary = asyncio.run(_export(path, earlier, tell))
        if as_json:
            write_json({name: getattr(summary, name) for name in summary.__slots__})
            return
        console = Console()
        console.print(f"{summary.entries} entries in {summary.blocks} blocks, {summary.size_bytes} bytes: {path}")
        console.print(f"head {summary.head}\nverify with: bottega log verify-export {path} ", highlight=False, end="")
        console.print(f"--public-key {summary.public_key}", highlight=False, soft_wrap=True)


def verify_file(
    path: Annotated[Path, typer.Argument(metavar="FILE")],
    public_key: Annotated[
        list[str] | None,
        typer.Option("--public-key", help="The shop's public key, from elsewhere than the file; repeatable."),
    ] = None,
    expect_head: Annotated[
        str | None, typer.Option("--expect-head", help="Hash of the head that the file must end with.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify an exported log without a database: edits, deletions, reorderings and truncation.

    Exit code 0: whole. 1: something is wrong; the first place is said. 2: it could not be checked.
    """
    with shown(as_json=as_json, exit_code=EXIT_UNCHECKED):
        keys = _keys(public_key) or None
        with shown_progress("verifying", hidden=as_json) as tell:
            size = path.stat().st_size if path.exists() else 0
            report = verify_export(
                path, public_keys=keys, expect_head=expect_head, progress=lambda done: tell(done, size)
            )
    if as_json:
        write_json(_report_record(report))
    else:
        _print_report(report)
    if report.finding is not None:
        raise typer.Exit(EXIT_WRONG)


def show_key(as_json: AsJson = False) -> None:
    """Print the public key that signs this shop's log; give it to whoever verifies exports."""
    with shown(as_json=as_json):

        async def ask() -> tuple[str, str]:
            async with open_application() as application:
                key = signing_key(application)
                return key.key_id, key.public_key.hex()

        key_id, public_key = asyncio.run(ask())
        if as_json:
            write_json({"key_id": key_id, "public_key": public_key})
        else:
            Console().print(public_key, highlight=False, soft_wrap=True)


async def _verify(earlier: PublicKeys, tell: Tell) -> Verification:
    async with open_application() as application:
        keys = {**earlier, **signing_key(application).public_keys}
        kept = anchor(application).read()
        return await verify_log(application.database, keys, anchor=kept, progress=tell)


async def _export(path: Path, earlier: PublicKeys, tell: Tell) -> ExportSummary:
    async with open_application() as application:
        key = signing_key(application)
        sealer = Sealer(application.database.dsn, key, application.clock, anchor=anchor(application))
        await sealer.seal_all()
        await sealer.close()
        return await export_log(application.database, path, key, application.clock, earlier_keys=earlier, progress=tell)


def _keys(texts: list[str] | None) -> PublicKeys:
    keys: dict[str, bytes] = {}
    for text in texts or []:
        keys.update(public_key_from_text(text))
    return keys


def _finding_record(finding: Finding | None) -> dict[str, Any] | None:
    return None if finding is None else {name: getattr(finding, name) for name in finding.__slots__}


def _verification_record(result: Verification) -> dict[str, Any]:
    return {
        "whole": not result.findings,
        "entries": result.entries,
        "blocks": result.blocks,
        "unsealed": result.unsealed,
        "head": None if result.head is None else result.head.hash.hex(),
        "anchored_position": result.anchored_position,
        "findings": [_finding_record(finding) for finding in result.findings],
        "duration_seconds": round(result.duration_seconds, 3),
    }


def _print_verification(result: Verification) -> None:
    console = Console()
    for finding in result.findings:
        console.print(f"{finding.code}: {finding}", style="red", markup=False, highlight=False, soft_wrap=True)
    verdict = "[red]not whole[/red]" if result.findings else "[green]whole[/green]"
    console.print(
        f"the log is {verdict}: {result.entries} entries in {result.blocks} blocks hold "
        f"({result.duration_seconds:.1f} s), {result.unsealed} entries are not sealed yet",
        highlight=False,
        soft_wrap=True,
    )
    if result.anchored_position is None:
        console.print("there is no anchor, so a log whose end was cut off would not be noticed", highlight=False)
    else:
        console.print(f"the anchor outside the database knows position {result.anchored_position}", highlight=False)


def _report_record(report: ExportReport) -> dict[str, Any]:
    return {
        "whole": report.finding is None,
        "entries": report.entries,
        "blocks": report.blocks,
        "head": report.head,
        "exported_at": report.exported_at,
        "key_ids": list(report.key_ids),
        "key_is_given": report.key_is_given,
        "finding": _finding_record(report.finding),
    }


def _print_report(report: ExportReport) -> None:
    console = Console()
    if report.finding is not None:
        console.print(
            f"{report.finding.code}: {report.finding}", style="red", markup=False, highlight=False, soft_wrap=True
        )
    verdict = "[green]whole[/green]" if report.finding is None else "[red]not whole[/red]"
    console.print(
        f"the export is {verdict}: {report.entries} entries in {report.blocks} blocks hold, head {report.head}",
        highlight=False,
        soft_wrap=True,
    )
    if not report.key_is_given:
        console.print(
            f"the key {', '.join(report.key_ids)} came with the file; give --public-key to know whose log this is",
            highlight=False,
            soft_wrap=True,
        )
