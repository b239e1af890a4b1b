"""Two bills are paid at once, a third is waived by two officers, and a payment goes back on the word of two accountants."""

import time

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from huduma.contexts.identity import public as identity
from huduma.contexts.payments import public as payments
from huduma.contexts.payments.models import Payment, Refund
from huduma.foundation import ids
from huduma.foundation.access import SYSTEM

pytestmark = pytest.mark.browser
FEES = (("Birth certificate", "Cheti cha kuzaliwa", "CRS", 20000), ("Land search", "Upekuzi wa ardhi", "MOL", 50000),
        ("Death certificate", "Cheti cha kifo", "CRS", 20000))  # fmt: skip


@pytest.fixture
def hooked(portal, settings):
    """The portal, to whose own address the gateway calls back."""
    settings.HOOKS_BASE_URL = settings.PUBLIC_URL = portal
    cache.clear()
    return portal


@pytest.fixture
def bills(hooked, page):
    """Three bills of a citizen who is signed in."""
    now = timezone.now()
    account = identity.open_account(actor=SYSTEM, phone="+254700000002", language="en", now=now)
    facts = identity.IdentityFacts(
        id_number="90000002", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    actor = identity.actor_for(account, channel="portal", purpose="self-service")
    identity.record_identity_proof(actor=actor, facts=facts, by="iprs", now=now)
    account.refresh_from_db()
    client = Client()
    client.force_login(account)
    name = django_settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": hooked}])
    return [
        payments.raise_bill(
            actor=SYSTEM, payable_id=ids.uuid7(), purpose="fee", payer_person_id=account.person_id,
            description={"en": english, "sw": swahili}, due_days=14, now=now,
            lines=[
                {"code": "fee", "description": {"en": english, "sw": swahili}, "amount_cents": cents, "body_code": body,
                 "legal_notice": "Legal Notice 1 of 2026 (example)"}
            ],
            terms={
                "instalments": {"at_most": 3, "every_days": 30, "legal_basis": "Legal Notice 1 of 2026 (example)"},
                "penalty": {"after_days": 30, "percent": 5, "legal_basis": "Legal Notice 1 of 2026 (example)"},
            },
        )
        for english, swahili, body, cents in FEES
    ]  # fmt: skip


@pytest.fixture
def staff(browser, hooked, enter_desk_in_browser):
    """Signs a member of staff in at a desk of their own; returns the page."""
    opened = []

    def enter(name, role, body):
        now = timezone.now()
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{name.lower()}@example.org", password="correct-horse-battery", first_name=name,
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role=role, body_code=body, now=now)
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        opened.append(context)
        enter_desk_in_browser(context, hooked, account)
        return context.new_page()

    yield enter
    for context in opened:
        context.close()


def test_bills_from_the_basket_to_the_refund(
    hooked, page, bills, staff, sandbox, drain_jobs, sound, sound_in_both, shoot
):
    pay_two_at_once(hooked, page, bills, sandbox, drain_jobs, sound_in_both, shoot)
    waive_the_third(hooked, page, bills[2], staff, sound, sound_in_both, shoot)
    give_back(hooked, page, staff, drain_jobs, sound_in_both, shoot)


def pay_two_at_once(hooked, page, bills, sandbox, drain_jobs, sound_in_both, shoot):
    page.goto(f"{hooked}/en/bills/")
    page.get_by_label("Death certificate").uncheck()
    sound_in_both(page)
    page.get_by_label("Death certificate").uncheck()
    shoot(page, "bills")
    page.get_by_role("button", name="Go on to pay").click()
    page.get_by_text("KSh 700.00").first.wait_for()
    sound_in_both(page)
    shoot(page, "basket")
    page.get_by_label("Phone number that pays").fill("0700 000 002")
    page.get_by_role("button", name="Pay now").click()
    page.get_by_role("heading", name="Look at your phone").wait_for()
    drain_jobs()
    checkout = Payment.objects.get().checkout_id
    answer = {"checkout_request_id": checkout, "action": "pay", "pin": "1234"}
    sandbox.post("/phone/api/answer", json=answer).raise_for_status()
    deadline = time.monotonic() + 60
    while Payment.objects.get().state != "succeeded":
        assert time.monotonic() < deadline, Payment.objects.get().state
        drain_jobs()
        page.wait_for_timeout(50)
    page.get_by_text("Each of these bills is paid").wait_for()  # the page renewed itself
    sound_in_both(page)
    page.get_by_role("link", name="Receipt").click()
    page.get_by_role("heading", name="Receipt").wait_for()
    sound_in_both(page)
    assert {one.account: one.cents for one in payments.balances("body")} == {"body:CRS": -20000, "body:MOL": -50000}


def waive_the_third(hooked, page, bill, staff, sound, sound_in_both, shoot):
    page.goto(f"{hooked}/en/bills/{bill.id}/")
    page.get_by_role("heading", name="Pay in instalments").wait_for()
    sound_in_both(page)
    shoot(page, "bill")
    officer, supervisor = staff("Baraka", "officer", "CRS"), staff("Chebet", "supervisor", "CRS")
    officer.goto(f"{hooked}/en/desk/bills/")
    officer.get_by_label("Reference of the bill").fill(bill.reference.lower())
    officer.get_by_role("button", name="Show the bill").click()
    officer.get_by_label("Reason", exact=True).fill("Her child died in the flood.")
    officer.get_by_role("button", name="Ask for the waiver").click()
    officer.get_by_role("link", name="Name the law or notice").wait_for()
    expect(officer.get_by_label("Reason", exact=True)).to_have_value("Her child died in the flood.")
    sound(officer)
    officer.get_by_label("Law or notice that allows it").fill("Legal Notice 2 of 2026 (example)")
    officer.get_by_role("button", name="Ask for the waiver").click()
    officer.get_by_role("button", name="Take the request back").wait_for()
    sound_in_both(officer)
    shoot(officer, "waiver")
    supervisor.goto(f"{hooked}/en/desk/bills/")
    sound_in_both(supervisor)
    supervisor.get_by_role("link", name="Death certificate").click()
    supervisor.get_by_role("button", name="Agree").click()
    supervisor.get_by_text("Your decision is recorded.").wait_for()
    supervisor.goto(f"{hooked}/en/desk/bills/")
    supervisor.get_by_text("Her child died in the flood.").wait_for()
    sound_in_both(supervisor)
    page.goto(f"{hooked}/en/bills/{bill.id}/")
    page.get_by_role("heading", name="Nothing is left to pay").wait_for()
    sound_in_both(page)


def give_back(hooked, page, staff, drain_jobs, sound_in_both, shoot):
    payment = Payment.objects.get()
    one, other = staff("Dalmas", "accountant", None), staff("Esther", "accountant", None)
    one.goto(f"{hooked}/en/desk/payments/{payment.id}/")
    one.get_by_text("Propose to give money back").click()
    one.get_by_label("Amount").fill("500")
    one.get_by_label("Reason").fill("The land office could not search: its register was closed.")
    one.get_by_role("button", name="Propose").click()
    one.get_by_text("Your proposal waits for a second person.").wait_for()
    sound_in_both(one)
    other.goto(f"{hooked}/en/desk/refunds/")
    sound_in_both(other)
    shoot(other, "refunds")
    other.get_by_role("button", name="Give it back").click()
    other.get_by_text("Your decision is recorded.").wait_for()
    deadline = time.monotonic() + 60
    while Refund.objects.get().state != "succeeded":
        assert time.monotonic() < deadline, Refund.objects.get().state
        drain_jobs()
        page.wait_for_timeout(50)
    assert payments.balance_cents("gateway:mpesa") == 20000
    other.goto(f"{hooked}/en/desk/rates/")
    sound_in_both(other)
