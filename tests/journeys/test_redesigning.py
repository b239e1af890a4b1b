"""A charter shows what people got; a supervisor compares two versions, tries a redesign, and tells others what was improved."""

from datetime import timedelta

import pytest
from django.utils import timezone

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.performance import public as performance
from huduma.contexts.reengineering import public as reengineering
from huduma.foundation.access import SYSTEM
from tests.history import SERVICE, History, redesigned

pytestmark = pytest.mark.browser


@pytest.fixture
def past(portal, tmp_path):
    """Three months of cases under two versions, counted as in the night."""
    now = timezone.now()
    first = catalogue.get_service(SERVICE).current_version
    History(first).fill(150, until=now - timedelta(days=1), days=80)
    second = redesigned(tmp_path)
    History(second, seed=2, send_back=0).fill(80, until=now - timedelta(days=1), days=30)
    for version in (first, second):
        reengineering.measure_version(actor=SYSTEM, version_id=version.id, now=now)
    performance.roll_up(actor=SYSTEM, now=now)


@pytest.fixture
def boss(portal, page, enter_desk_in_browser):
    """A supervisor of CRS who also serves in the Secretariat, signed in."""
    now = timezone.now()
    account = identity.open_staff_account(
        actor=SYSTEM, email="neema@example.org", password="correct-horse-battery", first_name="Neema",
        surname="Mfano", now=now,
    )  # fmt: skip
    identity.grant_role(actor=SYSTEM, account_id=account.id, role="supervisor", body_code="CRS", now=now)
    identity.grant_role(actor=SYSTEM, account_id=account.id, role="secretariat", body_code=None, now=now)
    enter_desk_in_browser(page.context, portal, account)


def test_a_charter_shows_what_people_got_and_each_figure_leads_to_its_cases(
    portal, past, boss, page, sound_in_both, shoot
):
    page.goto(f"{portal}/en/services/{SERVICE}/")
    page.get_by_text("By county, and by the way people applied").click()
    page.get_by_role("heading", name="What people got").scroll_into_view_if_needed()
    shoot(page, "figures")
    sound_in_both(page)
    page.goto(f"{portal}/en/desk/figures/")
    sound_in_both(page)
    page.get_by_role("link", name="Birth certificate").click()
    page.get_by_role("heading", name="Birth certificate").wait_for()
    sound_in_both(page)


def test_a_redesign_is_compared_simulated_and_told(portal, past, boss, page, drain_jobs, sound_in_both, shoot):
    page.goto(f"{portal}/en/desk/redesign/")
    sound_in_both(page)
    page.get_by_role("link", name="Birth certificate (current").click()
    page.get_by_role("heading", name="Versions, as their cases went").wait_for()
    sound_in_both(page)
    page.get_by_role("link", name="Version 1").click()
    page.get_by_role("heading", name="Where cases wait").wait_for()
    sound_in_both(page)
    shoot(page, "flow")
    page.goto(f"{portal}/en/desk/redesign/{SERVICE}/")
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("heading", name="Two versions compared").wait_for()
    sound_in_both(page)
    shoot(page, "comparison")
    page.goto(f"{portal}/en/desk/redesign/{SERVICE}/")
    page.get_by_role("link", name="Try a redesign").click()
    page.get_by_label("A version or a package on its way").select_option("Version 2")
    page.get_by_role("button", name="Take this one").click()
    sound_in_both(page)
    page.get_by_label("In the redesign").fill("four")
    page.get_by_role("button", name="Simulate").click()
    page.get_by_role("link", name="Say for each team").wait_for()
    page.get_by_label("In the redesign").fill("4")
    page.get_by_role("button", name="Simulate").click()
    page.get_by_text("The simulation is running.").wait_for()
    sound_in_both(page)
    drain_jobs()
    page.reload()  # sooner than it renews itself
    page.get_by_role("heading", name="How busy officers would be").wait_for()
    sound_in_both(page)
    shoot(page, "simulation")
    page.goto(f"{portal}/en/desk/redesign/{SERVICE}/compare/?first=1&second=2")
    page.get_by_role("link", name="Tell others what was improved").click()
    sound_in_both(page)
    for label in (
        "Title, in English",
        "Title, in Kiswahili",
        "What was changed, in English",
        "What was changed, in Kiswahili",
    ):
        page.get_by_label(label).fill("Hakuna kurudishwa")
    page.get_by_role("button", name="Enter it in the register").click()
    page.get_by_text("It is in the register.").wait_for()
    sound_in_both(page)
    page.get_by_role("button", name="Tell the public").click()
    page.get_by_text("Everybody can read it now.").wait_for()
    page.goto(f"{portal}/en/innovations/")
    page.get_by_role("heading", name="Hakuna kurudishwa").wait_for()
    sound_in_both(page)
