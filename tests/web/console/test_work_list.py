"""What the address of a work list asks for, and how the list says so again."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from starlette.datastructures import QueryParams

from bottega.web.console.work_list import LAST_PAGE, ROWS_PER_PAGE, Asked, Column, Filter, WorkList, asked_of
from bottega.web.visit import Visit

STATE = Filter("state", "State", (("", "All"), ("open", "Open"), ("done", "Done")))


def asked(query: str) -> Asked:
    url = SimpleNamespace(path="/console/things")
    visit: Any = SimpleNamespace(request=SimpleNamespace(query_params=QueryParams(query), url=url))
    return asked_of(cast(Visit, visit), sorts=("placed", "total"), default="-placed", filters=(STATE,))


def test_what_is_not_known_is_not_asked() -> None:
    found = asked("state=stolen&sort=password&page=-1&q=%00%20map%20")
    assert found == Asked("/console/things", "map", {"state": ""}, "placed", True, 1)
    assert asked("page=99999").page == 1
    assert asked("page=9999").page == LAST_PAGE


def test_an_address_keeps_what_was_asked_and_begins_at_the_first_page() -> None:
    found = asked("q=red+map&state=open&sort=total&page=3")
    assert found.address(page=4) == "/console/things?q=red+map&state=open&sort=total&page=4"
    assert found.address(state="done") == "/console/things?q=red+map&state=done&sort=total"
    assert found.sorted_address("total") == "/console/things?q=red+map&state=open&sort=-total"
    assert found.sorted_address("placed") == "/console/things?q=red+map&state=open&sort=placed"
    assert (found.offset, found.limit) == (2 * ROWS_PER_PAGE, ROWS_PER_PAGE + 1)


def test_order_is_of_known_columns() -> None:
    columns = {"placed": "o.placed_at, o.id", "total": "o.total_minor, o.id"}
    assert asked("").order(columns) == "o.placed_at DESC, o.id DESC"
    assert asked("sort=total").order(columns) == "o.total_minor ASC, o.id ASC"


def test_the_row_too_many_is_the_next_page() -> None:
    rows = [{"id": str(number)} for number in range(ROWS_PER_PAGE + 1)]
    shown = WorkList("Things", asked("page=2"), (Column("Id"),), rows)
    assert len(shown.shown) == ROWS_PER_PAGE
    assert shown.range_words == "51–100"
    assert shown.next_address == "/console/things?sort=-placed&page=3"
    assert shown.previous_address == "/console/things?sort=-placed"
    last = replace(shown, rows=rows[:1], asked=asked(""))
    assert (last.next_address, last.previous_address, last.range_words) == ("", "", "1–1")
    assert last.key_of(rows[0]) == "0"


def test_rows_that_are_called_alike_are_told_apart() -> None:
    rows = [
        {"id": "job_1", "name": "mail.send"},
        {"id": "job_2", "name": "mail.send"},
        {"id": "job_3", "name": "search.index"},
        {"id": "var_1", "title": "Ridge Jacket", "sku": "RJ-M"},
        {"id": "var_2", "title": "Ridge Jacket", "sku": "RJ-L"},
        {"id": "eff_1"},
    ]
    shown = WorkList("Things", asked(""), (Column("Id"),), rows)
    assert [shown.name_of(row) for row in rows] == [
        "mail.send, job_1",
        "mail.send, job_2",
        "search.index",
        "Ridge Jacket, RJ-M",
        "Ridge Jacket, RJ-L",
        "eff_1",
    ]
