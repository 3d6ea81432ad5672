"""`python -m benchmarks.embedder`: how fast this machine's embedder process is, and what it costs."""

import argparse
import asyncio
import gzip
import json
import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, quantiles

from benchmarks.shop_process import memory_mib, processor_seconds
from bottega.bootstrap.embedder import local_embedder
from bottega.connectors.minilm.embedder import MiniLmEmbedder
from bottega.demo_shop import content
from bottega.settings import Settings

START_TIMEOUT_SECONDS = 120.0
PATIENCE_SECONDS = 60.0
CALLERS = 8
BATCH_TEXTS = 64


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    value: float
    unit: str


def main() -> None:
    """Prints one table; with --json one document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embedder", description=__doc__)
    parser.add_argument("--products", type=Path, help="products as JSON lines (.gz too) instead of the demo shop's")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each load lasts")
    parser.add_argument("--precision", choices=["int8", "fp32"], default="int8")
    parser.add_argument("--threads", type=int, choices=[1, 2], default=1, help="threads for passages")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    texts = _texts(arguments.products)
    with tempfile.TemporaryDirectory(prefix="bottega-bench-") as directory:
        settings = Settings(
            _env_file=None,  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument
            data_dir=Path(directory),
            embedder_precision=arguments.precision,
            embedder_threads=arguments.threads,
        )
        figures = asyncio.run(_measure(settings, texts, arguments.seconds))
    if arguments.json:
        print(json.dumps({figure.name: [figure.value, figure.unit] for figure in figures}))
        return
    print(f"{len(texts)} texts, {mean(map(len, texts)):.0f} characters on average, {arguments.precision}")
    for figure in figures:
        print(f"{figure.name:<44} {figure.value:>9.2f} {figure.unit}")


async def _measure(settings: Settings, texts: Sequence[str], seconds: float) -> list[Figure]:
    embedder = local_embedder(settings)
    figures: list[Figure] = []
    try:
        for name in ("first start, the graph is built", "start with the graph there"):
            await embedder.stop_process()
            began = time.perf_counter()
            await embedder.wait_ready(timeout_seconds=START_TIMEOUT_SECONDS)
            figures.append(Figure(name, time.perf_counter() - began, "s"))
        process_id = await _process_id(embedder)
        figures.append(Figure("memory when ready (PSS)", memory_mib(process_id), "MiB"))
        queries = _queries(texts)
        figures += await _one_caller(embedder, queries, seconds, "a query alone")
        figures += await _many_callers(embedder, queries, process_id, seconds)
        figures += await _bulk(embedder, texts, process_id, seconds)
        figures += await _one_caller_beside_bulk(embedder, queries, texts, seconds)
        figures.append(Figure("memory after it all (PSS)", memory_mib(process_id), "MiB"))
    finally:
        await embedder.stop_process()
        await embedder.close()
    return figures


async def _one_caller(embedder: MiniLmEmbedder, queries: Iterator[str], seconds: float, name: str) -> list[Figure]:
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        await embedder.embed([next(queries)], purpose="query", timeout_seconds=PATIENCE_SECONDS)
        times.append(1000 * (time.perf_counter() - began))
    cuts = quantiles(times, n=100)
    return [Figure(f"{name}, p50", cuts[49], "ms"), Figure(f"{name}, p95", cuts[94], "ms")]


async def _many_callers(
    embedder: MiniLmEmbedder, queries: Iterator[str], process_id: int, seconds: float
) -> list[Figure]:
    done = 0
    end = time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await embedder.embed([next(queries)], purpose="query", timeout_seconds=PATIENCE_SECONDS)
            done += 1

    used = processor_seconds(process_id)
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    used = processor_seconds(process_id) - used
    return [
        Figure(f"queries by {CALLERS} callers", done / seconds, "a second"),
        Figure("processor time of a query", 1000 * used / done, "ms"),
    ]


async def _bulk(embedder: MiniLmEmbedder, texts: Sequence[str], process_id: int, seconds: float) -> list[Figure]:
    used, began = processor_seconds(process_id), time.perf_counter()
    done = await _embed_passages(embedder, texts, seconds)
    lasted, used = time.perf_counter() - began, processor_seconds(process_id) - used
    return [
        Figure("passages", done / lasted, "a second"),
        Figure("processor time of a passage", 1000 * used / done, "ms"),
        Figure("passages per second of processor time", done / used, ""),
    ]


async def _one_caller_beside_bulk(
    embedder: MiniLmEmbedder, queries: Iterator[str], texts: Sequence[str], seconds: float
) -> list[Figure]:
    bulk = asyncio.create_task(_embed_passages(embedder, texts, math.inf))
    await asyncio.sleep(0.5)
    try:
        return await _one_caller(embedder, queries, seconds, "a query during bulk work")
    finally:
        bulk.cancel()
        await asyncio.gather(bulk, return_exceptions=True)


async def _embed_passages(embedder: MiniLmEmbedder, texts: Sequence[str], seconds: float) -> int:
    """Two batches on their way at any time, so that none waits for us."""
    begins = iter(range(0, 10**9, BATCH_TEXTS))
    end = time.perf_counter() + seconds
    done = 0

    async def stream() -> None:
        nonlocal done
        while time.perf_counter() < end:
            begin = next(begins)
            batch = [texts[(begin + number) % len(texts)] for number in range(BATCH_TEXTS)]
            done += len(await embedder.embed(batch, purpose="passage", timeout_seconds=PATIENCE_SECONDS))

    await asyncio.gather(stream(), stream())
    return done


def _queries(texts: Sequence[str]) -> Iterator[str]:
    """What shoppers type: two to five words, here out of the products' own texts."""
    number = 0
    while True:
        words = texts[number % len(texts)].split()
        begin = number * 7 % max(1, len(words) - 5)
        yield " ".join(words[begin : begin + 2 + number % 4]) or "a coat"
        number += 1


def _texts(products: Path | None) -> list[str]:
    if products is None:
        names = [f"products/{found.name}" for found in content.product_files()]
        records = [record for name in names for record in content.read_lines(name)]
        return [f"{record['title']}. {record.get('description') or ''}" for record in records]
    content_bytes = products.read_bytes()
    lines = (gzip.decompress(content_bytes) if products.suffix == ".gz" else content_bytes).splitlines()
    records = [json.loads(line) for line in lines]
    return [f"{record['title']}. {record.get('short_description') or ''}".strip() for record in records]


async def _process_id(embedder: MiniLmEmbedder) -> int:
    status = await embedder.status()
    assert status is not None, "it was just ready"
    return int(status["process_id"])


if __name__ == "__main__":
    main()
