"""Pictures of the board for the documents, of a large cluster that is made up: `make screens`."""

import asyncio
import time
from pathlib import Path

from playwright.async_api import Browser, Page

from tools.board.scene import Size
from tools.board.served import Served, large, painted, started
from tools.plane.progress import Steps

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"


def main() -> None:
    asyncio.run(_all())


async def _all() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with large(Size(now=time.time())) as served, started(Steps()) as browser:
        await _queue(await _page(browser, served, "light"))
        await _racks(await _page(browser, served, "dark"))
        await _outlook(await _page(browser, served, "light"))
        await _what_if(await _page(browser, served, "light"))


async def _page(browser: Browser, served: Served, scheme: str) -> Page:
    page = await browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    await painted(page, served.address)
    await page.locator("#row-0").wait_for()
    return page


async def _queue(page: Page) -> None:
    await page.click("#row-1")
    await page.locator("#explanation .sentences").wait_for()
    await page.mouse.wheel(0, -5000)
    await _taken(page, "board")


async def _racks(page: Page) -> None:
    await page.click("[aria-label='Racks of pool ascend-910b']")
    await page.locator(".domains li").first.wait_for()
    await page.mouse.wheel(0, -5000)
    await _taken(page, "board-racks")


async def _outlook(page: Page) -> None:
    for at in range(await page.locator("#charts img").count()):
        await page.locator("#charts img").nth(at).evaluate("one => one.decode()")
    await page.locator("#outlook").screenshot(path=FOLDER / "board-outlook.png")
    await page.close()


async def _what_if(page: Page) -> None:
    await page.fill("#changes input", "nvidia-h800=10%")
    await page.click("#ask")
    await page.locator("#answer table").first.wait_for()
    await page.locator("#what-if").scroll_into_view_if_needed()
    await page.locator("#what-if").screenshot(path=FOLDER / "board-what-if.png")
    await page.close()


async def _taken(page: Page, name: str) -> None:
    await page.screenshot(path=FOLDER / f"{name}.png")
    await page.close()


if __name__ == "__main__":
    main()
