"""A real browser for the pages. Where there is none these tests fail; none is skipped: `make browser` installs one."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from get_browser import find_browser
from playwright.sync_api import Browser, Page, sync_playwright

from exposure.case import Case
from exposure.publish.check.write import write_check
from tests.publish.scene import Scene

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a file of tests: playwright's loop must be gone before another file starts one of its own."""
    program, extra = find_browser()
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        running = playwright.chromium.launch(executable_path=program, args=arguments, env={**os.environ, **extra})
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., "Visit"]]:
    """Open a file as a visitor: `visit(path)`, with any options of a browser's context."""
    with ExitStack() as open_contexts:

        def go(path: Path, fragment: str = "", **options: Any) -> Visit:
            context = browser.new_context(
                **{"viewport": PHONE, "timezone_id": "Europe/Berlin", "locale": "en-GB"} | options
            )
            open_contexts.callback(context.close)
            return Visit(context.new_page(), path, fragment)

        yield go


class Visit:
    """One visit: the page, and whatever it asked of the network or complained about."""

    def __init__(self, page: Page, path: Path, fragment: str) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri() + fragment)

    @property
    def out(self) -> list[str]:
        """What went to the network."""
        return [url for url in self.asked if not url.startswith(("file:", "data:"))]

    def heading(self) -> str:
        """Give the heading of the step that shows."""
        return self.page.locator("section.step:visible").locator("h2").inner_text()

    def answer(self, *texts: str) -> None:
        """Click one answer after another."""
        for text in texts:
            self.page.locator("section.step:visible").get_by_role("link", name=text, exact=True).click()


def publish(scene: Scene) -> Path:
    """Write the page of a scene, and give it."""
    case = Case(scene.folder)
    for name, frame in scene.tables.items():
        case.write(name, frame)
    write_check(case, scene.incident)
    return scene.folder / "check" / "index.html"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """An incident to write rows into."""
    return Scene(tmp_path)
