"""`python -m benchmarks.pictures`: pictures of every page of the demo shop, on a phone and a desk, light and dark."""

import argparse
import asyncio
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

from benchmarks import picture_console
from benchmarks.picture_scenes import SHOPPERS, Part, Scene, storefront
from benchmarks.picture_stage import Stage, open_stage
from benchmarks.shop_process import data_directory
from tests.web.browser.chromium import MISSING, chromium, find_chromium

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
QUALITY = 66
# As long as anybody scrolls through a picture in a document.
TALLEST_PIXELS = {"phone": 1_000, "desk": 900}
SIZES: Mapping[str, ViewportSize] = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
# Each plays a part once; then their scenes are taken.
CAST: Mapping[str, Part] = {**SHOPPERS, "owner": picture_console.owner}
Appearance = Literal["light", "dark"]
APPEARANCES: tuple[Appearance, ...] = ("light", "dark")


def all_scenes() -> list[Scene]:
    """Both faces."""
    return [*storefront(), *picture_console.scenes()]


@dataclass(frozen=True)
class Wish:
    """Which pictures are taken, and how they are kept."""

    target: Path
    names: Sequence[str] = ()
    sizes: Sequence[str] = tuple(SIZES)
    appearances: Sequence[Appearance] = APPEARANCES
    whole: bool = False
    suffix: str = "webp"
    face: str | None = None

    def includes(self, scene: Scene) -> bool:
        return self.face in (None, scene.face) and (not self.names or scene.name in self.names)


async def take(browser: Browser, stage: Stage, scenes: Sequence[Scene], wish: Wish) -> list[Path]:
    """Each scene once per size and appearance; everybody of the cast plays their part once."""
    taken: list[Path] = []
    for who in CAST:
        chosen = [scene for scene in scenes if scene.who == who and wish.includes(scene)]
        if not chosen:
            continue
        state, places = await _rehearsed(browser, stage, who)
        for size in wish.sizes:
            for appearance in wish.appearances:
                for scene in chosen:
                    context = await _context(browser, state, size, appearance)
                    taken.append(await _take_one(context, stage, scene, wish, places, f"{size}-{appearance}"))
                    await context.close()
    return taken


async def _rehearsed(browser: Browser, stage: Stage, who: str) -> tuple[Any, Mapping[str, str]]:
    context = await browser.new_context(viewport=SIZES["desk"])
    places = await CAST[who](await context.new_page(), stage)
    state = await context.storage_state()
    await context.close()
    return state, places


async def _context(browser: Browser, state: Any, size: str, appearance: Appearance) -> BrowserContext:
    return await browser.new_context(
        storage_state=state,
        viewport=SIZES[size],
        has_touch=size == "phone",
        is_mobile=size == "phone",
        color_scheme=appearance,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Rome",
    )


async def _take_one(
    context: BrowserContext, stage: Stage, scene: Scene, wish: Wish, places: Mapping[str, str], kind: str
) -> Path:
    page = await context.new_page()
    await page.goto(f"{stage.base}{scene.address.format(**places)}", wait_until="networkidle")
    if scene.act is not None:
        await scene.act(page)
    await _settled(page)
    size = kind.partition("-")[0]
    shot = await page.screenshot(full_page=wish.whole or scene.act is None, animations="disabled", caret="hide")
    path = wish.target / scene.face / f"{scene.name}-{kind}.{wish.suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(shot)) as picture:
        tallest = picture.height if wish.whole else min(picture.height, TALLEST_PIXELS[size])
        cut = picture.convert("RGB").crop((0, 0, picture.width, tallest))
        cut.save(path, quality=QUALITY, method=6) if wish.suffix == "webp" else cut.save(path)
    return path


async def _settled(page: Page) -> None:
    """Fonts and pictures are there, also those further down that wait to be scrolled to."""
    await page.evaluate(
        """async () => {
            for (const image of document.images) image.loading = "eager";
            await document.fonts.ready;
            await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
        }"""
    )
    await page.wait_for_load_state("networkidle")


def main() -> None:
    """Takes them all into docs/pictures/, or those that are named elsewhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="scenes, for example `home checkout`; all when none is named")
    parser.add_argument("--face", choices=sorted({scene.face for scene in all_scenes()}))
    parser.add_argument("--to", type=Path, default=PICTURES, help="folder to keep them in")
    parser.add_argument("--size", choices=list(SIZES), action="append")
    parser.add_argument("--appearance", choices=APPEARANCES, action="append")
    parser.add_argument("--whole", action="store_true", help="from top to bottom, however tall")
    parser.add_argument("--png", action="store_true", help="PNG instead of WebP")
    parser.add_argument("--shop", type=Path, help="keep the demo shop in this folder, or take the one that is there")
    chosen = parser.parse_args()
    wish = Wish(
        chosen.to,
        chosen.names,
        chosen.size or tuple(SIZES),
        chosen.appearance or APPEARANCES,
        chosen.whole,
        "png" if chosen.png else "webp",
        chosen.face,
    )
    unknown = set(chosen.names) - {scene.name for scene in all_scenes()}
    if unknown:
        raise SystemExit(f"no such scene: {', '.join(sorted(unknown))}")
    if chosen.shop is not None:
        asyncio.run(_take_in(chosen.shop, wish))
    else:
        with data_directory() as fresh:
            asyncio.run(_take_in(fresh, wish))


async def _take_in(directory: Path, wish: Wish) -> None:
    program = find_chromium()
    if program is None:
        raise SystemExit(MISSING)
    async with open_stage(directory) as stage, chromium(program) as browser:
        taken = await take(browser, stage, all_scenes(), wish)
    total = sum(path.stat().st_size for path in taken)
    print(f"{len(taken)} pictures, {total / 1_000_000:.1f} MB, in {wish.target}")


if __name__ == "__main__":
    main()
