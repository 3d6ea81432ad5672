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
# The console has more pages and less to look at closely; all pictures together stay small enough for a clone.
CONSOLE_QUALITY, CONSOLE_SCALES = 40, {"phone": 0.8, "desk": 0.7}
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

    @property
    def is_everything(self) -> bool:
        """Every picture of a face, as they are kept in the documentation."""
        kinds = (len(self.sizes), len(self.appearances), self.suffix)
        return not self.names and kinds == (len(SIZES), len(APPEARANCES), "webp")

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
        if wish.suffix == "webp":
            _save_small(cut, path, scene.face, size)
        else:
            cut.save(path)
    return path


def _save_small(picture: Image.Image, path: Path, face: str, size: str) -> None:
    if face == "storefront":
        picture.save(path, quality=QUALITY, method=6)
        return
    scale = CONSOLE_SCALES[size]
    smaller = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
    smaller.save(path, quality=CONSOLE_QUALITY, method=6)


def write_index(folder: Path, face: str, scenes: Sequence[Scene]) -> None:
    """A page that shows them all, beside the pictures."""
    kinds = [f"{size}-{appearance}" for size in ("desk", "phone") for appearance in APPEARANCES]
    lines = [
        f"# Every page of the {face}",
        "",
        f"Made by `python -m benchmarks.pictures --face {face}` from the demo shop.",
        "",
        f"| page | {' | '.join(kind.replace('-', ', ') for kind in kinds)} |",
        f"|---{'|---' * len(kinds)}|",
    ]
    for scene in scenes:
        cells = [
            f'<img src="{scene.name}-{kind}.webp" width="{300 if kind.startswith("desk") else 120}" '
            f'alt="{scene.name}, {kind.replace("-", ", ")}">'
            for kind in kinds
        ]
        lines.append(f"| {scene.name} | {' | '.join(cells)} |")
    (folder / face / "README.md").write_text("\n".join(lines) + "\n")


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
    if wish.is_everything:
        for face in {scene.face for scene in all_scenes() if wish.includes(scene)}:
            write_index(wish.target, face, [scene for scene in all_scenes() if scene.face == face])
    total = sum(path.stat().st_size for path in taken)
    print(f"{len(taken)} pictures, {total / 1_000_000:.1f} MB, in {wish.target}")


if __name__ == "__main__":
    main()
