"""An officer takes a case, is asked for a reason, sends it back; by keyboard, in both languages."""

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from huduma.contexts.identity import public as identity
from huduma.contexts.process import public as process
from huduma.contexts.process.providers import plugs
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM
from huduma.foundation.sockets import Registry

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(portal, page, monkeypatch, enter_desk_in_browser):
    """The address of the desk, where an officer of CRS is signed in and one paid case waits."""
    registry = Registry("action of a service task")
    for name in ("raise-bill", "issue-credential"):
        registry.register(name, plugs.Service(lambda **_: None, None, {}, {}))
    monkeypatch.setattr(plugs, "actions", registry)
    now, case_id = timezone.now(), ids.uuid7()
    account = identity.open_staff_account(
        actor=SYSTEM, email="neema@example.org", password="correct-horse-battery", first_name="Neema",
        surname="Mfano", now=now,
    )  # fmt: skip
    identity.grant_role(actor=SYSTEM, account_id=account.id, role="supervisor", body_code="CRS", now=now)
    enter_desk_in_browser(page.context, portal, account)
    text = (django_settings.SERVICES_DIR / "birth-cert-current" / "process.bpmn").read_text()
    digest = process.define(actor=SYSTEM, bpmn=text, now=now)
    process.start(
        actor=SYSTEM, case_id=case_id, digest=digest, body_code="CRS", service_code="birth-cert-current", facts={},
        due_at=now, now=now,
    )  # fmt: skip
    process.deliver_message(actor=SYSTEM, case_id=case_id, name="bill-settled", now=now)
    return f"{portal}/en/desk/"


def test_an_officer_sends_a_case_back_by_keyboard(desk, page, sound, shoot):
    page.goto(desk)
    sound(page)
    shoot(page, "desk")
    page.get_by_role("link", name="Birth certificate").press("Enter")
    page.get_by_role("button", name="Take this case").wait_for()
    sound(page)
    page.get_by_role("button", name="Take this case").press("Enter")
    page.get_by_label("Send back for correction").press("Space")
    page.get_by_role("button", name="Record the decision").press("Enter")
    page.get_by_role("link", name="Write the reason").wait_for()
    sound(page)
    page.get_by_role("link", name="Write the reason").press("Enter")
    page.keyboard.type("The name of the father differs from the slip.")
    page.get_by_role("button", name="Record the decision").press("Enter")
    page.get_by_text("Your decision is recorded.").wait_for()
    sound(page)
    page.goto(desk.replace("/en/", "/sw/"))
    page.get_by_text("Hakuna kinachosubiri hapa.").wait_for()
    sound(page)
