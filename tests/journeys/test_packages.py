"""An analyst uploads a package, mends it and submits it; the Secretariat approves and publishes it; a citizen applies for it."""

import re
import shutil

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.catalogue.providers import sources
from huduma.contexts.identity import public as identity
from huduma.foundation.access import ANONYMOUS, SYSTEM

pytestmark = pytest.mark.browser
CODE = "repaid-loan-letter"


@pytest.fixture
def folder(tmp_path):
    """A new package, made from one that is alike."""
    copy = shutil.copytree(django_settings.SERVICES_DIR / "helb-clearance", tmp_path / CODE)
    for file in copy.iterdir():
        text = file.read_text().replace("helb-clearance", CODE)
        file.write_text(text.replace("HELB clearance certificate", "Letter of a repaid loan"))
    return copy


@pytest.fixture
def staff(portal, browser, enter_desk_in_browser):
    """Opens a page at the desk for somebody with a role."""
    contexts = []

    def enter(name, role, body=None):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{name.lower()}@example.org", password="correct-horse-battery", first_name=name,
            surname="Mfano", now=timezone.now(),
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=timezone.now())
        context = browser.new_context(viewport={"width": 390, "height": 844})
        contexts.append(context)
        enter_desk_in_browser(context, portal, account)
        return context.new_page()

    yield enter
    for context in contexts:
        context.close()


def zip_file(folder):
    source, _ = sources.from_folder(folder)
    file = folder.parent / f"{CODE}.zip"
    file.write_bytes(sources.to_zip(CODE, source))
    return file


def test_from_the_analysts_folder_to_a_citizens_application(portal, folder, staff, page, sound_in_both, shoot):
    form = folder / "form.yaml"
    sound_form = form.read_text()
    form.write_text(re.sub(r"label: \{en: ([^,}]+), sw: [^}]+\}", r"label: {en: \1}", sound_form, count=1))
    analyst = staff("Amina", "analyst", "HELB")
    analyst.goto(f"{portal}/en/desk/services/")
    analyst.get_by_role("heading", name="Services and their versions").wait_for()
    analyst.get_by_role("button", name="Upload and check").click()
    analyst.get_by_text("Choose the .zip file of the package.").wait_for()
    analyst.get_by_label("The package’s folder as a .zip").set_input_files(zip_file(folder))
    analyst.get_by_role("button", name="Upload and check").click()
    analyst.get_by_text("the Kiswahili is missing").wait_for()
    sound_in_both(analyst)
    shoot(analyst, "package-faults")
    expect(analyst.get_by_role("button", name="Submit to the Secretariat")).to_have_count(0)
    form.write_text(sound_form)
    analyst.get_by_label("The package’s folder as a .zip").set_input_files(zip_file(folder))
    analyst.get_by_role("button", name="Upload and check").click()
    analyst.get_by_text("No fault was found.").wait_for()
    for summary in analyst.locator("summary").all():
        summary.click()
    sound_in_both(analyst)
    analyst.get_by_role("button", name="Submit to the Secretariat").click()
    analyst.get_by_text("The package is with the Secretariat now.").wait_for()

    secretary = staff("Katibu", "secretariat")
    secretary.goto(f"{portal}/en/desk/services/")
    sound_in_both(secretary)
    secretary.get_by_role("link", name="Letter of a repaid loan").click()
    secretary.get_by_role("button", name="Approve the package").click()
    secretary.get_by_role("button", name="Publish the package").wait_for()
    sound_in_both(secretary)
    secretary.get_by_role("button", name="Publish the package").click()
    secretary.get_by_role("link", name="All versions of this service").click()
    secretary.get_by_role("columnheader", name="Version").wait_for()
    sound_in_both(secretary)
    assert catalogue.get_service(CODE).is_online

    account = identity.open_account(actor=ANONYMOUS, phone="+254700000002", language="en", now=timezone.now())
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=timezone.now())
    client = Client()
    client.force_login(account)
    name = django_settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": portal}])
    page.goto(f"{portal}/en/services/{CODE}/")
    page.get_by_role("link", name="Apply now").click()
    page.get_by_role("button", name="Begin").click()
    page.get_by_label("University or college").fill("Chuo cha Mfano")
    page.get_by_label("Year in which you finished").fill("2019")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_label("I have repaid the loan in full.").check()
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_role("button", name="Send the application").click()
    page.get_by_text("Your application is sent").wait_for()
