"""A citizen finds a charter and reads it, on a phone, in either language, by keyboard, and without JavaScript."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_from_a_misspelt_search_to_the_charter_in_kiswahili(portal, page, sound, shoot):
    page.goto(portal)
    sound(page)
    shoot(page, "home")
    page.get_by_role("searchbox").fill("certificate of good condcut")
    page.keyboard.press("Enter")
    page.get_by_text("We searched for:").wait_for()
    sound(page)
    page.get_by_role("link", name="Police clearance certificate (good conduct)").click()
    expect(page.get_by_text("KSh 1,050.00")).to_be_visible()
    sound(page)
    shoot(page, "charter")
    page.get_by_role("link", name="Kiswahili").click()
    expect(page.get_by_role("heading", name="Cheti cha mwenendo mwema")).to_be_visible()
    expect(page.get_by_text("siku 14 hadi 28")).to_be_visible()
    sound(page)


@pytest.mark.parametrize("language", ["en", "sw"])
@pytest.mark.parametrize(
    "address", ["life-events/birth/", "bodies/", "bodies/CRS/", "counties/", "counties/047/", "nowhere/"]
)
def test_every_kind_of_page_is_sound(portal, browser, sound, language, address):
    page = browser.new_page()
    page.goto(f"{portal}/{language}/{address}")
    sound(page)
    page.close()


def test_without_javascript_and_by_keyboard_alone(portal, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{portal}/en/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to main content")
    page.get_by_role("searchbox").fill("passport")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Services found:").wait_for()
    context.close()


def test_the_first_page_weighs_less_than_30_kilobytes(portal, browser):
    context = browser.new_context()
    page = context.new_page()
    weights: list[int] = []
    page.on("requestfinished", lambda request: weights.append(request.sizes()["responseBodySize"]))
    page.goto(f"{portal}/en/", wait_until="networkidle")
    context.close()
    assert len(weights) <= 4
    assert sum(weights) < 30_000
