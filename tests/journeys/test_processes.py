"""A process drawn for everybody; a supervisor moves running cases to a new version and back, and sees to a stuck step."""

import shutil
from itertools import count

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from huduma.contexts.applications.tests.conftest import PNG
from huduma.contexts.applications.tests.test_applying import birth, pay, submit
from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Account
from huduma.contexts.process import public as process
from huduma.contexts.process.providers import plugs
from huduma.foundation.access import ANONYMOUS, SYSTEM

pytestmark = pytest.mark.browser
CODE = "birth-cert-current"


@pytest.fixture
def asha(portal):
    """The account of a citizen who has proven who she is."""
    now = timezone.now()
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language="en", now=now)
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    return Account.objects.get(id=account.id)


@pytest.fixture
def paid(asha, drain_jobs):
    """An application of hers that an officer has to review."""
    numbers = count()
    actor = identity.actor_for(asha, channel="portal", purpose="self-service")
    application = submit(actor, birth(actor, lambda number: PNG + bytes([number, next(numbers)])))
    pay(application, drain_jobs)
    return application


@pytest.fixture
def boss(portal, page, enter_desk_in_browser, officer_actor):
    """A supervisor of CRS, signed in; returns one who can look into cases without the browser."""
    now = timezone.now()
    account = identity.open_staff_account(
        actor=SYSTEM, email="neema@example.org", password="correct-horse-battery", first_name="Neema",
        surname="Mfano", now=now,
    )  # fmt: skip
    identity.grant_role(actor=SYSTEM, account_id=account.id, role="supervisor", body_code="CRS", now=now)
    enter_desk_in_browser(page.context, portal, account)
    return officer_actor("CRS", "supervisor")


@pytest.mark.parametrize(
    ("language", "steps", "here"),
    [("en", "The steps of an application", "You are here"), ("sw", "Hatua za ombi", "Uko hapa")],
)
def test_the_process_is_drawn_for_everybody_and_on_an_applicants_page(
    portal, asha, paid, page, sound, shoot, language, steps, here
):
    page.goto(f"{portal}/{language}/services/{CODE}/")
    page.get_by_text(steps, exact=True).first.click()
    expect(page.locator("svg.flow")).to_be_visible()
    sound(page)
    shoot(page, f"charter-drawn-{language}")
    client = Client()
    client.force_login(asha)
    name = django_settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": portal}])
    page.goto(f"{portal}/{language}/a/{paid.reference}/")
    page.locator("svg.flow").scroll_into_view_if_needed()
    expect(page.locator("svg.flow desc")).to_contain_text(here)
    sound(page)
    shoot(page, f"way-{language}")


def test_running_cases_are_moved_with_a_report_and_moved_back(portal, paid, boss, page, sound, tmp_path):
    folder = tmp_path / CODE
    shutil.copytree(django_settings.SERVICES_DIR / CODE, folder)
    text = (
        (folder / "process.bpmn").read_text().replace('name="Review the application"', 'name="Look at the application"')
    )
    (folder / "process.bpmn").write_text(text)
    catalogue.load_packages(actor=SYSTEM, path=folder, now=timezone.now())
    page.goto(f"{portal}/en/desk/processes/")
    sound(page)
    page.get_by_role("link", name="Birth certificate").click()
    page.get_by_role("heading", name="Move running cases").wait_for()
    sound(page)
    page.get_by_role("button", name="Move the chosen cases").click()
    page.get_by_text("Cases that were moved: 1.").wait_for()
    sound(page)
    assert process.get_task_for(boss, paid.id)[0].name["en"] == "Look at the application"
    page.get_by_role("button", name="Take this move back").click()
    page.get_by_text("Cases that went back: 1.").wait_for()
    assert process.get_task_for(boss, paid.id)[0].name["en"] == "Review the application"
    page.goto(f"{portal}/sw/desk/processes/moves/{CODE}/")
    sound(page)


def test_a_stuck_step_is_skipped_with_a_reason(portal, paid, boss, page, sound, monkeypatch):
    monkeypatch.setitem(plugs.actions._plugs, "issue-credential", plugs.Service(lambda **_: 1 / 0, None, {}, {}))
    task, _ = process.get_task_for(boss, paid.id)
    process.complete_task(actor=boss, task_id=task.id, outcome="approve", now=timezone.now())
    page.goto(f"{portal}/en/desk/cases/{paid.id}/")
    page.get_by_text("The steps of this case", exact=True).click()
    sound(page)
    page.get_by_role("link", name="See to it").click()
    page.get_by_text("ZeroDivisionError").wait_for()
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("The step failed again").wait_for()
    page.get_by_text("Skip this step").click()
    page.get_by_role("button", name="Skip it").click()
    page.get_by_text("Write the reason").wait_for()
    sound(page)
    page.get_by_label("Reason").fill("Handed out on paper by the registry")
    page.get_by_role("button", name="Skip it").click()
    page.get_by_text("Nothing is stuck.").wait_for()
    page.goto(f"{portal}/sw/desk/processes/")
    sound(page)
