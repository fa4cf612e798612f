"""A real browser for the test of the whole road, with a camera and an eye for what goes wrong."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, Page, async_playwright

#: Where the pictures go; the folder is not kept in the repository.
SHOTS: Final = Path(__file__).parents[2] / ".shots"
WIDE, NARROW = (1440, 900), (390, 844)
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_TOO_WIDE: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start Chromium; the test fails, and is not skipped, where there is none."""
    async with async_playwright() as playwright:
        found = _find(playwright.chromium.executable_path)
        if found is None:
            pytest.fail(
                "Chromium is missing: install it (apt-get install chromium, or playwright install"
                " chromium). The whole road is only proven in a real browser."
            )
        browser = await playwright.chromium.launch(executable_path=found, args=list(_FLAGS))
        yield browser
        await browser.close()


def _find(own: str) -> str | None:
    """Give the path of the system's Chromium, or of Playwright's own."""
    return next(filter(None, map(shutil.which, (*_NAMES, own))), None)


class Eye:
    """Watches pages: what the browser complains of, and what does not fit."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.complaints: list[str] = []

    async def open(
        self, browser: Browser, *, size: tuple[int, int] = WIDE, scripts: bool = True
    ) -> Page:
        """Open a window of its own, as another person would."""
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            java_script_enabled=scripts,
        )
        context.set_default_timeout(15_000)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self._hear(page.url, said.type, said.text))
        return page

    async def shoot(self, page: Page, name: str) -> None:
        """Take a picture at both widths, and note what sticks out to the side."""
        before = page.viewport_size
        for (width, height), suffix in ((WIDE, "1440"), (NARROW, "390")):
            await page.set_viewport_size({"width": width, "height": height})
            if await page.evaluate(_TOO_WIDE) > 0:
                self.complaints.append(f"{name} is wider than {width} px")
            picture = SHOTS / f"{name}-{suffix}.png"
            await page.screenshot(path=picture, full_page=True, caret="initial")
        if before is not None:
            await page.set_viewport_size(before)

    def _hear(self, url: str, kind: str, text: str) -> None:
        """Note an error of the console, but for the 401 that a test itself brings about."""
        if kind == "error" and " 401 " not in text:
            self.complaints.append(f"{url}: {text}")
