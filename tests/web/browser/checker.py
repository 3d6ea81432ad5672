"""axe-core on an open page: what it finds serious or critical, in light and in dark."""

from pathlib import Path
from typing import Any

from playwright.async_api import Page

FOLDER = Path(__file__).parent / "axe"
AXE = FOLDER / "axe-core-4.14.1.min.js"
# The same around every page of a face, and looked at once.
FRAME = [".header", ".footer", "[data-chat]", ".side"]
WEIGHTY = ("serious", "critical")
# The same page in other colours can only differ in what its colours do.
IN_OTHER_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


async def findings(page: Page, where: str, options: dict[str, Any], exclude: list[str]) -> list[str]:
    """What axe finds serious or critical on the open page, with the first element of each."""
    found = await page.evaluate(
        "([exclude, options]) => axe.run({exclude}, {resultTypes: ['violations'], preload: false, ...options})",
        [exclude, options],
    )
    return [
        f"{where}: {one['id']}: {one['nodes'][0]['html'][:200]} ({len(one['nodes'])})"
        for one in found["violations"]
        if one["impact"] in WEIGHTY
    ]


async def findings_in_both(page: Page, where: str, *, frame: bool = True) -> list[str]:
    """In light with every rule, then in dark with those about colours; what frames every page may be left out."""
    exclude = [] if frame else FRAME
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE.read_text())
    found = await findings(page, f"{where}, light", {}, exclude)
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    return [*found, *await findings(page, f"{where}, dark", IN_OTHER_COLOURS, exclude)]
