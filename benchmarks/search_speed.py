"""How fast search is, and how that grows: p50, p95 and throughput over HTTP at 19 thousand to 300 thousand products.

    python -m benchmarks.search_speed --products FILE --keep FOLDER [--sizes 19406,100000,300000]
        [--plot FILE] [--write FILE]

The products of the file are imported, indexed and embedded once; the index is then grown (`grown_catalogue`). Queries
go to `GET /api/search` of a real `bottega serve` with two web processes on the same machine, at concurrency 4.
The vector
of a query is remembered by the web process that has embedded it: told apart are queries that were asked before, and new
ones, which the embedder process has to embed. The processor time of a search is steadier than its wall time, and the
load average beside it tells what else the machine was doing. The first line of each size is a ceiling, taken right
before: the nearest forty vectors and nothing else, asked for over four bare connections. A machine on which that takes
twice as long is half as fast. Figures, plot and page are written after each size.
"""

import argparse
import asyncio
import json
import os
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import asyncpg
from rich.console import Console
from rich.table import Table

from benchmarks.graded_shop import open_graded_application
from benchmarks.grown_catalogue import Parents, grow, parents
from benchmarks.load_client import Connection, Measured, drive
from benchmarks.shop_process import ProcessorTime, serving
from bottega.platform.database import embedded
from bottega.retrieval.vectors import ensure_near_index
from bottega.shop.catalogue.product_documents import PRODUCTS

SIZES = (19_406, 100_000, 300_000)
CONCURRENCY = 4
SEED = 7
REPEATED_QUERIES = 300
BEGIN, END = "<!-- search: begin -->", "<!-- search: end -->"
# What is asked of hybrid search with filters at 100,000 products, in milliseconds at the 95th percentile.
ASKED_MS, ASKED_AT = 60.0, 100_000


@dataclass(frozen=True)
class Row:
    """One kind of search at one size; latencies in milliseconds."""

    products: int
    kind: str
    p50_ms: float
    p95_ms: float
    per_second: float
    answered: int
    web_ms: float
    database_ms: float
    # The load average of the last minute on the whole machine, this load included.
    load_average: float


class Asking:
    """Queries made of the catalogue's own words: two to four of a title, a model, a kind with a limit in words."""

    def __init__(self, known: Parents, seed: int) -> None:
        self._known = known
        self._draw = random.Random(seed)
        self._brands = [one.fields["brand"] for one in known.documents if one.fields["brand"]]

    def text(self) -> str:
        """What somebody types."""
        draw = self._draw
        one = draw.choice(self._known.documents)
        words = [word for word in one.fields["title"].split() if len(word) > 1] or ["cable"]
        kind = draw.random()
        if kind < 0.15 and one.fields["model"]:
            return one.fields["model"][:60]
        start = draw.randrange(len(words))
        said = " ".join(words[start : start + draw.randint(1, 3)])
        if kind < 0.3:
            return f"{said} under {draw.choice((20, 50, 100, 200))} euro"
        return said

    def beginning(self) -> str:
        """What stands in the box while somebody types: a word or two, the last one not to its end."""
        *before, last = self.text().split()[:2]
        return " ".join([*before, last[: self._draw.randint(2, max(2, len(last) - 1))]])

    def filters(self) -> dict[str, str | int]:
        """What is chosen beside it: from what next to everything meets to what hardly anything does."""
        draw = self._draw
        low = draw.choice((500, 1_000, 5_000, 10_000))
        return draw.choice(
            (
                {"in_stock": "true"},
                {"maximum_minor": draw.choice((2_000, 5_000, 20_000))},
                {"minimum_minor": low, "maximum_minor": low * draw.choice((2, 4))},
                {"brand": draw.choice(self._brands)},
                {"brand": draw.choice(self._brands), "maximum_minor": 10_000, "in_stock": "true"},
            )
        )


def path(text: str, filters: dict[str, str | int] | None = None) -> str:
    """The request of a search."""
    return f"/api/search?{urlencode({'q': text, **(filters or {})})}"


async def load(port: int, paths: Sequence[str] | None, asking: Asking, *, filtered: bool, seconds: float) -> Measured:
    """Searches from a list over and over, or each time for something new."""

    async def one(connection: Connection, number: int) -> bool:
        target = paths[number % len(paths)] if paths else path(asking.text(), asking.filters() if filtered else None)
        status, body = await connection.request("GET", target)
        # By meaning as well, or the figure would be another's.
        return status == 200 and b'"degraded":{}' in body

    measured = await drive(one, host="127.0.0.1", port=port, concurrency=CONCURRENCY, seconds=seconds)
    assert measured.failed <= 0.01 * measured.count, f"{measured.failed} searches failed or went without meaning"
    return measured


async def warm(port: int, paths: Sequence[str]) -> None:
    """Asks each of them in every web process, and until the embedder has loaded its model."""
    connection = Connection("127.0.0.1", port)
    for _ in range(600):
        _, body = await connection.request("GET", path("warming up"))
        if not json.loads(body)["degraded"]:
            break
        await asyncio.sleep(0.1)
    await connection.close()
    for _ in range(2):
        await asyncio.gather(*(_ask(port, paths[start::8]) for start in range(8)))


async def _ask(port: int, paths: Sequence[str]) -> None:
    connection = Connection("127.0.0.1", port)
    for one in paths:
        await connection.request("GET", one)
    await connection.close()


def measure(directory: Path, known: Parents, products: int, seconds: float) -> list[Row]:
    """All kinds of search at one size."""
    rows: list[Row] = []
    with serving(directory, workers=2) as shop:
        asking = Asking(known, SEED)
        plain = [path(asking.text()) for _ in range(REPEATED_QUERIES)]
        narrowed = [path(asking.text(), asking.filters()) for _ in range(REPEATED_QUERIES)]
        asyncio.run(warm(shop.port, [*plain, *narrowed]))
        used = ProcessorTime(shop)
        found = asyncio.run(bare(embedded.start(directory).dsn, seconds))
        rows.append(_row(products, "the nearest vectors alone", found, used))
        for kind, paths, filtered in (
            ("hybrid, asked before", plain, False),
            ("hybrid with filters, asked before", narrowed, True),
            ("hybrid, new queries", None, False),
            ("hybrid with filters, new queries", None, True),
        ):
            used = ProcessorTime(shop)
            found = asyncio.run(load(shop.port, paths, asking, filtered=filtered, seconds=seconds))
            rows.append(_row(products, kind, found, used))
    with serving(directory, workers=2, embedder="none") as shop:
        asyncio.run(_ask(shop.port, [*plain, *narrowed]))
        for kind, paths in (("keyword", plain), ("keyword with filters", narrowed)):
            used = ProcessorTime(shop)
            found = asyncio.run(load_by_keyword(shop.port, paths, seconds))
            rows.append(_row(products, kind, found, used))
        beginnings = [
            f"/api/search/suggestions?{urlencode({'q': asking.beginning()})}" for _ in range(REPEATED_QUERIES)
        ]
        asyncio.run(_ask(shop.port, beginnings))
        used = ProcessorTime(shop)
        found = asyncio.run(load_by_keyword(shop.port, beginnings, seconds))
        rows.append(_row(products, "suggestions", found, used))
    return rows


async def bare(dsn: str, seconds: float) -> Measured:
    """The nearest forty to products by chance, over connections of their own: what is left when there is no shop."""
    draw = random.Random(SEED)
    pool = await asyncpg.create_pool(dsn, min_size=CONCURRENCY, max_size=CONCURRENCY)
    products = await pool.fetchval(f"SELECT max(document) FROM {PRODUCTS.vectors}")
    # Their vectors are at hand, as that of a query is.
    some = [draw.randint(1, products) for _ in range(REPEATED_QUERIES)]
    statement = f"SELECT embedding::text FROM {PRODUCTS.vectors} WHERE document = ANY ($1::int[])"
    vectors = [row["embedding"] for row in await pool.fetch(statement, some)]
    dimensions = vectors[0].count(",") + 1
    nearest = (
        f"WITH meant AS MATERIALIZED (SELECT $1::text::halfvec({dimensions}) AS vector) SELECT document "
        f"FROM {PRODUCTS.vectors} ORDER BY embedding::halfvec({dimensions}) <=> (SELECT vector FROM meant) LIMIT 40"
    )

    async def one(_: Connection, number: int) -> bool:
        return len(await pool.fetch(nearest, vectors[number % len(vectors)])) == 40

    measured = await drive(one, host="", port=0, concurrency=CONCURRENCY, seconds=seconds)
    await pool.close()
    return measured


async def load_by_keyword(port: int, paths: Sequence[str], seconds: float) -> Measured:
    """Searches of a shop without an embedder."""

    async def one(connection: Connection, number: int) -> bool:
        status, _ = await connection.request("GET", paths[number % len(paths)])
        return status == 200

    return await drive(one, host="127.0.0.1", port=port, concurrency=CONCURRENCY, seconds=seconds)


def _row(products: int, kind: str, found: Measured, used: ProcessorTime) -> Row:
    each = used.milliseconds_each(found.count)
    return Row(
        products,
        kind,
        found.percentile_ms(50),
        found.percentile_ms(95),
        found.per_second,
        found.count,
        each["web processes"],
        each["PostgreSQL"],
        os.getloadavg()[0],
    )


async def prepare(products: Path, directory: Path) -> Parents:
    """The real catalogue, imported, indexed and embedded; kept for the next run where the folder is."""
    async with open_graded_application(products, directory) as application, application.database.read() as connection:
        return await parents(connection)


async def set_size(products: Path, directory: Path, known: Parents, number: int) -> None:
    """Grows the index to a size."""
    async with open_graded_application(products, directory, prepared=True) as application:
        await grow(application.database, known, number, SEED)
        await ensure_near_index(application.database.dsn, PRODUCTS)
        # As after growing: what has just been made is written out now, and not while searches are measured.
        async with application.database.connection() as connection:
            await connection.execute("CHECKPOINT", timeout=3_600)
    os.sync()


def show(rows: Sequence[Row]) -> None:
    """The table."""
    table = Table(title=f"GET /api/search, concurrency {CONCURRENCY}, two web processes, load client included")
    for heading in (
        "products",
        "search",
        "p50 ms",
        "p95 ms",
        "per second",
        "searches",
        "CPU ms web",
        "CPU ms database",
        "load average",
    ):
        table.add_column(heading, justify="left" if heading == "search" else "right")
    for row in rows:
        table.add_row(
            f"{row.products:,}",
            row.kind,
            f"{row.p50_ms:.1f}",
            f"{row.p95_ms:.1f}",
            f"{row.per_second:.0f}",
            str(row.answered),
            f"{row.web_ms:.1f}",
            f"{row.database_ms:.1f}",
            f"{row.load_average:.1f}",
        )
    Console(width=150).print(table)


def write_section(rows: Sequence[Row], page: Path, command: str, plot: Path | None) -> None:
    """The same table, and the plot, between the page's two marks; what people wrote around them stays."""
    text = page.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin, f"{page} has lost its mark {BEGIN}"
    assert end, f"{page} has lost its mark {END}"
    lines = [
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC with `{command}` on {os.cpu_count()} cores,",
        f"`GET /api/search`, concurrency {CONCURRENCY}, two web processes, the load client on the same cores.",
        "",
        "| products | search | p50 ms | p95 ms | per second | CPU ms web | CPU ms database | load average |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {row.products:,} | {row.kind} | {row.p50_ms:.1f} | {row.p95_ms:.1f} | {row.per_second:.0f} "
            f"| {row.web_ms:.1f} | {row.database_ms:.1f} | {row.load_average:.1f} |"
            for row in rows
        ),
    ]
    if plot is not None:
        picture = os.path.relpath(plot.resolve(), page.resolve().parent)
        lines += ["", f"![p50 and p95 of searches as the catalogue grows]({picture})"]
    page.write_text("\n".join((f"{before}{BEGIN}", *lines, f"{END}{after}")))


def draw(rows: Sequence[Row], file: Path) -> None:
    """The growth of p50 and p95 with the catalogue."""
    import matplotlib as mpl

    mpl.use("svg" if file.suffix == ".svg" else "agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    kinds = list(dict.fromkeys(row.kind for row in rows))
    for number, kind in enumerate(kinds):
        of_kind = [row for row in rows if row.kind == kind]
        sizes = [row.products / 1000 for row in of_kind]
        axes.plot(sizes, [row.p50_ms for row in of_kind], "o-", color=f"C{number}", label=f"{kind}: p50")
        axes.plot(sizes, [row.p95_ms for row in of_kind], "o:", color=f"C{number}", label="p95")
    axes.axhline(ASKED_MS, color="grey", linewidth=0.8)
    axes.set(xlabel="thousand products", ylabel="milliseconds", title="Search as the catalogue grows", ylim=(0, None))
    axes.legend(fontsize=8, ncols=2)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file)


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=Path, required=True, help="Icecat JSON lines, plain or gzip")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of products")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long each load lasts")
    parser.add_argument(
        "--keep", type=Path, required=True, help="folder of the scratch shop, used again when it is there"
    )
    parser.add_argument("--plot", type=Path, help="draw the growth into this file (.svg or .png)")
    parser.add_argument("--write", type=Path, help="put the table between the marks of this page")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    known = asyncio.run(prepare(options.products, options.keep))
    rows: list[Row] = []
    for number in map(int, options.sizes.split(",")):
        asyncio.run(set_size(options.products, options.keep, known, number))
        rows += measure(options.keep, known, number, options.seconds)
        show(rows)
        if options.plot:
            draw(rows, options.plot)
        if options.json:
            options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
        if options.write:
            command = f"python -m benchmarks.search_speed --seconds {options.seconds:g}"
            write_section(rows, options.write, command, options.plot)
    worst = max(
        (row.p95_ms for row in rows if row.products == ASKED_AT and row.kind.startswith("hybrid with filters")),
        default=None,
    )
    if worst is not None:
        verdict = "met" if worst <= ASKED_MS else "not met"
        sys.stdout.write(f"hybrid with filters at {ASKED_AT:,}: p95 {worst:.1f} ms, asked {ASKED_MS:.0f}: {verdict}\n")


if __name__ == "__main__":
    main()
