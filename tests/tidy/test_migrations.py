"""The schema has one head, and every table of the shop is folded from the log."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from tests.tidy.source_tree import Source, code_sources, listed

MIGRATIONS = Path(__file__).resolve().parents[2] / "src/bottega/platform/database/migrations"
COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
CREATED = re.compile(r"\bCREATE\s+(?:UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?shop\.(\w+)", re.IGNORECASE)
FOLDED = re.compile(r"\blog\.fold\(\s*'shop\.(\w+)'")


def unfolded_tables(source: Source) -> Iterator[str]:
    """Shop tables created without the trigger that records their changes, in the same file and after it."""
    sql = COMMENT.sub("", source.text)
    for created in CREATED.finditer(sql):
        table = created[1]
        if table not in FOLDED.findall(sql, created.end()):
            yield f"{source.path}: shop.{table} is not folded; add SELECT log.fold('shop.{table}') after it"


def needless_folds(source: Source) -> Iterator[str]:
    """Folds of tables that the file does not create: a typing error would leave a table unguarded."""
    sql = COMMENT.sub("", source.text)
    created = set(CREATED.findall(sql))
    for table in FOLDED.findall(sql):
        if table not in created:
            yield f"{source.path}: log.fold('shop.{table}') stands without CREATE TABLE shop.{table}"


def sql_sources() -> list[Source]:
    return [source for source in code_sources() if source.path.endswith(".sql")]


def test_every_table_of_the_shop_is_folded() -> None:
    findings = [finding for source in sql_sources() for finding in unfolded_tables(source)]
    findings += [finding for source in sql_sources() for finding in needless_folds(source)]
    assert not findings, listed(findings)


@pytest.mark.skipif(not (MIGRATIONS / "versions").is_dir(), reason="no migrations yet")
def test_migrations_have_one_head() -> None:
    heads = ScriptDirectory(str(MIGRATIONS)).get_heads()
    assert len(heads) == 1, f"{len(heads)} heads ({', '.join(heads)}): rebase one migration onto the other"


def test_an_unfolded_table_is_found() -> None:
    table = 'CREATE TABLE shop.orders (id text COLLATE "C" PRIMARY KEY);\n'
    fold = "SELECT log.fold('shop.orders');\n"
    assert not list(unfolded_tables(Source("a.sql", table + fold)))
    assert not list(unfolded_tables(Source("a.sql", "CREATE TABLE platform.sessions (id text);\n")))
    for text in (table, fold + table, table + "-- " + fold, table + fold.replace("orders", "order_lines")):
        assert list(unfolded_tables(Source("a.sql", text))) == [
            "a.sql: shop.orders is not folded; add SELECT log.fold('shop.orders') after it"
        ], text


def test_a_fold_without_its_table_is_found() -> None:
    (finding,) = needless_folds(Source("a.sql", "SELECT log.fold('shop.ordres');\n"))
    assert finding == "a.sql: log.fold('shop.ordres') stands without CREATE TABLE shop.ordres"
