"""What the pages of the shop itself have in common: who only looks is offered nothing to press, and sees no people."""

from tests.web.console.back_office_audiences import BACK_OFFICE
from tests.web.console.colleagues import CONSOLE, Colleague


async def test_an_analyst_is_offered_nothing_to_press(colleagues: dict[str, Colleague]) -> None:
    looked_at = [
        path
        for (method, path), audience in BACK_OFFICE.items()
        if method == "GET" and "analyst" in audience and "{" not in path and not path.endswith((".json", ".csv"))
    ]
    assert len(looked_at) == 8
    for path in looked_at:
        page = await colleagues["analyst"].get(CONSOLE + path)
        assert (page.status, page.count("main form[method='post']")) == (200, 0), path


async def test_an_analyst_reads_roles_instead_of_names(colleagues: dict[str, Colleague], owner: Colleague) -> None:
    page = await owner.get(f"{CONSOLE}/settings")
    await owner.submit(page, "#settings", bank_transfer_days="8")
    await owner.submit(await owner.get(f"{CONSOLE}/settings"), "#settings", bank_transfer_days="7")
    assert "by Livia Conti" in (await owner.get(f"{CONSOLE}/settings")).text_of(".happenings")
    assert "by owner" in (await colleagues["analyst"].get(f"{CONSOLE}/settings")).text_of(".happenings")
