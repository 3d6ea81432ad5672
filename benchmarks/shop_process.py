"""A shop of its own for a benchmark: fresh data directory, catalogue, and `bottega serve` as a real process."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bottega.actions.actor import Actor
from bottega.bootstrap import Application, open_application
from bottega.platform.database import embedded, server_files
from bottega.settings import Settings
from bottega.shop.catalogue.product_record import ProductRecord
from bottega.shop.flows.import_products import UpsertProducts
from bottega.shop.promotions.actions import CreatePromotion
from bottega.shop.shipping.actions import CreateMethod, CreateZone, RateRow
from bottega.shop.shop_settings import ChangeShopSettings
from bottega.shop.taxes.actions import LoadTaxRates

OWNER = Actor("staff", "stf_000000000000000000000bench", "owner")
PRODUCTS = 2_000
STOCK = 1_000_000
MATERIALS = ("wool", "cotton", "down", "nylon", "leather", "cork", "linen", "steel")
THINGS = ("jacket", "boot", "tent", "lamp", "bottle", "glove", "pack", "stove", "rope", "map")


@dataclass(frozen=True)
class BenchShop:
    """Where the shop answers, and what a load client needs to know of it."""

    port: int
    data_directory: Path
    process: "subprocess.Popen[bytes]"
    start_seconds: float


def environment(data_directory: Path) -> dict[str, str]:
    """The environment of the shop's processes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BOTTEGA_", "DATABASE_URL"))}
    return {**kept, "BOTTEGA_DATA_DIR": str(data_directory), "BOTTEGA_REQUESTS_PER_MINUTE": "100000000"}


@contextmanager
def data_directory() -> Generator[Path]:
    """A fresh data directory; its database is stopped and removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix="bottega-bench-"))
    try:
        yield directory
    finally:
        embedded.reset(directory)
        shutil.rmtree(directory, ignore_errors=True)


async def fill(directory: Path, products: int = PRODUCTS) -> None:
    """All rules on: tax, shipping, an automatic promotion, stock, and a catalogue of made-up products."""
    settings = Settings(_env_file=None, data_dir=directory)  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument
    async with open_application(settings) as application:
        await _frame(application)
        for start in range(0, products, 200):
            batch = tuple(_product(number) for number in range(start, min(start + 200, products)))
            (await application.performer.perform(UpsertProducts(products=batch), by=OWNER)).unwrap()


async def _frame(application: Application) -> None:
    perform = application.performer.perform
    rates = [
        {"country": "IT", "tax_class": "standard", "rate": "0.22", "valid_from": "2013-10-01"},
        {"country": "DE", "tax_class": "standard", "rate": "0.19", "valid_from": "2007-01-01"},
    ]
    (await perform(ChangeShopSettings(values={"shop_name": "Benchmark"}), by=OWNER)).unwrap()
    (await perform(LoadTaxRates.model_validate({"rates": rates}), by=OWNER)).unwrap()
    zone = (await perform(CreateZone(name="Europe", countries=("IT", "DE")), by=OWNER)).unwrap()
    method = CreateMethod(
        zone_id=zone["zone_id"], name="Standard", currency="EUR", rates=(RateRow(up_to_grams=None, amount_minor=590),)
    )
    (await perform(method, by=OWNER)).unwrap()
    promotion = CreatePromotion(
        name="Five off from fifty", kind="amount", amount_minor=500, currency="EUR", minimum_subtotal_minor=5000
    )
    (await perform(promotion, by=OWNER)).unwrap()


def product_title(number: int) -> str:
    """What the product of that number is called."""
    return f"{MATERIALS[number % 8].title()} {THINGS[number // 8 % 10]} {number}"


def _product(number: int) -> ProductRecord:
    material, thing = MATERIALS[number % 8], THINGS[number // 8 % 10]
    return ProductRecord.model_validate(
        {
            "handle": f"bench-{number}",
            "title": product_title(number),
            "description": f"A {thing} made of {material}, number {number}, for walks in every season.",
            "brand": f"House {number % 25}",
            "category": f"bench/{thing}",
            "status": "published",
            "tax_class": "standard",
            "attributes": {"material": material, "season": "all-season"},
            "option_names": ["size"],
            "variants": [
                {
                    "sku": f"BENCH-{number}-{size}",
                    "option_values": {"size": size},
                    "weight_grams": 300,
                    "prices": {"EUR": 2000 + number},
                    "stock": {"main": STOCK},
                }
                for size in ("S", "M", "L")
            ],
        }
    )


@contextmanager
def serving(directory: Path, *, workers: int = 2, embedder: str | None = None) -> Generator[BenchShop]:
    """`bottega serve` on a free port, until left; `start_seconds` is the time to the first answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "bottega", "serve", "--port", str(port), "--workers", str(workers)]
    began = time.perf_counter()
    chosen = {} if embedder is None else {"BOTTEGA_EMBEDDER": embedder}
    process = subprocess.Popen(command, env={**environment(directory), **chosen}, start_new_session=True)
    try:
        _wait_for(port, process)
        yield BenchShop(port, directory, process, time.perf_counter() - began)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        if process.poll() is not None:
            raise SystemExit(f"bottega serve ended with code {process.returncode}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return
        except OSError:
            time.sleep(0.01)
    raise SystemExit("bottega serve did not answer in time")


class ProcessorTime:
    """What the parts of a running shop use of the processor from now on: steadier than wall time on a busy machine."""

    def __init__(self, shop: BenchShop) -> None:
        self._web_and_worker = _family(shop.process.pid)
        self._directory = shop.data_directory
        self._before = self._used()

    def milliseconds_each(self, count: int) -> dict[str, float]:
        """Used since the beginning, per order."""
        after = self._used()
        return {part: 1000 * (after[part] - self._before[part]) / max(1, count) for part in after}

    def _used(self) -> dict[str, float]:
        main, worker, *web = self._web_and_worker
        return {
            "web processes": sum(processor_seconds(pid) for pid in web),
            "job worker": processor_seconds(worker) + processor_seconds(main),
            "PostgreSQL": database_seconds(self._directory),
            "load client": time.process_time(),
        }


def database_seconds(directory: Path) -> float:
    """User and system time of the embedded PostgreSQL of a data directory, with that of its backends that ended."""
    return sum(processor_seconds(pid, ended=True) for pid in _database_family(directory))


def _database_family(directory: Path) -> list[int]:
    files = server_files.locate(directory)
    assert files is not None, "the shop runs on the embedded server"
    found = server_files.postmaster_entry(files.cluster)
    assert found is not None, "the embedded server runs"
    return _family(found[0])


def processor_seconds(pid: int, *, ended: bool = False) -> float:
    """User and system time of a process, with `ended` also of its children that ended (proc(5), fields 14 to 17)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11 : 15 if ended else 13])) / os.sysconf("SC_CLK_TCK")


def memory_mib(process_id: int) -> float:
    """Proportional set size of a process and all below it, without the database's."""
    total = 0
    for pid in _family(process_id):
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            if name.startswith("postgres"):
                continue
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            continue
    return total / 1024


def _family(process_id: int) -> list[int]:
    found = [process_id]
    for task in Path(f"/proc/{process_id}/task").glob("*/children"):
        for child in task.read_text().split():
            found += _family(int(child))
    return found


def fill_now(directory: Path) -> None:
    """`fill` from ordinary code."""
    asyncio.run(fill(directory))
