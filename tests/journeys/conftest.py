"""A real browser, the real server, and the rule that no page may break WCAG 2.2 A or AA."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.centres import public as centres
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM
from tests import rows

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
AXE = Axe().axe_script
# Only what breaks a rule leaves the page: all that keeps it is a hundred times as much, and slower to carry than to check.
BROKEN = """rules => axe.run({...rules, resultTypes: ['violations']})
    .then(said => said.violations.map(one => [one.id, one.nodes.slice(0, 3).map(node => node.html)]))"""
SHADES = ("color-contrast", "link-in-text-block")
COLOURS = {"runOnly": {"type": "rule", "values": SHADES}}  # all that a scheme changes
WORDS = {**RULES, "rules": {one: {"enabled": False} for one in SHADES}}  # all that a language changes
# Marks a page that a link or a form is about to replace: a click returns before its page has come.
LEAVING = """(() => {
    const leave = event => {
        if (event.defaultPrevented) return
        const link = event.type === 'click' && event.target.closest?.('a[href]')
        if (event.type === 'submit' || (link && !link.target && link.href.split('#')[0] !== location.href.split('#')[0]))
            document.documentElement.dataset.leaving = ''
    }
    addEventListener('click', leave)
    addEventListener('submit', leave)
})()"""
FORM = "status of 422"  # a form that is shown again is no failure, whatever the browser's console calls it
# Text at 200 %: what then has to be scrolled sideways, and what is cut off.
ENLARGED = """() => {
    const root = document.documentElement
    root.style.fontSize = '200%'
    const cut = [...document.querySelectorAll('main *, header *')].filter(one => {
        const style = getComputedStyle(one)
        return style.overflow === 'hidden' && !one.matches('.hidden, .hidden *') && style.clipPath === 'none'
            && (one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1)
    }).map(one => one.outerHTML.slice(0, 80))
    const wide = root.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
        .filter(one => one.getBoundingClientRect().right > innerWidth).map(one => one.outerHTML.slice(0, 80))
    root.style.fontSize = ''
    return [...wide, ...cut]
}"""
expect.set_options(timeout=30_000)  # milliseconds, as long as every other step of a journey may take on a busy machine
SCREENSHOTS = Path(django_settings.BASE_DIR) / "docs" / "screenshots"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("no Chromium was found, and browser journeys are required here")
        pytest.skip("browser journeys need Chromium: on Debian `apt-get install chromium`")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        open_context = started.new_context

        def new_context(**options: Any) -> BrowserContext:
            context = open_context(**options)
            context.add_init_script(LEAVING)
            return context

        started.new_context = new_context  # type: ignore[method-assign]
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone in the hand; a script error or a refused resource fails the test."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console", lambda said: errors.append(said.text) if said.type == "error" and FORM not in said.text else None
    )
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def enter_desk_in_browser(enter_desk: Callable[..., None]) -> Callable[..., None]:
    """Signs a member of staff in, in a browser, as after password and second factor."""

    def enter(context: BrowserContext, address: str, account: Any) -> None:
        client = Client()
        enter_desk(client, account)
        name = django_settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": address}])

    return enter


@pytest.fixture
def sound() -> Callable[[Page], None]:
    """Checks the page shown: no axe violation in light and dark, nothing to scroll sideways at 320 px, nothing cut at 200 %."""

    def check(page: Page) -> None:
        page.locator("html:not([data-leaving])").wait_for(state="attached")
        page.wait_for_load_state()
        page.evaluate(AXE)
        english = page.locator("html").get_attribute("lang") == "en"
        for scheme, rules in (("light", RULES), ("dark", COLOURS)) if english else (("light", WORDS),):
            page.emulate_media(color_scheme=scheme)
            found = page.evaluate(BROKEN, rules)
            assert not found, found
        page.emulate_media(color_scheme="light")
        size = page.viewport_size
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.set_viewport_size({"width": 640, "height": 640})
        assert page.evaluate(ENLARGED) == []
        page.set_viewport_size(size)

    return check


@pytest.fixture
def sound_in_both(sound: Callable[[Page], None]) -> Callable[[Page], None]:
    """Checks the page shown in English and in Kiswahili, and comes back to the first."""

    def check(page: Page) -> None:
        sound(page)
        if not page.locator("form#page").count():  # where text is being typed, the switch saves and moves on
            here = page.url
            page.goto(here.replace("/en/", "/sw/", 1))
            sound(page)
            page.goto(here)

    return check


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Makes a screenshot of the README, where SCREENSHOTS=1 asks for new ones."""

    def save(page: Page, name: str) -> None:
        if os.environ.get("SCREENSHOTS"):
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return save


@pytest.fixture
def server(live_server, transactional_db, settings) -> str:
    """The address of the real server, to which gateways call back too."""
    # The test server finds styles by their own names, not by the hashed ones of a real installation.
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.HOOKS_BASE_URL = settings.PUBLIC_URL = live_server.url
    return live_server.url


_loaded: dict[str, bytes] = {}


@pytest.fixture
def portal(server, settings) -> str:
    """The address of a portal with the whole catalogue, which is loaded once and then put back row by row."""
    if not _loaded:
        places.load_places(actor=SYSTEM)
        centres.load_centres(actor=SYSTEM)
        catalogue.load_packages(actor=SYSTEM, path=settings.SERVICES_DIR, now=timezone.now())
        _loaded.update(rows.copied())
    else:
        rows.put_back(_loaded)
    return server
