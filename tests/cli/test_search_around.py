"""`bottega search suggest`, `search similar` and the reports of searches on a real database."""

from pathlib import Path

from tests.cli.test_products import Shell, shell
from tests.shop.flows.product_files.files_fixture import icecat_row, written

__all__ = ["shell"]


async def test_suggest_similar_and_report(shell: Shell, tmp_path: Path) -> None:
    path = str(written(tmp_path / "products.jsonl.gz", [icecat_row(number) for number in (2110, 2120)]))
    await shell.json("import", "products", path, "--format", "icecat", "--stock", "3")
    await shell.json("search", "rebuild")
    exit_code, told = await shell.json("search", "suggest", "brother", "ton", "--limit", "1")
    assert (exit_code, told["queries"], len(told["products"])) == (0, ["brother toner"], 1)
    handle = told["products"][0]["handle"]
    exit_code, shown = await shell.run("search", "suggest", "tn-212")
    assert (exit_code, "products: Brother TN-2120 toner cartridge" in shown) == (0, True)
    exit_code, like = await shell.json("search", "similar", handle)
    assert (exit_code, len(like["items"]), list(like["degraded"])) == (0, 1, ["meaning"])
    assert like["items"][0]["handle"] != handle
    exit_code, refused = await shell.json("search", "similar", "no-such")
    assert (exit_code != 0, refused["error"]["code"]) == (True, "no_such_product")
    # What is asked on the command line is no shopper's search.
    await shell.json("search", "toner")
    exit_code, report = await shell.json("report", "searches")
    assert (exit_code, report["rows"]) == (0, [])
